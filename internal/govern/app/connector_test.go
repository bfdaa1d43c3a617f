package app_test

import (
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/fault"
)

func TestAConnectorIsReadBackAsItWasWritten(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Database")
		want := must[app.Connector](f)(f.apps.CreateConnector(f.ctx, app.Connector{
			AppID: a.ID, Kind: "postgres", Config: []byte{0, 1, 255}, SyncEvery: time.Hour, SyncDueAt: start, Options: []byte(`{"types": ["ROLE"]}`),
		}))
		got := must[app.Connector](f)(app.GetConnector(f.db.Q(f.ctx), a.ID, want.ID))
		f.same("name", got.DisplayName, "postgres")
		f.same("config", string(got.Config), "\x00\x01\xff")
		f.same("every", got.SyncEvery, time.Hour)
		f.same("due", got.SyncDueAt.Equal(start), true)
		f.same("options", strings.ReplaceAll(string(got.Options), " ", ""), `{"types":["ROLE"]}`)
		f.same("status", got.Status, app.ConnectorOK)
	})
}

func TestAnAppIsManagedByHandWhileItHasNoConnector(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Database")
		manual := func() bool { return must[app.App](f)(app.GetApp(f.db.Q(f.ctx), a.ID)).ManuallyManaged }
		one := f.connector(a.ID)
		f.same("with one", manual(), false)
		two := must[app.Connector](f)(f.apps.CreateConnector(f.ctx, app.Connector{AppID: a.ID, Kind: "postgres", DisplayName: "second"}))
		must[app.Connector](f)(f.apps.DeleteConnector(f.ctx, a.ID, one.ID))
		f.same("with the other", manual(), false)
		must[app.Connector](f)(f.apps.DeleteConnector(f.ctx, a.ID, two.ID))
		f.same("without any", manual(), true)
	})
}

func TestADeletedConnectorForgetsHowToReachItsTarget(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Database")
		c := f.connector(a.ID)
		gone := must[app.Connector](f)(f.apps.DeleteConnector(f.ctx, a.ID, c.ID))
		f.same("deleted", gone.DeletedAt.IsZero(), false)
		left := must[[]app.Connector](f)(app.ManyConnectors(f.db.Q(f.ctx), []app.ConnectorRef{c.Ref()}))
		f.same("config", len(left[0].Config), 0)
		_, err := f.apps.UpdateConnector(f.ctx, a.ID, c.ID, func(*app.Connector) error { return nil })
		f.refused(err, fault.NotFound, "")
		must[app.Connector](f)(f.apps.CreateConnector(f.ctx, app.Connector{AppID: a.ID, Kind: "postgres"}))
	})
}

func TestTheConfigurationOfAConnectorNeverReachesTheAudit(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Database")
		c := f.connector(a.ID)
		changed := must[app.Connector](f)(f.apps.UpdateConnector(f.ctx, a.ID, c.ID, func(c *app.Connector) error {
			c.Config, c.Kind, c.SyncLease = []byte("postgres://secret"), "other", "mine"
			return nil
		}))
		f.same("kind", changed.Kind, "postgres")
		f.same("lease", changed.SyncLease, "")
		for _, e := range f.history("connector", string(c.ID)) {
			for k, v := range e.Data {
				if s, ok := v.(string); !ok || strings.Contains(s, "secret") || k != "config" {
					f.Errorf("%s: %s is %v", e.Kind, k, v)
				}
			}
		}
		f.same("events", f.events("connector", string(c.ID)), []string{"connector.created", "connector.updated"})
	})
}

func TestAConnectorOverALimitIsRefused(t *testing.T) {
	each(t, func(f *fixture) {
		a := f.app("Database")
		for field, c := range map[string]app.Connector{
			"kind":             {DisplayName: "x"},
			"displayName":      {Kind: "postgres", DisplayName: strings.Repeat("x", app.MaxName+1)},
			"syncEvery":        {Kind: "postgres", SyncEvery: time.Second},
			"options":          {Kind: "postgres", Options: []byte("{")},
			"connectionString": {Kind: "postgres", Config: make([]byte, app.MaxConfig+1)},
		} {
			c.AppID = a.ID
			_, err := f.apps.CreateConnector(f.ctx, c)
			f.refused(err, fault.Invalid, field)
		}
		f.connector(a.ID)
		_, err := f.apps.CreateConnector(f.ctx, app.Connector{AppID: a.ID, Kind: "postgres"})
		f.refused(err, fault.Exists, "")
		_, err = f.apps.CreateConnector(f.ctx, app.Connector{AppID: "nothing", Kind: "postgres"})
		f.refused(err, fault.NotFound, "")
	})
}
