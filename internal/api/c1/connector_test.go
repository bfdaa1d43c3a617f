package c1_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	gosync "sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/sync"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/seal"
)

// shelf is what a connector of kind shelf leads to: readers, and the books they may read.
type shelf struct {
	mu      gosync.Mutex
	readers int
	given   []sync.Membership
	down    error
	hold    chan struct{} // a reading waits for it
	reading chan struct{}
}

// Source implements sync.Sources.
func (s *shelf) Source(context.Context, app.Connector) (sync.Source, error) { return s, nil }

// Check implements sync.Sources.
func (s *shelf) Check(context.Context, app.Connector) (ok bool, said string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.down == nil, "A shelf of one book", s.down
}

// Validate implements sync.Sources.
func (*shelf) Validate(kind, secret string) error {
	switch {
	case kind != "shelf":
		return fault.InvalidField("kind", "must be shelf")
	case !strings.HasPrefix(secret, "shelf://"):
		return fault.InvalidField("connectionString", "must be a URL such as shelf://key@library")
	}
	return nil
}

// Read implements sync.Source.
func (s *shelf) Read(ctx context.Context) (sync.Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hold != nil {
		s.reading <- struct{}{}
		select {
		case <-s.hold:
		case <-ctx.Done():
			return sync.Snapshot{}, ctx.Err()
		}
	}
	if s.down != nil {
		return sync.Snapshot{}, s.down
	}
	out := sync.Snapshot{
		ResourceTypes: []sync.ResourceType{{ExternalID: "book", Kind: "ROLE", Name: "Book"}},
		Resources:     []sync.Resource{{ExternalID: "b1", TypeID: "book", Name: "Book 1"}},
		Entitlements:  []sync.Entitlement{{ExternalID: "b1", ResourceID: "b1", Name: "Reader", Slug: "reader"}},
		Memberships:   s.given,
	}
	for i := range s.readers {
		out.Accounts = append(out.Accounts, sync.Account{ExternalID: fmt.Sprint("p", i+1), Name: fmt.Sprint("Reader ", i+1)})
	}
	return out, nil
}

// connecting adds to a door what connectors stand on.
type connecting struct {
	granting

	shelf *shelf
	app   string // path of an app's connectors
}

func onConnectorDoors(t *testing.T, name string, test func(d connecting)) {
	t.Helper()
	onGrantDoors(t, name, func(g granting) {
		d := connecting{granting: g, shelf: &shelf{readers: 2, reading: make(chan struct{}, 1)}}
		d.deps.Sync = sync.New(sync.Deps{
			DB: d.deps.DB, Clock: d.clock, Log: slog.New(slog.DiscardHandler), Audit: d.deps.Audit, Apps: d.deps.Apps, Grants: d.deps.Grants,
			Sources: d.shelf, Box: seal.New([32]byte{1}),
		})
		defer d.deps.Sync.Close()
		d.person("Ada", "system:application-admin")
		d.app = "/api/interim/v1/apps/" + d.made("library", "app.id", "An app", "/api/v1/apps", `{"displayName":"Library"}`) + "/connectors"
		test(d)
	})
}

func TestConnectorsFromCreationToDeletion(t *testing.T) {
	onConnectorDoors(t, "connectors", func(d connecting) {
		id := d.made("shelf", "connector.id", "Nothing is reached for yet", d.app,
			`{"kind":"shelf","connectionString":"shelf://s3cret@library","syncEvery":"3600s","resourceTypeFilter":["ROLE"]}`)
		one := d.app + "/" + id
		d.want(200, "Not tried yet", "GET", one, "")
		d.want(200, "It can be reached", "POST", one+"/check", `{}`)
		d.shelf.given = []sync.Membership{{AccountID: "p1", EntitlementID: "b1"}, {AccountID: "p1", EntitlementID: "lost"}}
		d.clock.Advance(time.Minute)
		d.want(200, "The first reading", "POST", one+"/sync", `{}`)
		d.shelf.down = fault.New(fault.Unavailable, "the library is closed")
		d.clock.Advance(time.Minute)
		d.want(200, "It cannot be reached", "POST", one+"/check", `{}`)
		d.want(200, "A reading that fails is an answer", "POST", one+"/sync", `{}`)
		d.want(200, "Its state is shown", "GET", one, "")
		d.want(200, "Some settings are changed", "POST", one, `{"connector":{"displayName":"The shelf","syncEvery":null}}`)
		d.want(200, "Another secret alone", "POST", one, `{"connector":{},"connectionString":"shelf://another-s3cret@library"}`)
		d.want(200, "What was read may be sent back", "POST", one, `{"connector":`+d.json(d.call("GET", one, "").at("connector"))+`}`)
		d.shelf.down = nil
		d.clock.Advance(time.Minute)
		d.want(200, "It works again", "POST", one+"/sync", `{}`)
		second := d.made("second", "connector.id", "A second one", d.app, `{"kind":"shelf","connectionString":"shelf://s3cret@library"}`)
		first := d.want(200, "One page", "GET", d.app+"?page_size=1", "")
		d.want(200, "The next", "GET", d.app+"?page_size=1&page_token="+first.text("nextPageToken"), "")
		runs := d.want(200, "The newest run", "GET", one+"/syncs?page_size=1", "")
		d.want(200, "The runs before", "GET", one+"/syncs?page_token="+runs.text("nextPageToken"), "")
		d.want(409, "One name", "POST", d.app+"/"+second, `{"connector":{"displayName":"The shelf"}}`)
		d.want(200, "Gone", "DELETE", one, `{}`)
		for _, gone := range []struct{ method, path, body string }{
			{"GET", one, ""}, {"POST", one, `{"connector":{}}`}, {"DELETE", one, `{}`}, {"POST", one + "/check", `{}`}, {"POST", one + "/sync", `{}`},
			{"GET", one + "/syncs", ""}, {"GET", strings.Replace(one, "shelf", "other", 1), ""},
		} {
			d.want(404, "What is gone is not found", gone.method, gone.path, gone.body)
		}
		if strings.Contains(d.script.String(), `: "shelf://`) {
			d.Error("an answer shows how to reach the target")
		}
	})
}

