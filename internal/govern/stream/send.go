package stream

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
)

// outcome is how one call went.
type outcome struct {
	upTo   audit.Place // of the last event that was sent
	events int
	err    error
	final  bool // the receiver wants no more
	off    bool // cut short, because the server stops
}

// attempt sends the next batch of a stream once.
func (s *Service) attempt(ctx context.Context, v Stream, settled audit.Place) (o outcome) {
	o.upTo = v.place
	defer func() {
		if p := recover(); p != nil { // what breaks the sender must not take the server along
			o.err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
		if o.events > 0 {
			s.metrics.called(o.events, o.err)
		}
	}()
	found, err := s.Audit.Between(ctx, v.place, settled, MaxBatch)
	if err != nil || len(found) == 0 {
		return outcome{upTo: v.place, err: err}
	}
	request, n, err := s.message(ctx, v, found, s.Clock.Now())
	if err != nil {
		return outcome{err: err}
	}
	o.upTo, o.events = found[n-1].Place, n
	reply, err := s.Sender.Send(ctx, request)
	switch {
	case reply.Status >= 200 && reply.Status <= 299: // whatever became of the body, which is not wanted
	case reply.Status == http.StatusGone:
		o.err, o.final = fault.New(fault.Precondition, "the receiver wants no more messages (410)"), true
	case err != nil:
		o.err = err
	default:
		o.err = fault.New(fault.Unavailable, "the receiver answered with status %d", reply.Status)
	}
	return o
}

// message is what is sent of the events, and how many of them are in it: as many as have room, and one at least.
func (s *Service) message(ctx context.Context, v Stream, found []audit.Placed, now time.Time) (webhook.Request, int, error) {
	events := make([]audit.Event, len(found))
	for i, p := range found {
		events[i] = p.Event
	}
	told, err := s.words.StreamEvents(ctx, events)
	if err != nil {
		return webhook.Request{}, 0, err
	}
	const around = len(`{"events":[]}`)
	n, size := 0, around
	for _, t := range told {
		if size += len(t) + 1; n > 0 && size > webhook.MaxBody {
			break
		}
		n++
	}
	body, err := json.Marshal(struct {
		Events []json.RawMessage `json:"events"`
	}{told[:n]})
	if err != nil {
		return webhook.Request{}, 0, err
	}
	body = bytes.TrimSpace(body)
	h := http.Header{"Content-Type": {"application/json"}, "User-Agent": {"Interim"}}
	address, err := v.Credentials.sign(v.URL, h, body, s.words.StreamSignature(), now)
	return webhook.Request{URL: address, Header: h, Body: body}, n, err
}

// record writes down what came of a call, unless the stream is somebody else's by now.
func (s *Service) record(ctx context.Context, v Stream, o outcome) error {
	if o.err != nil && !o.off {
		s.Log.WarnContext(ctx, "events were not delivered", slog.String("stream", string(v.ID)), slog.Int("failures", v.Failures+1),
			slog.Any("error", o.err))
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		now := s.Clock.Now()
		due.Wake(tx, now)
		switch {
		case o.off || o.err == nil && o.events == 0:
			return giveBack(tx, v, now)
		case o.err == nil:
			v.place = o.upTo
			return sent(tx, v, now)
		}
		v.Failures++
		v.LastError = webhook.Explain(o.err)
		if !o.final && v.Failures < MaxFailures {
			again := now.Add(backoff(v.Failures))
			due.Wake(tx, again)
			return retry(tx, v, again)
		}
		n, err := switchOff(tx, v, now)
		if err != nil || n == 0 {
			return err
		}
		e := event(v, "event_stream.gave_up", audit.Other, "switched event stream "+v.Name+" off: "+v.LastError)
		e.Failed, e.Data = true, map[string]any{"failures": v.Failures}
		return s.Audit.Record(tx, audit.System(), e)
	})
}
