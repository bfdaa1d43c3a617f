package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// How much is sent at once: batch/mailers calls one after the other must end within the lease.
const (
	batch   = 16
	mailers = 4           // mails under way at once
	pause   = time.Minute // what is left alone after a mail server did not answer
)

// Sources are what the due loop calls: one sends, one forgets.
func (s *Service) Sources() []due.Source { return []due.Source{sending{s}, keeping{s}} }

// sending sends what is due.
type sending struct{ *Service }

// Name implements due.Source.
func (sending) Name() string { return "notify" }

// Next implements due.Source.
func (s sending) Next(ctx context.Context) (time.Time, bool, error) {
	return first(s.DB.Q(ctx), "state = 'open'")
}

func first(q db.Q, of string) (time.Time, bool, error) {
	var at int64
	err := q.Row(`select due_at from notification where ` + of + ` order by due_at, id limit 1`).Scan(&at)
	if errors.Is(err, db.ErrNoRows) {
		return time.Time{}, false, nil
	}
	return clock.FromMicros(at), err == nil, err
}

// Run implements due.Source.
func (s sending) Run(ctx context.Context, now time.Time) (int, error) {
	var claimed, list []Notification
	lease := id.New(now)
	if err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if claimed, err = claim(tx, lease, now); err == nil {
			list, err = single(tx, claimed, now)
		}
		return err
	}); err != nil || len(list) == 0 {
		return len(claimed), err
	}
	mails, err := s.sort(ctx, list, now)
	if err != nil {
		return 0, err
	}
	return len(claimed), s.mail(ctx, mails)
}

// letter is a notification with whom it is to.
type letter struct {
	Notification
	to directory.User
}

// sort drops what nobody is to be told, hands over what goes to the webhook, and returns what goes by mail.
func (s *Service) sort(ctx context.Context, list []Notification, now time.Time) (mails []letter, err error) {
	people := make([]directory.UserID, len(list))
	for i, n := range list {
		people[i] = n.User
	}
	q := s.DB.Q(ctx)
	users, err := directory.Many(q, people)
	if err != nil {
		return nil, err
	}
	byID := make(map[directory.UserID]directory.User, len(users))
	for _, u := range users {
		byID[u.ID] = u
	}
	chosen, defaults, err := choices(q, people)
	if err != nil {
		return nil, err
	}
	var dropped []Notification
	var handed []letter
	for _, n := range list {
		u, c := byID[n.User], chosen[n.User]
		switch s.way(u, n.Kind, c.Settings, defaults) {
		case Mail:
			mails = append(mails, letter{n, u})
		case Webhook:
			handed = append(handed, letter{n, u})
		case None:
			dropped = append(dropped, n)
		}
	}
	return mails, s.DB.Write(ctx, func(tx *db.Tx) error {
		drop(tx, dropped)
		for _, l := range handed {
			if err := s.handOver(tx, l, defaults.WebhookID, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// way is how u is told of a kind: None where nobody is to be told, or there is no way.
func (s *Service) way(u directory.User, kind Kind, chosen Settings, d Defaults) Channel {
	if u.Status != directory.Enabled || slices.Contains(chosen.Off, kind) {
		return None
	}
	c := chosen.Channel
	if c == "" {
		c = d.Channel
	}
	if c == Mail && (s.Mailer == nil || u.Email == "") || c == Webhook && d.WebhookID == "" {
		return None
	}
	return c
}

// handOver gives a notification to the webhook, unless it is no longer this worker's.
func (s *Service) handOver(tx *db.Tx, l letter, hook webhook.ID, now time.Time) error {
	if ours, err := held(tx, l.Notification); err != nil || !ours {
		return err
	}
	err := s.hand(tx, l.Notification, l.to, hook)
	if fault.Is(err, fault.NotFound) { // deleted since it was named
		finish(tx, l.Notification, Webhook, Failed, "the webhook that tells people was deleted", now, now.Add(KeptFailed))
		return nil
	}
	if err == nil {
		handedOver(tx, l.Notification, now.Add(KeptFailed))
	}
	return err
}

// mail sends letters, a few at once. After a try that failed for the server's sake those that are left wait.
func (s *Service) mail(ctx context.Context, letters []letter) error {
	var down atomic.Bool
	todo, errs := make(chan letter, len(letters)), make(chan error, len(letters))
	for _, l := range letters {
		todo <- l
	}
	close(todo)
	var working sync.WaitGroup
	for range min(mailers, len(letters)) {
		working.Go(func() {
			for l := range todo {
				if down.Load() || ctx.Err() != nil {
					errs <- s.record(ctx, l, errNotTried)
					continue
				}
				err := s.post(ctx, l)
				down.CompareAndSwap(false, err != nil && !IsPermanent(err))
				errs <- s.record(ctx, l, err)
			}
		})
	}
	working.Wait()
	close(errs)
	var all error
	for err := range errs {
		all = errors.Join(all, err)
	}
	return all
}

var errNotTried = errors.New("not tried")

// post sends one mail. That the mailer panics is its failure, not the server's end.
func (s *Service) post(ctx context.Context, l letter) (err error) {
	call, cancel := context.WithTimeout(ctx, CallLimit)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	if err = s.Mailer.Send(call, Compose(l.Notification, l.to, s.PublicURL)); err != nil && ctx.Err() != nil {
		return errNotTried // the server stops: nobody's fault
	}
	return err
}

// record writes down what came of a try, unless the notification is somebody else's by now.
func (s *Service) record(ctx context.Context, l letter, failed error) error {
	// What was sent is recorded also when the server stops: else it would be sent again.
	ctx = context.WithoutCancel(ctx)
	final := IsPermanent(failed) || l.Attempts >= MaxAttempts
	switch {
	case failed == nil:
		s.metrics.told(Mail, "sent")
	case errors.Is(failed, errNotTried):
	default:
		outcome := "retried"
		if final {
			outcome = "failed"
		}
		s.metrics.told(Mail, outcome)
		s.Log.WarnContext(ctx, "a mail was not sent", slog.String("notification", string(l.ID)), slog.Int("attempt", l.Attempts),
			slog.Any("error", failed))
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if ours, err := held(tx, l.Notification); err != nil || !ours {
			return err
		}
		now := s.Clock.Now()
		switch {
		case failed == nil:
			finish(tx, l.Notification, Mail, Done, "", now, now.Add(KeptDone))
		case errors.Is(failed, errNotTried):
			again := now.Add(pause)
			giveBack(tx, l.Notification, again)
			due.Wake(tx, again)
		case final:
			finish(tx, l.Notification, Mail, Failed, words(failed), now, now.Add(KeptFailed))
		default:
			again := now.Add(backoff(l.Attempts, spread()))
			retry(tx, l.Notification, words(failed), again)
			due.Wake(tx, again)
		}
		return nil
	})
}

// words is what administrators may read of an error: the message of a fault, which is public, and else only what kind of failure it
// was.
func words(err error) string {
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return line(f.Message)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "the mail server did not answer in time"
	}
	return "the mail could not be sent; the server's log says why"
}
