package sync

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
	"github.com/interim-access/interim/internal/platform/seal"
)

// Limits of what a connector is told.
const (
	MaxSecret = 4096 // bytes of what opens the target
	MaxTypes  = 16   // kinds of resources to read
)

// Settings are what people decide about a connector, beside its secret.
type Settings struct {
	DisplayName   string        // empty: the kind
	SyncEvery     time.Duration // how long after the end of a run the next one begins; zero: only when somebody asks
	ResourceTypes []string      // kinds of resources to read; empty: all
}

// options is what a connector's row keeps in the open that has no column.
type options struct {
	ResourceTypes []string `json:"resourceTypes,omitempty"`
}

// SettingsOf are the settings of a connector.
func SettingsOf(c app.Connector) (Settings, error) {
	var o options
	err := json.Unmarshal(c.Options, &o)
	return Settings{DisplayName: c.DisplayName, SyncEvery: c.SyncEvery, ResourceTypes: o.ResourceTypes}, err
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
// be called again. Invalid, NotFound, Exists, Conflict. For whoever manages apps.
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
	return s.Apps.UpdateConnector(ctx, ref.AppID, ref.ID, func(c *app.Connector) error {
		if config != nil {
			c.Config = config
		}
		settings, err := SettingsOf(*c)
		if err != nil {
			return err
		}
		change(&settings)
		return settings.onto(c, s.Clock.Now())
	})
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

// Purpose is what a connector's secret is sealed for: it opens in no other connector's row.
func Purpose(c app.ConnectorRef) string { return "connector/" + string(c.AppID) + "/" + string(c.ID) }

// Opener returns the function that opens the secret of a connector, for whoever connects to its target. Unavailable where the server's
// key is not the one it was sealed with.
func Opener(box *seal.Box) func(app.Connector) (string, error) {
	return func(c app.Connector) (string, error) {
		plain, err := box.Open(Purpose(c.Ref()), c.Config)
		if err != nil {
			return "", fault.Wrap(fault.Unavailable, err, "the connection string cannot be opened: set it again")
		}
		return string(plain), nil
	}
}

// sealed checks a secret, and seals it for its row.
func (s *Service) sealed(c app.ConnectorRef, kind, secret string) ([]byte, error) {
	if len(secret) > MaxSecret {
		return nil, fault.InvalidField("connectionString", "has %d bytes; at most %d are allowed", len(secret), MaxSecret)
	}
	if err := s.Sources.Validate(kind, secret); err != nil {
		return nil, err
	}
	return s.Box.Seal(Purpose(c), []byte(secret))
}
