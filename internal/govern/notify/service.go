package notify

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// Mailer sends mails. Package connect/mail has the one that does.
//
// It returns nil once a mail server has taken the mail. An error that is a *fault.Fault shows its message to administrators; of any
// other only the log sees the text. One made by [Permanent] is not tried again.
type Mailer interface {
	Send(ctx context.Context, m Message) error
}

// Deps is what the service stands on. Mailer and Registerer may be nil.
type Deps struct {
	DB         *db.DB
	Clock      clock.Clock
	Log        *slog.Logger
	Audit      *audit.Log
	Webhooks   *webhook.Service
	Mailer     Mailer // nil: nobody is told by mail
	PublicURL  string // https://host[:port], without a slash at the end
	Registerer prometheus.Registerer
}

// Service takes notices and sends them.
type Service struct {
	Deps

	reachable atomic.Bool // there is a way to tell anybody
	metrics   metrics
	unhear    func()
}

// New returns the service, which listens to the webhooks and to changes that other replicas make. [Service.Close] ends the listening.
func New(ctx context.Context, d Deps) (*Service, error) {
	if d.Log == nil {
		d.Log = slog.Default()
	}
	s := &Service{Deps: d, metrics: newMetrics(d.Registerer)}
	d.Webhooks.Tell(s)
	s.unhear = d.DB.Subscribe(topic, func(hook string) { // where a notice was missed, queuing for nobody does no harm
		s.reachable.Store(s.Mailer != nil || hook != noHook)
	})
	defaults, err := s.Defaults(ctx)
	if err != nil {
		s.Close()
		return nil, err
	}
	s.reachable.Store(s.Mailer != nil || defaults.WebhookID != "")
	return s, nil
}

// Reachable reports whether there is a way to tell anybody.
func (s *Service) Reachable() bool { return s.reachable.Load() }

// Close stops listening for changes.
func (s *Service) Close() { s.unhear() }

// Cancel drops what was queued about a task and is not sent yet, of one kind: that somebody is asked to decide what is decided.
func (s *Service) Cancel(tx *db.Tx, taskID string, kind Kind) {
	tx.Queue(`delete from notification where task_id = $1 and kind = $2 and done_at is null and state = 'open'`, taskID, string(kind))
}

// UserEnded implements directory.Notice: who is disabled or deleted is told nothing more. What waits to be sent is dropped when its
// turn comes, since they are looked at then; what a webhook has is taken from it. Threat: rows are found by their person where a webhook
// has them only, for an index of all that waits would be written in another place for each of the people whom a step asks.
func (s *Service) UserEnded(tx *db.Tx, _ audit.Actor, u directory.UserID, _ time.Time, _ string) error {
	handed, err := db.Collect(tx, func(r *db.Rows) (i ID, err error) { return i, r.Scan(&i) },
		`select id from notification where user_id = $1 and state = 'handed'`, string(u))
	if err != nil {
		return err
	}
	for _, i := range handed {
		if err := s.Webhooks.Cancel(tx, refOf(i)); err != nil {
			return err
		}
	}
	tx.Queue(`delete from notification where user_id = $1 and state = 'handed'`, string(u))
	return nil
}
