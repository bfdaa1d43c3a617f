package sync

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/seal"
)

// Sources opens the targets of connectors for reading. Package connect has one for each kind.
type Sources interface {
	// Source opens the target of a connector. It is called often: it keeps its connections and notices when the configuration changed.
	Source(ctx context.Context, c app.Connector) (Source, error)
	// Check connects to the target and says in one sentence what Interim can do there. ok means that it can read the target and
	// change it. An error means that the target cannot be used at all; its message is for administrators.
	Check(ctx context.Context, c app.Connector) (ok bool, said string, err error)
	// Validate answers Invalid unless kind is known and secret is a configuration of that kind; it does not connect.
	Validate(kind, secret string) error
}

// Deps is what the service stands on. Registerer may be nil.
type Deps struct {
	DB         *db.DB
	Clock      clock.Clock
	Log        *slog.Logger
	Audit      *audit.Log
	Apps       *app.Service
	Grants     *grant.Service
	Sources    Sources
	Box        *seal.Box
	Registerer prometheus.Registerer
}

// Service holds the use cases about connectors and their runs. Whether the caller may is judged by the doors.
type Service struct {
	Deps

	flights flights
	metrics metrics
}

// New returns the use cases. [Service.Close] it before the database is closed.
func New(d Deps) *Service {
	return &Service{Deps: d, flights: newFlights(), metrics: newMetrics(d.Registerer)}
}

// Close cuts short the runs of this process, and returns when they have written so. Nothing is read afterwards.
func (s *Service) Close() { s.flights.close() }

// Accept is what is believed of a target this once. One that shows nothing never is.
type Accept struct {
	Losses bool // it shows much less than before
	Target bool // it is another one than was read before, and what has the same id there is the same
}

// Now reads the target of a connector now and answers the run when it is over, or as it stands when ctx ends: the run itself goes on
// when its caller hangs up. NotFound; Precondition for a connector that is disabled; Conflict while another run of it is under way. For
// whoever manages apps.
func (s *Service) Now(ctx context.Context, ref app.ConnectorRef, accept Accept) (Run, error) {
	c, err := app.GetConnector(s.DB.Q(ctx), ref.AppID, ref.ID)
	if err != nil {
		return Run{}, err
	}
	if c.Status == app.ConnectorDisabled {
		return Run{}, fault.New(fault.Precondition, "the connector is disabled")
	}
	f, err := s.start(ctx, c, order{asked: true, by: audit.From(ctx), acceptLosses: accept.Losses, acceptTarget: accept.Target})
	if err != nil {
		return Run{}, err
	}
	select {
	case <-f.over:
		return f.run, f.err
	case <-ctx.Done():
		return f.begun, nil
	}
}

// Check connects to the target of a connector and says in one sentence what Interim can do there, or why nothing. NotFound. For
// whoever manages apps.
func (s *Service) Check(ctx context.Context, ref app.ConnectorRef) (ok bool, said string, err error) {
	c, err := app.GetConnector(s.DB.Q(ctx), ref.AppID, ref.ID)
	if err != nil {
		return false, "", err
	}
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	ok, said, err = s.Sources.Check(ctx, c)
	if err != nil {
		s.Log.InfoContext(ctx, "a target cannot be used", slog.String("connector", string(c.ID)), slog.Any("error", err))
		return false, brief(fault.Of(err).Message, MaxMessage), nil
	}
	return ok, brief(said, MaxMessage), nil
}

// checkLimit is how long a check may take.
const checkLimit = 20 * time.Second
