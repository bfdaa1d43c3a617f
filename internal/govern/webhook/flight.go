package webhook

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// How much is under way at once in one process.
const (
	maxCalls   = 32 // calls
	maxPerHook = 4  // of them to one webhook: one that hangs leaves the others theirs
)

// flights are the calls this process has under way.
type flights struct {
	base   context.Context //nolint:containedctx // calls end with the process, not with the turn of the due loop that began them
	stop   context.CancelFunc
	all    sync.WaitGroup
	mu     sync.Mutex
	total  int
	of     map[ID]int
	closed bool
}

func newFlights() flights {
	base, stop := context.WithCancel(context.Background())
	return flights{base: base, stop: stop, of: map[ID]int{}}
}

// room is how many calls may be begun, and the webhooks that may be sent none.
func (f *flights) room() (n int, full []ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for w, n := range f.of {
		if n >= maxPerHook {
			full = append(full, w)
		}
	}
	if f.closed {
		return 0, full
	}
	return maxCalls - f.total, full
}

// admit leaves out the deliveries for which there is no room at their webhook.
func (f *flights) admit(list []Delivery) []Delivery {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := map[ID]int{}
	admitted := list[:0]
	for _, d := range list {
		if f.of[d.Webhook]+n[d.Webhook] < maxPerHook {
			n[d.Webhook]++
			admitted = append(admitted, d)
		}
	}
	return admitted
}

// begin counts a call; false when the process stops.
func (f *flights) begin(w ID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return false
	}
	f.total++
	f.of[w]++
	f.all.Add(1)
	return true
}

// end returns whether something may have had to wait for this call to end.
func (f *flights) end(w ID) (held bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	held = f.total == maxCalls || f.of[w] == maxPerHook
	f.total--
	if f.of[w]--; f.of[w] == 0 {
		delete(f.of, w)
	}
	return held && !f.closed
}

func (f *flights) close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	f.stop()
	f.all.Wait()
}

// Sources are what the due loop calls: one sends, one looks after what waits and what is over.
func (s *Service) Sources() []due.Source { return []due.Source{sending{s}, keeping{s}} }

// sending sends what is due.
type sending struct{ *Service }

// Name implements due.Source.
func (sending) Name() string { return "webhook" }

// Next implements due.Source. Without room nothing is due: the end of a call wakes the loop.
func (s sending) Next(ctx context.Context) (time.Time, bool, error) {
	room, full := s.flights.room()
	if room == 0 {
		return time.Time{}, false, nil
	}
	w := open(full)
	sql, args := w.SQL()
	var at int64
	err := s.DB.Q(ctx).Row(`select due_at from webhook_delivery`+sql+` order by due_at, id limit 1`, args...).Scan(&at)
	if errors.Is(err, db.ErrNoRows) {
		return time.Time{}, false, nil
	}
	return clock.FromMicros(at), err == nil, err
}

// Run implements due.Source: it claims what there is room for and lets each call go its own way.
func (s sending) Run(ctx context.Context, now time.Time) (int, error) {
	room, full := s.flights.room()
	if room == 0 {
		return 0, nil
	}
	list, err := dueDeliveries(s.DB.Q(ctx), full, now, room)
	if err != nil {
		return 0, err
	}
	list = s.flights.admit(list)
	if len(list) == 0 {
		return 0, nil
	}
	var claimed []Delivery
	lease := id.New(now)
	if err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		claimed, err = claim(tx, list, lease, now)
		return err
	}); err != nil || len(claimed) == 0 {
		return 0, err
	}
	of := make([]ID, len(claimed))
	for i, d := range claimed {
		of[i] = d.Webhook
	}
	hooks, err := many(s.DB.Q(ctx), of)
	if err != nil {
		return 0, err // their leases run out
	}
	for _, d := range claimed {
		if s.flights.begin(d.Webhook) {
			go s.fly(d, hooks[d.Webhook])
		}
	}
	return len(claimed), nil
}

// fly makes one call and writes down what came of it.
func (s *Service) fly(d Delivery, w Webhook) {
	defer s.flights.all.Done()
	ctx := s.flights.base
	o := s.prepared(ctx, &d)
	if o.err == nil {
		call, cancel := context.WithTimeout(ctx, CallLimit)
		o = s.attempt(call, d, w)
		cancel()
	}
	o.off = o.err != nil && ctx.Err() != nil
	if err := s.record(ctx, d, w, o); err != nil {
		s.Log.ErrorContext(ctx, "what came of a webhook could not be recorded", slog.String("delivery", string(d.ID)), slog.Any("error", err))
	}
	if s.flights.end(d.Webhook) {
		err := s.DB.Write(context.WithoutCancel(ctx), func(tx *db.Tx) error { due.Wake(tx, s.Clock.Now()); return nil })
		if err != nil { // the loop looks again within a minute
			s.Log.WarnContext(ctx, "the webhooks that wait could not be told that it is their turn", slog.Any("error", err))
		}
	}
}

// prepared asks for the payload of a message that came without one, and keeps it: every try sends the same.
func (s *Service) prepared(ctx context.Context, d *Delivery) outcome {
	if d.payload != "" || s.words == nil || d.Event == EventTest {
		return outcome{}
	}
	payload, err := s.words.WebhookPayload(ctx, *d)
	if err != nil {
		return outcome{err: err, final: fault.Is(err, fault.Invalid) || fault.Is(err, fault.NotFound)}
	}
	d.payload = string(payload)
	err = s.DB.Write(ctx, func(tx *db.Tx) error { return keepPayload(tx, *d) })
	return outcome{err: err}
}
