package sync

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// Limits of what a connector is told.
const (
	MaxSecret = 4096      // bytes of the connection string
	MaxCA     = 32 * 1024 // bytes of the certificates of the target's authorities
	MaxTypes  = 16        // kinds of resources to read
)

// Settings are what people decide about a connector, beside its secret.
type Settings struct {
	DisplayName   string        // empty: the kind
	SyncEvery     time.Duration // how long after the end of a run the next one begins; zero: only when somebody asks
	ResourceTypes []string      // kinds of resources to read; empty: all. What was read before goes on being read

	// Disabled lets nothing new begin: no reading, and no change in the target. Access ends on time all the same; what is to be
	// removed from the target waits, and is shown as overdue.
	Disabled bool
}

// options is what a connector's row keeps in the open that has no column.
type options struct {
	ResourceTypes []string `json:"resourceTypes,omitempty"`
}

// SettingsOf are the settings of a connector.
func SettingsOf(c app.Connector) (Settings, error) {
	var o options
	err := json.Unmarshal(c.Options, &o)
	return Settings{
		DisplayName: c.DisplayName, SyncEvery: c.SyncEvery, ResourceTypes: o.ResourceTypes, Disabled: c.Status == app.ConnectorDisabled,
	}, err
}

// onto writes the settings into the row. A plan follows how often the target is to be read, except while it is being read: then
// the time in the row is the run's, and its end makes the plan. Nobody need be woken: no plan is made for less than a minute ahead, and
// the due loop looks as often as that.
func (s Settings) onto(c *app.Connector, now time.Time) error {
	if len(s.ResourceTypes) > MaxTypes {
		return fault.InvalidField("resourceTypeFilter", "has %d values; at most %d are allowed", len(s.ResourceTypes), MaxTypes)
	}
	for _, t := range s.ResourceTypes {
		if !slices.Contains(app.ResourceKinds, app.ResourceKind(t)) {
			return fault.InvalidField("resourceTypeFilter", "every value must be one of %v", app.ResourceKinds)
		}
	}
	raw, err := json.Marshal(options{ResourceTypes: s.ResourceTypes})
	if err != nil {
		return err
	}
	if s.SyncEvery != c.SyncEvery && c.SyncLease == "" {
		c.SyncDueAt = time.Time{}
		if s.SyncEvery > 0 {
			c.SyncDueAt = now.Add(s.SyncEvery)
		}
	}
	c.DisplayName, c.SyncEvery, c.Options = s.DisplayName, s.SyncEvery, raw
	if s.Disabled {
		c.Status, c.StatusText = app.ConnectorDisabled, ""
	}
	return nil
}

// Create ties an app to the target that secret opens. It does not reach for the target; the first planned run begins one interval
// from now. Invalid; NotFound for the app; Exists where the app has a connector of this kind and name. For whoever manages apps.
func (s *Service) Create(ctx context.Context, in app.ID, kind, secret string, settings Settings) (app.Connector, error) {
	now := s.Clock.Now()
	c := app.Connector{AppID: in, ID: app.ConnectorID(id.New(now)), Kind: kind}
	if err := settings.onto(&c, now); err != nil {
		return app.Connector{}, err
	}
	var err error
	if c.Config, err = s.sealed(c.Ref(), kind, secret); err != nil {
		return app.Connector{}, err
	}
	return s.Apps.CreateConnector(ctx, c)
}

// Update changes the settings of a connector, and its secret unless that is empty. change is given the settings as they are and may
// be called again. One that was disabled and is no more fares as its last run did; what had come due meanwhile begins.
// Invalid, NotFound, Exists, Conflict. For whoever manages apps.
func (s *Service) Update(ctx context.Context, ref app.ConnectorRef, secret string, change func(*Settings)) (app.Connector, error) {
	before, err := app.GetConnector(s.DB.Q(ctx), ref.AppID, ref.ID)
	if err != nil {
		return app.Connector{}, err
	}
	var config []byte
	if secret != "" {
		if config, err = s.sealed(ref, before.Kind, secret); err != nil {
			return app.Connector{}, err
		}
	}
	last, err := s.LastRuns(ctx, []app.ConnectorID{ref.ID})
	if err != nil {
		return app.Connector{}, err
	}
	return s.Apps.UpdateConnector(ctx, ref.AppID, ref.ID, func(c *app.Connector) error {
		if config != nil {
			c.Config = config
		}
		settings, err := SettingsOf(*c)
		if err != nil {
			return err
		}
		change(&settings)
		if c.Status == app.ConnectorDisabled && !settings.Disabled {
			c.Status, c.StatusText = fared(last[ref.ID])
		}
		return settings.onto(c, s.Clock.Now())
	})
}

// fared is how a connector works, as far as its last run tells; the zero run is none.
func fared(last Run) (app.ConnectorStatus, string) {
	if last.State == Failed || last.State == Refused {
		return app.ConnectorError, last.Message
	}
	return app.ConnectorOK, ""
}

// Delete deletes a connector and forgets its secret; a run of it is cut short. What it had read stays. NotFound, Conflict. For
// whoever manages apps.
func (s *Service) Delete(ctx context.Context, ref app.ConnectorRef) (app.Connector, error) {
	c, err := s.Apps.DeleteConnector(ctx, ref.AppID, ref.ID)
	if err == nil {
		s.flights.cut(ref.ID)
	}
	return c, err
}
