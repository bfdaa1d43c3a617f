package opal_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/id"
)

// readBy makes an app that a connector reads, with these accounts: what its target calls them, and their addresses.
func (d *door) readBy(a app.App, accounts map[string]string) app.Connector {
	d.Helper()
	system := iam.AsSystem(d.Context())
	made, err := d.Apps.CreateApp(system, a)
	if err != nil {
		d.Fatal(err)
	}
	d.names[string(made.ID)] = a.DisplayName
	c, err := d.Apps.CreateConnector(system, app.Connector{AppID: made.ID, Kind: "postgres", Config: []byte("sealed")})
	if err != nil {
		d.Fatal(err)
	}
	var seen []app.SeenAccount
	for name, email := range accounts {
		seen = append(seen, app.SeenAccount{ExternalID: name, DisplayName: name, Email: email})
	}
	err = d.DB.Write(d.Context(), func(tx *db.Tx) error {
		_, _, err := d.Apps.UpsertAccounts(tx, c.Ref(), seen)
		return err
	})
	if err != nil {
		d.Fatal(err)
	}
	return c
}

// ran writes down a reading of a connector.
func (d *door) ran(c app.Connector, state, message string) {
	d.Helper()
	d.clock.Advance(time.Minute)
	now := clock.Micros(d.clock.Now())
	err := d.DB.Write(d.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`insert into sync_run (id, app_id, connector_id, started_at, finished_at, state, accounts, resources, entitlements, grants,
			added, removed, message) values ($1,$2,$3,$4,$5,$6,0,0,0,0,0,0,$7)`,
			id.New(d.clock.Now()), string(c.AppID), string(c.ID), now, now+int64(time.Second/time.Microsecond), state, message)
		return err
	})
	if err != nil {
		d.Fatal(err)
	}
}

func TestRemoteUsersAreAccountsOfKnownProviders(t *testing.T) {
	onDoor(t, "remote_users", func(d *door) {
		ada, grace := d.person("Ada", iam.BasicUser), d.person("Grace", iam.BasicUser)
		gone := d.person("Gone", iam.BasicUser)
		root := d.person("Root", iam.SuperAdministrator)
		d.readBy(app.App{DisplayName: "GitHub"}, map[string]string{
			"583231": "ada@example.com", "9919": "grace@example.com", "1": "stranger@example.com", "2": "gone@example.com",
		})
		chat := app.App{DisplayName: "Chat"}
		chat.Annotations = map[string]string{"opal/third_party_provider": "SLACK"}
		d.readBy(chat, map[string]string{"U0ADA": "ada@example.com"})
		d.readBy(app.App{DisplayName: "Warehouse"}, map[string]string{"ada_db": "ada@example.com"})
		if _, err := d.Directory.Delete(iam.AsSystem(d.Context()), gone.ID, ""); err != nil {
			d.Fatal(err)
		}
		all := d.call(http.MethodGet, "/users/remote_users", "")
		if list, _ := all.at("results").([]any); len(list) != 3 {
			d.Errorf("%v", all.body)
		}
		d.want(http.StatusOK, "One person's", "GET", "/users/remote_users?user_id="+string(grace.ID), "")
		d.want(http.StatusOK, "Of two people and two providers", "GET", "/users/remote_users?third_party_provider=GIT_HUB&third_party_provider=JIRA&user_id="+
			string(grace.ID)+"&user_id="+string(ada.ID), "")
		d.want(http.StatusOK, "By what they are called", "GET", "/users/remote_users?remote_id=U0ADA&remote_id=nobody&remote_id=ada_db", "")
		d.want(http.StatusOK, "Of a provider that holds nobody", "GET", "/users/remote_users?third_party_provider=TELEPORT", "")
		next := d.want(http.StatusOK, "One a page", "GET", "/users/remote_users?page_size=1&third_party_provider=GIT_HUB", "").text("next")
		d.want(http.StatusOK, "The next page", "GET", "/users/remote_users?page_size=1&third_party_provider=GIT_HUB&cursor="+next, "")
		d.want(http.StatusBadRequest, "A cursor is bound to its filters", "GET", "/users/remote_users?page_size=1&cursor="+next, "")
		d.want(http.StatusBadRequest, "No provider", "GET", "/users/remote_users?third_party_provider=MYSPACE", "")
		d.want(http.StatusBadRequest, "No id", "GET", "/users/remote_users?user_id=ada", "")
		d.as(grace, iam.BasicUser)
		d.want(http.StatusOK, "People see their own, whomever they ask for", "GET", "/users/remote_users?third_party_provider=GIT_HUB", "")
		d.want(http.StatusOK, "And nobody else's", "GET", "/users/remote_users?user_id="+string(ada.ID), "")
		d.as(root, "system:viewer")
		d.want(http.StatusOK, "An auditor sees all", "GET", "/users/remote_users?third_party_provider=SLACK", "")
	})
}

func TestSyncErrorsAreThoseSinceTheLastReading(t *testing.T) {
	onDoor(t, "sync_errors", func(d *door) {
		d.person("Root", iam.SuperAdministrator)
		d.want(http.StatusOK, "None", "GET", "/sync_errors", "")
		one, two := d.readBy(app.App{DisplayName: "orders"}, nil), d.readBy(app.App{DisplayName: "reports"}, nil)
		d.ran(one, "failed", "long mended")
		d.ran(one, "done", "")
		d.ran(two, "refused", "the target shows nothing at all")
		d.ran(one, "failed", "the target cannot be reached")
		d.ran(one, "failed", "the target cannot be reached")
		d.ran(one, "running", "")
		d.want(http.StatusOK, "All, in one list in a list", "GET", "/sync_errors", "")
		d.want(http.StatusOK, "Of an app", "GET", "/sync_errors?app_id="+string(two.AppID), "")
		own := d.newItem("resource", "by-hand", string(one.AppID))
		d.names[own] = "by-hand"
		d.want(http.StatusOK, "Of a resource that nothing reads", "GET", "/sync_errors?resource_id="+own, "")
		d.want(http.StatusNotFound, "A resource is no group", "GET", "/sync_errors?group_id="+own, "")
		d.want(http.StatusBadRequest, "Not both", "GET", "/sync_errors?group_id="+own+"&resource_id="+own, "")
		d.ran(two, "done", "")
		d.want(http.StatusOK, "It could be read again", "GET", "/sync_errors?app_id="+string(two.AppID), "")
		d.as(d.person("Grace", iam.BasicUser), iam.BasicUser)
		d.want(http.StatusForbidden, "Not for everybody", "GET", "/sync_errors", "")
	})
}
