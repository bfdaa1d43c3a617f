package due

import (
	"context"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

// The race this guards against: the source has looked, the row is written and
// told of, and only then does the loop go to sleep on what it saw.
func TestNoWakeUpIsLostHoweverItFallsBetweenLookingAndSleeping(t *testing.T) {
	d := dbtest.SQLite(t)
	rapid.Check(t, func(rt *rapid.T) {
		fake := clock.NewFake(start)
		r := newRows("grant-end")
		s := run(t, d, fake, r)
		defer s.stop()
		s.asleep()
		pending := map[time.Time]int{}
		write := func(at time.Time) {
			r.set(func() { r.due = append(r.due, at) })
			pending[at]++
			s.hear(micros(at))
		}
		for range rapid.IntRange(1, 15).Draw(rt, "steps") {
			at := fake.Now().Add(time.Duration(rapid.IntRange(1, 30).Draw(rt, "after")) * time.Second)
			if rapid.Bool().Draw(rt, "inside Next") {
				looked := make(chan struct{})
				r.set(func() { r.stale = func() { write(at); close(looked) } })
				s.hear(micros(fake.Now())) // look now, and see nothing of it
				<-looked
			} else {
				write(at)
			}
			if rapid.Bool().Draw(rt, "wait") {
				continue
			}
			first := earliest(pending)
			fake.AwaitWaiter(first)
			fake.Set(first)
			for left := pending[first]; left > 0; {
				left -= <-r.ran
			}
			delete(pending, first)
		}
		for len(pending) > 0 {
			first := earliest(pending)
			fake.AwaitWaiter(first)
			fake.Set(first)
			for left := pending[first]; left > 0; {
				left -= <-r.ran
			}
			delete(pending, first)
		}
	})
}

func micros(at time.Time) string { return strconv.FormatInt(clock.Micros(at), 10) }

func earliest(pending map[time.Time]int) time.Time {
	var first time.Time
	for at := range pending {
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first
}

// Writers race the loop for real: whatever they commit is handled without the
// clock moving.
func TestRacingWritersAreAllHandled(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		table(t, d)
		const writers, each = 4, 50
		s := stored{db: d, ran: make(chan int, 1000)}
		run(t, d, clock.NewFake(start), s)
		for w := range writers {
			go func() {
				for i := range each {
					put(t, d, w*each+i, start.Add(-time.Duration(i)*time.Second))
				}
			}()
		}
		for left := writers * each; left > 0; {
			left -= <-s.ran
		}
	})
}

func TestAWriteInOneReplicaWakesTheOther(t *testing.T) {
	url := dbtest.URL(t)
	here, there := replica(t, url), replica(t, url)
	table(t, here)
	s := stored{db: there, ran: make(chan int, 10)}
	fake := clock.NewFake(start)
	run(t, there, fake, s)
	fake.AwaitWaiter(start.Add(longest))
	at := start.Add(30 * time.Second)
	put(t, here, 1, at)
	fake.AwaitWaiter(at)
	fake.Set(at)
	if n := <-s.ran; n != 1 {
		t.Errorf("handled %d", n)
	}
}

func TestReplicasShareTheWorkAndHandleEachRowOnce(t *testing.T) {
	url := dbtest.URL(t)
	here, there := replica(t, url), replica(t, url)
	table(t, here)
	const total = 60
	ran := make(chan int, 1000)
	fake := clock.NewFake(start)
	for _, d := range []*db.DB{here, there} {
		run(t, d, fake, stored{db: d, ran: ran})
	}
	for i := range total {
		put(t, here, i, start)
	}
	for left := total; left > 0; {
		if left -= <-ran; left < 0 {
			t.Fatal("a row was handled twice")
		}
	}
}

func replica(t *testing.T, url string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), db.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func table(t *testing.T, d *db.DB) {
	t.Helper()
	if err := d.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec("create table alarm_clock (id bigint primary key, due_at bigint not null)")
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, d *db.DB, id int, at time.Time) {
	t.Helper()
	if err := d.Write(t.Context(), func(tx *db.Tx) error {
		Wake(tx, at)
		_, err := tx.Exec("insert into alarm_clock (id, due_at) values ($1, $2)", id, clock.Micros(at))
		return err
	}); err != nil {
		t.Error(err)
	}
}

// stored is a source over rows in the database, written as real ones are.
type stored struct {
	db  *db.DB
	ran chan int
}

func (stored) Name() string { return "alarm-clock" }

func (s stored) Next(ctx context.Context) (time.Time, bool, error) {
	var at *int64
	if err := s.db.Q(ctx).Row("select min(due_at) from alarm_clock").Scan(&at); err != nil || at == nil {
		return time.Time{}, false, err
	}
	return clock.FromMicros(*at), true, nil
}

func (s stored) Run(ctx context.Context, now time.Time) (int, error) {
	var n int64
	err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
		n, err = tx.Exec(`delete from alarm_clock where id in
			(select id from alarm_clock where due_at <= $1 order by due_at, id limit 7`+tx.Skip()+`)`, clock.Micros(now))
		return err
	})
	if err == nil && n > 0 {
		s.ran <- int(n)
	}
	return int(n), err
}
