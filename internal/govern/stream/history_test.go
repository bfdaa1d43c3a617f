package stream_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/govern/stream"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

// Whatever fails, and whoever stops when: every event arrives, in order, and nothing comes again once its answer was heard.
func TestNoHistoryLosesAnEventOrSendsOneAgainThatWasAnswered(t *testing.T) {
	dbtest.Watched(t, func(t *testing.T, engine *db.DB) {
		w := newWorld(t, engine)
		rapid.Check(t, func(r *rapid.T) {
			s, err := w.streams.Create(w.ctx, "SIEM", address, stream.Credentials{Auth: stream.None})
			w.ok(err)
			w.replies(status(http.StatusOK))
			w.due(w.streams)
			w.taken()
			var want, got, answered []string
			fate := ""
			w.replies(func(q webhook.Request) (webhook.Reply, error) {
				events := strings.Fields(w.said([]webhook.Request{q})[0])
				for _, e := range events {
					if slices.Contains(answered, e) {
						r.Fatalf("%s comes again", e)
					}
				}
				switch fate {
				case "refused":
					return webhook.Reply{Status: http.StatusInternalServerError}, nil
				case "lost": // taken, and nobody hears of it
					got = append(got, events...)
					return webhook.Reply{}, errDown
				}
				got, answered = append(got, events...), append(answered, events...)
				return webhook.Reply{Status: http.StatusOK}, nil
			})
			for range rapid.IntRange(1, 12).Draw(r, "steps") {
				for range rapid.IntRange(0, 3).Draw(r, "events") {
					want = append(want, fmt.Sprint("e", len(want)))
					w.happens(want[len(want)-1])
				}
				fate = rapid.SampledFrom([]string{"answered", "refused", "lost"}).Draw(r, "fate")
				w.clock.Advance(time.Duration(rapid.IntRange(1, 100).Draw(r, "seconds")) * time.Second)
				if rapid.Bool().Draw(r, "another") {
					w.due(w.service())
				} else {
					w.due(w.streams)
				}
			}
			fate = "answered"
			w.clock.Advance(time.Hour)
			w.due(w.streams)
			w.ok(w.streams.Delete(w.ctx, s.ID))
			var first []string
			for _, e := range got {
				if !slices.Contains(first, e) {
					first = append(first, e)
				}
			}
			if !slices.Equal(first, want) {
				r.Fatalf("arrived %v\nwant %v", first, want)
			}
		})
	})
}