func TestAConnectorIsPausedAndResumed(t *testing.T) {
	onConnectorDoors(t, "", func(d connecting) {
		one := d.app + "/" + d.made("shelf", "connector.id", "", d.app, `{"kind":"shelf","connectionString":"shelf://s3cret@library","disabled":true}`)
		state := func(what, status string, disabled bool) {
			d.Helper()
			if a := d.want(200, "", "GET", one, ""); a.text("connector.status") != "CONNECTOR_STATUS_"+status || a.at("connector.disabled") != disabled {
				d.Errorf("%s: %v", what, a.body)
			}
		}
		state("made so", "DISABLED", true)
		d.want(400, "", "POST", one+"/sync", `{}`)
		d.want(200, "", "POST", one, `{"connector":{"displayName":"x"}}`)
		state("something else changed", "DISABLED", true)
		d.want(200, "", "POST", one, `{"connector":{"disabled":false}}`)
		state("resumed before it was tried", "UNSPECIFIED", false)
		d.want(200, "", "POST", one+"/sync", `{}`)
		state("read", "OK", false)
		d.want(200, "", "POST", one, `{"connector":{"disabled":true},"updateMask":"disabled"}`)
		state("paused", "DISABLED", true)
		d.want(200, "", "POST", one, `{"connector":`+d.json(d.call("GET", one, "").at("connector"))+`}`)
		state("sent back as it was read", "DISABLED", true)
	})
}

func TestALossIsBelievedWhereItIsAccepted(t *testing.T) {
	onConnectorDoors(t, "", func(d connecting) {
		d.shelf.readers = 200
		one := d.app + "/" + d.made("shelf", "connector.id", "", d.app, `{"kind":"shelf","connectionString":"shelf://s3cret@library"}`)
		d.want(200, "", "POST", one+"/sync", `{}`)
		d.shelf.readers = 10
		d.clock.Advance(time.Minute)
		if a := d.want(200, "", "POST", one+"/sync", `{}`); a.text("sync.state") != "STATE_REFUSED" || a.text("sync.message") == "" {
			d.Errorf("%v", a.body)
		}
		if a := d.want(200, "", "GET", one, ""); a.text("connector.status") != "CONNECTOR_STATUS_ERROR" || a.text("connector.statusText") == "" {
			d.Errorf("%v", a.body)
		}
		d.clock.Advance(time.Minute)
		if a := d.want(200, "", "POST", one+"/sync", `{"acceptLosses":true}`); a.text("sync.state") != "STATE_DONE" {
			d.Errorf("%v", a.body)
		}
	})
}

func TestASecondRunIsAConflict(t *testing.T) {
	onConnectorDoors(t, "", func(d connecting) {
		one := d.app + "/" + d.made("shelf", "connector.id", "", d.app, `{"kind":"shelf","connectionString":"shelf://s3cret@library"}`)
		d.shelf.hold = make(chan struct{})
		over := make(chan answer)
		go func() { over <- d.call("POST", one+"/sync", `{}`) }()
		<-d.shelf.reading
		if a := d.call("POST", one+"/sync", `{}`); a.status != http.StatusConflict || a.at("code") != float64(10) {
			d.Errorf("%d %v", a.status, a.body)
		}
		if a := d.call("GET", one, ""); a.text("connector.lastSync.state") != "STATE_RUNNING" || a.at("connector.lastSync.finishedAt") != nil {
			d.Errorf("meanwhile: %v", a.body)
		}
		close(d.shelf.hold)
		if a := <-over; a.text("sync.state") != "STATE_DONE" {
			d.Errorf("%d %v", a.status, a.body)
		}
	})
}

