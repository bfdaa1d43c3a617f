package due

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

var start = time.Date(2030, 5, 1, 12, 0, 0, 0, time.UTC)

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }

// rows is a source over rows in memory.
type rows struct {
	name string

	mu     sync.Mutex
	due    []time.Time
	calls  int
	batch  int           // 0: 500
	fail   error         // what Next and Run fail with
	crash  bool          // whether Run panics
	locked bool          // whether the rows are claimed by somebody else
	stale  func()        // called inside Next after it has looked
	ran    chan int      // gets the number of rows each Run handled
	hold   chan struct{} // Run waits for it
}

func newRows(name string, due ...time.Time) *rows {
	return &rows{name: name, due: due, ran: make(chan int, 1000)}
}

func (r *rows) Name() string { return r.name }

func (r *rows) Next(context.Context) (time.Time, bool, error) {
	var stale func()
	defer func() {
		if stale != nil {
			stale()
		}
	}()
	r.mu.Lock()
	defer r.mu.Unlock()
	stale, r.stale = r.stale, nil
	if r.fail != nil || len(r.due) == 0 {
		return time.Time{}, false, r.fail
	}
	return slices.MinFunc(r.due, time.Time.Compare), true, nil
}

func (r *rows) Run(ctx context.Context, now time.Time) (int, error) {
	if r.hold != nil {
		<-r.hold
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	if r.crash {
		panic("a source with a mistake")
	}
	if r.fail != nil || r.locked {
		r.ran <- 0
		return 0, r.fail
	}
	n, batch := 0, r.batch
	if batch == 0 {
		batch = 500
	}
	r.due = slices.DeleteFunc(r.due, func(at time.Time) bool {
		if at.After(now) || n == batch {
			return false
		}
		n++
		return true
	})
	r.ran <- n
	return n, ctx.Err()
}

func (r *rows) set(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

// stage is a running loop on a fake clock.
type stage struct {
	*Loop
	clock *clock.Fake
	stop  func()
}

// run starts a loop, without jitter, and stops it at the end of the test.
func run(t *testing.T, d *db.DB, c *clock.Fake, sources ...Source) *stage {
	t.Helper()
	return runLogged(t, io.Discard, d, c, sources...)
}

func runLogged(t *testing.T, log io.Writer, d *db.DB, c *clock.Fake, sources ...Source) *stage {
	t.Helper()
	s := &stage{clock: c}
	s.Loop = New(Options{Clock: c, Log: slog.New(slog.NewJSONHandler(log, nil)), DB: d, Sources: sources})
	for _, w := range s.workers {
		w.jitter = func() float64 { return 0 }
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the loop ended with %v", err)
		}
	})
	t.Cleanup(s.stop)
	return s
}

// asleep waits until the loop sleeps with nothing due, for the longest time.
func (s *stage) asleep() { s.clock.AwaitWaiter(s.clock.Now().Add(longest)) }

func TestWhatIsDueRunsAtItsTimeAndNotBefore(t *testing.T) {
	at := start.Add(20 * time.Second)
	r := newRows("grant-end", at)
	s := run(t, dbtest.SQLite(t), clock.NewFake(start), r)
	s.clock.AwaitWaiter(at)
	s.clock.Set(at.Add(-time.Microsecond))
	if len(r.ran) != 0 {
		t.Fatal("it ran before its time")
	}
	s.clock.Set(at)
	if n := <-r.ran; n != 1 {
		t.Errorf("handled %d", n)
	}
	s.asleep()
	if len(r.ran) != 0 || r.calls != 1 {
		t.Errorf("called %d times", r.calls)
	}
}

func TestWhatWasDueBeforeTheStartRunsAtOnce(t *testing.T) {
	r := newRows("grant-end", start.Add(-time.Hour), start)
	run(t, dbtest.SQLite(t), clock.NewFake(start), r)
	if n := <-r.ran; n != 2 {
		t.Errorf("handled %d", n)
	}
}

func TestFullBatchesFollowEachOtherAtOnce(t *testing.T) {
	r := newRows("grant-end", slices.Repeat([]time.Time{start}, 25)...)
	r.batch = 10
	s := run(t, dbtest.SQLite(t), clock.NewFake(start), r)
	got := []int{<-r.ran, <-r.ran, <-r.ran}
	if want := []int{10, 10, 5}; !slices.Equal(got, want) {
		t.Errorf("batches of %v, want %v", got, want)
	}
	s.asleep()
}

func TestTheLoopIsWokenWhenSomethingEarlierIsWritten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRows("grant-end", start.Add(50*time.Second))
		s := run(t, d, clock.NewFake(start), r)
		s.clock.AwaitWaiter(start.Add(50 * time.Second))
		for _, sec := range []int{40, 30, 45, 20} {
			at := start.Add(seconds(sec))
			if err := d.Write(t.Context(), func(tx *db.Tx) error {
				r.set(func() { r.due = append(r.due, at) })
				Wake(tx, at)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		for _, sec := range []int{20, 30, 40, 45, 50} {
			at := start.Add(seconds(sec))
			s.clock.AwaitWaiter(at)
			s.clock.Set(at)
			if n := <-r.ran; n != 1 {
				t.Errorf("at %v: handled %d", sec, n)
			}
		}
	})
}

func TestAWriteThatIsRolledBackWakesNobody(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		heard := 0
		defer d.Subscribe(topic, func(string) { heard++ })()
		undone := errors.New("undone")
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			Wake(tx, start)
			return undone
		})
		if !errors.Is(err, undone) || heard != 0 {
			t.Errorf("heard %d, %v", heard, err)
		}
	})
}

func TestANoticeThatSomethingWasMissedMakesEverySourceLook(t *testing.T) {
	a, b := newRows("a"), newRows("b")
	s := run(t, dbtest.SQLite(t), clock.NewFake(start), a, b)
	for i, payload := range []string{"", "strange"} {
		for _, r := range []*rows{a, b} {
			r.set(func() { r.due = append(r.due, start) })
		}
		s.hear(payload)
		if n, m := <-a.ran, <-b.ran; n != 1 || m != 1 {
			t.Errorf("%d: handled %d and %d", i, n, m)
		}
	}
}

func TestWhatNobodyToldOfIsFoundWithinAMinute(t *testing.T) {
	r := newRows("grant-end", start.Add(time.Hour))
	s := run(t, dbtest.SQLite(t), clock.NewFake(start), r)
	s.asleep()
	r.set(func() { r.due = append(r.due, start) })
	s.clock.Advance(longest)
	if n := <-r.ran; n != 1 {
		t.Errorf("handled %d", n)
	}
}

func TestTheEndWaitsForTheCallUnderWay(t *testing.T) {
	r := newRows("grant-end", start)
	r.hold = make(chan struct{})
	s := New(Options{Clock: clock.NewFake(start), Log: slog.New(slog.DiscardHandler), DB: dbtest.SQLite(t), Sources: []Source{r}})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	r.hold <- struct{}{} // it is in Run, whose lock is free
	cancel()
	if err := <-ended; err != nil || len(r.ran) != 1 {
		t.Errorf("%d calls done at the end, %v", len(r.ran), err)
	}
}

func TestTwoSourcesMustNotShareAName(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("their metrics could not be told apart")
		}
	}()
	New(Options{Sources: []Source{newRows("a"), newRows("a")}})
}
