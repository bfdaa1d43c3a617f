package opal_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"google.golang.org/grpc"

	"github.com/interim-access/interim/internal/api/opal"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/id"
)

// fuzzed is a door of its own before which an administrator stands.
func fuzzed(f *testing.F) *opal.Door {
	f.Helper()
	d := install(f, dbtest.SQLite(f), clock.NewFake(noon))
	ada, err := d.Directory.Create(f.Context(), directory.User{DisplayName: "Ada", Email: "ada@example.com"})
	if err != nil {
		f.Fatal(err)
	}
	role, err := d.IAM.Role(iam.AsSystem(f.Context()), iam.BuiltinID(iam.SuperAdministrator))
	if err != nil {
		f.Fatal(err)
	}
	who := &iam.Principal{UserID: ada.ID, Name: ada.DisplayName, Kind: iam.KindPersonal, Scopes: role.Scopes(), SuperAdmin: true}
	d.Log = slog.New(slog.DiscardHandler)
	d.Interceptors = []grpc.UnaryServerInterceptor{
		func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
			ctx, err := d.IAM.Enter(ctx, who, iam.PermissionOf(info.FullMethod))
			if err != nil {
				return nil, err
			}
			return handler(ctx, req)
		},
	}
	door, err := opal.New(d, "test")
	if err != nil {
		f.Fatal(err)
	}
	return door
}

// send fails the test for an answer that blames the server, or is not JSON of a bounded length.
func send(t *testing.T, door *opal.Door, method, path, body string) int {
	t.Helper()
	rec := httptest.NewRecorder()
	door.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), method, opal.Base+path, strings.NewReader(body)))
	if rec.Code >= http.StatusInternalServerError && rec.Code != http.StatusNotImplemented {
		t.Errorf("%s %s %.200q: %d %s", method, path, body, rec.Code, rec.Body)
	}
	if rec.Code >= http.StatusBadRequest && rec.Body.Len() > 4000 {
		t.Errorf("%s %s %.200q: a refusal of %d bytes", method, path, body, rec.Body.Len())
	}
	if rec.Body.Len() > 0 && !json.Valid(rec.Body.Bytes()) {
		t.Errorf("%s %s %.200q: no JSON: %s", method, path, body, rec.Body)
	}
	return rec.Code
}

// Whatever the bytes, no body is the server's fault.
func FuzzBody(f *testing.F) {
	some := id.Static("some")
	for _, seed := range []string{
		"", " \n", "null", "{}", "[]", "0", `"`, "{\"name\":\"\xff\"}", `{"name":"a\u0000b"}`, `{"name":1e400}`, strings.Repeat("[", 20_000),
		`{"name":"Orders","resource_type":"CUSTOM","app_id":"` + some + `","remote_info":{"custom":null}}`,
		`{"name":"Readers","group_type":"OPAL_GROUP","app_id":"` + some + `","unknown":1}`,
		`{"resources":[{"resource_id":"` + some + `","name":"x","max_duration":-1,"request_configurations":null}]}`,
		`{"resources":[{"resource_id":"` + some + `","request_configurations":[{"allow_requests":true,"auto_approval":false,"priority":0,"reviewer_stages":[{"operator":"AND","require_manager_approval":true,"owner_ids":["` + some + `"]}]}]}]}`,
		`{"groups":[{"group_id":"` + some + `","request_configuration_list":{"request_configurations":[]}}]}`,
		`{"visibility":"LIMITED","visibility_group_ids":["` + strings.ToUpper(some) + `",""]}`,
		`{"delegator_user_id":"` + some + `","delegate_user_id":"` + some + `","start_time":"2026-05-04T14:00:00+02:00","end_time":"9999-12-31T23:59:59.999999999Z","reason":"x"}`,
		`{"name":"x","connection_type":"WEBHOOK","webhook_url":"https://x.example.com","credentials":{"auth_type":"HMAC","hmac_credential_1":null,"hmac_credential_2":{"id":""}}}`,
	} {
		f.Add(seed)
	}
	door := fuzzed(f)
	f.Fuzz(func(t *testing.T, body string) {
		for _, at := range [][2]string{
			{http.MethodPost, "/delegations"}, {http.MethodPost, "/resources"}, {http.MethodPut, "/resources"}, {http.MethodPost, "/groups"},
			{http.MethodPut, "/groups"}, {http.MethodPut, "/groups/" + some + "/visibility"}, {http.MethodPut, "/resources/" + some + "/visibility"},
			{http.MethodPost, "/event-streams"}, {http.MethodPut, "/event-streams/" + some},
		} {
			send(t, door, at[0], at[1], body)
		}
	})
}

// joined adds parameters to a path that may have some.
func joined(path, query string) string {
	if strings.Contains(path, "?") {
		return path + "&" + query
	}
	return path + "?" + query
}

// No cursor that is made up opens a page. (The list of apps has no pages and takes no cursor.)
func FuzzCursor(f *testing.F) {
	for _, seed := range []string{"", "x", "%", "a.b", "\x00", "\xff", strings.Repeat("A", 3000), "WyJhIl0", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"} {
		f.Add(seed, "200")
	}
	for _, size := range []string{"-1", "0", "1e3", "99999999999999999999", "1001", " 1", "\xff"} {
		f.Add("", size)
	}
	door := fuzzed(f)
	f.Fuzz(func(t *testing.T, cursor, size string) {
		q := url.Values{"cursor": {cursor}, "page_size": {size}}.Encode()
		for _, list := range []string{
			"/users", "/groups", "/resources", "/delegations", "/events", "/events?actor_filter=" + id.Static("some"), "/users/remote_users",
		} {
			if status := send(t, door, http.MethodGet, joined(list, q), ""); cursor != "" && status == http.StatusOK {
				t.Errorf("%s took the cursor %.100q", list, cursor)
			}
		}
	})
}