func TestBadInputAboutConnectorsNamesTheField(t *testing.T) {
	onConnectorDoors(t, "", func(d connecting) {
		one := d.app + "/" + d.made("shelf", "connector.id", "", d.app, `{"kind":"shelf","connectionString":"shelf://s3cret@library"}`)
		with := func(more string) string {
			return `{"kind":"shelf","connectionString":"shelf://s3cret@library",` + more + `}`
		}
		d.invalid("POST", d.app, map[string]string{
			"kind": `{}`, "kind'": `{"kind":"pigeon","connectionString":"shelf://s3cret@library"}`,
			"connectionString":   `{"kind":"shelf"}`,
			"connectionString'":  `{"kind":"shelf","connectionString":"s3cret"}`,
			"connectionString''": `{"kind":"shelf","connectionString":"shelf://` + strings.Repeat("x", sync.MaxSecret) + `"}`,
			"syncEvery":          with(`"syncEvery":"59s"`), "syncEvery'": with(`"syncEvery":"-60s"`), "syncEvery''": with(`"syncEvery":"2592001s"`),
			"displayName":        with(`"displayName":"` + strings.Repeat("x", 257) + `"`),
			"resourceTypeFilter": with(`"resourceTypeFilter":["TEAPOT"]`),
			"color":              with(`"color":"red"`),
			"caCertificate":      with(`"caCertificate":"` + strings.Repeat("x", sync.MaxCA+1) + `"`),
		})
		d.invalid("POST", one, map[string]string{
			"connector": `{"connectionString":"shelf://s3cret@library"}`, "connector.syncEvery": `{"connector":{"syncEvery":"-1s"}}`,
			"syncEvery":        `{"connector":{"syncEvery":"1s"}}`,
			"connectionString": `{"connector":{},"connectionString":"s3cret"}`, "updateMask": `{"connector":{},"updateMask":"color"}`,
			"connector.kind": `{"connector":{"kind":"pigeon"}}`,
		})
		d.invalid("GET", d.app+"?page_token=x", map[string]string{"pageToken": ""})
		d.invalid("GET", d.app+"/x", map[string]string{"id": ""})
		stranger := "000000000000000000000000000"
		for _, path := range []string{d.app + "/" + stranger, "/api/interim/v1/apps/" + stranger + "/connectors"} {
			if a := d.call("GET", path, ""); a.status != http.StatusNotFound {
				d.Errorf("%s: %d %v", path, a.status, a.body)
			}
		}
	})
}

func TestWhoMayWorkOnConnectors(t *testing.T) {
	onConnectorDoors(t, "", func(d connecting) {
		one := d.app + "/" + d.made("shelf", "connector.id", "", d.app, `{"kind":"shelf","connectionString":"shelf://s3cret@library"}`)
		for _, may := range []struct {
			role         string
			look, change int
		}{{"system:viewer", 200, 403}, {"system:user", 403, 403}, {"system:owner", 200, 200}} {
			d.person("P"+strings.TrimPrefix(may.role, "system:"), may.role)
			for _, q := range []struct {
				method, path, body string
				want               int
			}{
				{"GET", d.app, "", may.look},
				{"GET", one, "", may.look},
				{"GET", one + "/syncs", "", may.look},
				{"POST", one, `{"connector":{}}`, may.change},
				{"POST", one + "/check", `{}`, may.change},
				{"POST", one + "/sync", `{}`, may.change},
				{"POST", d.app, `{"kind":"shelf","displayName":"Another","connectionString":"shelf://s3cret@library"}`, may.change},
				{"DELETE", one, `{}`, may.change},
			} {
				if a := d.call(q.method, q.path, q.body); a.status != q.want {
					d.Errorf("%s: %s %s: %d %v, want %d", may.role, q.method, q.path, a.status, a.body, q.want)
				}
			}
		}
	})
}

// An app may be somebody's own one day; a connector never is, since it reaches out with the server's network.
func TestOwnIsNotEnoughForConnectors(t *testing.T) {
	onConnectorDoors(t, "", func(d connecting) {
		own := iam.Scopes{}
		for permission := range d.who.Scopes {
			own[permission] = iam.Own
		}
		d.who.Scopes = own
		for _, q := range []struct{ method, path, body string }{
			{"GET", d.app, ""}, {"POST", d.app, `{"kind":"shelf","connectionString":"shelf://s3cret@library"}`},
		} {
			if a := d.call(q.method, q.path, q.body); a.status != http.StatusForbidden {
				d.Errorf("%s %s: %d %v", q.method, q.path, a.status, a.body)
			}
		}
	})
}

func (d connecting) json(v any) string {
	d.Helper()
	raw, err := json.Marshal(v)
	d.ok(err)
	return string(raw)
}
