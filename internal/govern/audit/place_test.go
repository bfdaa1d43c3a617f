package audit

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

// follower reads the log from its beginning, as far as it is settled.
type follower struct {
	log  *Log
	at   Place
	read []string
}

func (f *follower) follow(t *testing.T) Place {
	t.Helper()
	until, err := f.log.Settled(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for {
		found, err := f.log.Between(t.Context(), f.at, until, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) == 0 {
			return until
		}
		for _, e := range found {
			if e.Place <= f.at || e.Place > until {
				t.Fatalf("an event at %d after %d, settled %d", e.Place, f.at, until)
			}
			f.at, f.read = e.Place, append(f.read, e.Message)
		}
	}
}

// all follows the log to the last event there is to be seen.
func (f *follower) all(t *testing.T) []string {
	t.Helper()
	last, err := End(f.log.db.Q(t.Context()), f.log.db.Engine())
	if err != nil {
		t.Fatal(err)
	}
	for f.follow(t) < last { // somebody else on the same server may write
		runtime.Gosched()
	}
	return f.read
}

// act is a transaction that records when it is told to.
type act struct {
	say  chan string
	said chan struct{}
	done chan error
}

func begin(t *testing.T, d *db.DB, log *Log) *act {
	t.Helper()
	a := &act{make(chan string), make(chan struct{}), make(chan error, 1)}
	go func() {
		a.done <- d.Write(context.WithoutCancel(t.Context()), func(tx *db.Tx) error {
			for message := range a.say {
				if err := log.Record(tx, System(), Event{Kind: "test", Message: message}); err != nil {
					return err
				}
				var n int // what was queued is sent before a question
				if err := tx.Row(`select 1`).Scan(&n); err != nil {
					return err
				}
				a.said <- struct{}{}
			}
			return nil
		})
	}()
	return a
}

func (a *act) says(message string) {
	a.say <- message
	<-a.said
}

func (a *act) ends(t *testing.T) {
	t.Helper()
	close(a.say)
	if err := <-a.done; err != nil {
		t.Error(err)
	}
}

// SQLite has one writer that lets nobody pass.
func TestWhatIsCommittedLateIsNotPassedOver(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, log *Log, _ *clock.Fake) {
		if d.Engine() == db.SQLite {
			return
		}
		for name, play := range map[string]func(first, second *act) (late *act){
			"the first to begin is the last to end": func(first, second *act) *act {
				first.says("1")
				second.says("2")
				second.ends(t)
				return first
			},
			"the last to begin recorded in between": func(first, second *act) *act {
				first.says("1")
				second.says("2")
				first.says("3")
				first.ends(t)
				return second
			},
		} {
			log := New(d, log.clock)
			f := &follower{log: log}
			f.all(t)
			f.read = nil
			late := play(begin(t, d, log), begin(t, d, log))
			for range 5 {
				f.follow(t)
			}
			if len(f.read) != 0 {
				t.Errorf("%s: passed over what is under way: read %v", name, f.read)
			}
			other := begin(t, d, log) // begun meanwhile: must not hold back what was before it
			other.says("9")
			late.ends(t)
			f.follow(t)
			f.follow(t)
			if len(f.read) < 2 || !slices.IsSorted(f.read) || slices.Contains(f.read, "9") {
				t.Errorf("%s: read %v", name, f.read)
			}
			other.ends(t)
			if f.all(t); f.read[len(f.read)-1] != "9" {
				t.Errorf("%s: read %v", name, f.read)
			}
		}
	})
}

func TestWhatNeverCommitsHoldsNothingBack(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, log *Log, _ *clock.Fake) {
		for n := range 3 {
			_ = d.Write(t.Context(), func(tx *db.Tx) error {
				if err := log.Record(tx, System(), Event{Kind: "test", Message: "undone"}); err != nil {
					return err
				}
				_, err := tx.Exec(`select nothing from nowhere`)
				return err
			})
			record(t, d, log, Event{Kind: "test", Message: fmt.Sprint(n)})
		}
		f := &follower{log: log}
		if read := f.all(t); !slices.Equal(read, []string{"0", "1", "2"}) {
			t.Errorf("read %v", read)
		}
	})
}

// Many write at once, some of them long, on several logs as several replicas would; whoever follows sees every event once.
func TestWhoeverFollowsTheLogSeesEveryEventOnce(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, log *Log, c *clock.Fake) {
		const writers, each = 8, 40
		var all sync.WaitGroup
		stop := make(chan struct{})
		for w := range writers {
			all.Go(func() {
				own := New(d, c)
				for n := range each {
					err := d.Write(context.WithoutCancel(t.Context()), func(tx *db.Tx) error {
						for half := range 2 {
							if err := own.Record(tx, System(), Event{Kind: "test", Message: fmt.Sprint(w, n, half)}); err != nil {
								return err
							}
							if w%2 == 0 { // what was queued is sent, and others may pass
								var one int
								if err := tx.Row(`select count(*) from event_stream`).Scan(&one); err != nil {
									return err
								}
							}
						}
						return nil
					})
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		go func() { all.Wait(); close(stop) }()
		followers := []*follower{{log: log}, {log: New(d, c)}}
		for ended := false; !ended; {
			select {
			case <-stop:
				ended = true
			default:
			}
			for _, f := range followers {
				f.follow(t)
			}
		}
		for i, f := range followers {
			f.all(t)
			seen := map[string]int{}
			for _, m := range f.read {
				seen[m]++
			}
			if len(f.read) != 2*writers*each || len(seen) != len(f.read) {
				t.Errorf("follower %d read %d events, %d of them different; want %d", i, len(f.read), len(seen), 2*writers*each)
			}
		}
	})
}

func TestTheLogIsFollowedFromAnIndex(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, _ *Log, _ *clock.Fake) {
		sql, args := betweenSQL(d.Engine(), 1, 2, 3)
		plan := dbtest.Plan(t, d, sql, args...)
		if !fromIndex(plan) {
			t.Errorf("%s\n%s", sql, plan)
		}
	})
}
