package opal_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/interim-access/interim/internal/api/guard"
	"github.com/interim-access/interim/internal/api/opal"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
)

// guarded is a door behind the real guard, which lets perSecond requests of one client through.
func guarded(t *testing.T, perSecond int) *door {
	t.Helper()
	return guardedBy(t, perSecond, slog.DiscardHandler)
}

// guardedBy is guarded with a log of the guard.
func guardedBy(t *testing.T, perSecond int, log slog.Handler) *door {
	t.Helper()
	d := newDoor(t, dbtest.SQLite(t))
	rules := guard.Rules{}
	watch := guard.New(d.IAM, rules.Find, guard.NewRate(d.clock, perSecond), slog.New(log))
	d.Interceptors = []grpc.UnaryServerInterceptor{watch.Unary()}
	var err error
	if d.door, err = opal.New(d.Deps, "test"); err != nil {
		t.Fatal(err)
	}
	d.door.Rules(rules)
	return d
}

// token makes an API token of a new administrator.
func (d *door) token(access iam.Access) string {
	d.Helper()
	u := d.person(string(access), iam.SuperAdministrator)
	system := iam.AsSystem(d.Context())
	if err := d.IAM.AddMember(system, u.ID, iam.BuiltinID(iam.SuperAdministrator)); err != nil {
		d.Fatal(err)
	}
	_, secret, err := d.IAM.CreateAPIToken(system, u.ID, iam.NewAPIToken{Label: "terraform", Access: access})
	if err != nil {
		d.Fatal(err)
	}
	return secret
}

// with sends a request with Authorization headers.
func (d *door) with(method, path string, authorization ...string) *httptest.ResponseRecorder {
	d.Helper()
	req := httptest.NewRequestWithContext(d.Context(), method, opal.Base+path, strings.NewReader("{}"))
	req.Header["Authorization"] = authorization
	rec := httptest.NewRecorder()
	d.door.ServeHTTP(rec, req)
	return rec
}

// inShape checks the status of a refusal and that its body is of this API.
func inShape(t *testing.T, what string, rec *httptest.ResponseRecorder, status int) {
	t.Helper()
	if rec.Code != status || !strings.HasPrefix(rec.Body.String(), `{"code":`+strconv.Itoa(status)+`,"message":"`) ||
		rec.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%s: %d %s %s, want %d", what, rec.Code, rec.Header().Get("Content-Type"), rec.Body, status)
	}
}

func TestAnAPITokenOpensTheDoorAndOneThatReadsOnlyChangesNothing(t *testing.T) {
	d := guarded(t, 0)
	full, reads := "Bearer "+d.token(iam.FullAccess), "Bearer "+d.token(iam.ReadOnly)
	for _, token := range []string{full, reads} {
		if rec := d.with(http.MethodGet, "/users", token); rec.Code != http.StatusOK {
			t.Errorf("an API token: %d %s", rec.Code, rec.Body)
		}
		inShape(t, "what is not served", d.with(http.MethodPost, "/queries/run", token), http.StatusNotImplemented)
	}
	inShape(t, "a write with a token that reads", d.with(http.MethodPost, "/delegations", reads), http.StatusForbidden)
	inShape(t, "the same with full access", d.with(http.MethodPost, "/delegations", full), http.StatusBadRequest)
}

// What a client did wrong is not taken for a handler that forgot to ask, nor for a success.
func TestARequestThatNoHandlerSeesIsTheClientsFault(t *testing.T) {
	var said strings.Builder
	d := guardedBy(t, 0, slog.NewTextHandler(&said, nil))
	var ended []error
	d.Interceptors = append([]grpc.UnaryServerInterceptor{
		func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			reply, err := next(ctx, req)
			ended = append(ended, err)
			return reply, err
		},
	}, d.Interceptors...)
	inShape(t, "a body without what is required", d.with(http.MethodPost, "/delegations", "Bearer "+d.token(iam.FullAccess)), http.StatusBadRequest)
	if len(ended) != 1 || !fault.Is(ended[0], fault.Invalid) || said.Len() > 0 {
		t.Errorf("ended with %v, and the log says %q", ended, said.String())
	}
}

func TestAnAccessTokenOpensTheDoor(t *testing.T) {
	d := guarded(t, 0)
	grace := d.person("Grace", iam.SuperAdministrator)
	client, secret, err := d.IAM.CreateClient(iam.AsSystem(t.Context()), grace.ID, iam.NewClient{})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := d.IAM.SignIn(t.Context(), iam.Attempt{ClientID: client.ClientID, Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	inShape(t, "somebody without a role", d.with(http.MethodGet, "/users", "Bearer "+signed.Access), http.StatusForbidden)
	if err := d.IAM.AddMember(iam.AsSystem(t.Context()), grace.ID, iam.BuiltinID(iam.BasicUser)); err != nil {
		t.Fatal(err)
	}
	if rec := d.with(http.MethodGet, "/users", "Bearer "+signed.Access); rec.Code != http.StatusOK {
		t.Errorf("an access token: %d %s", rec.Code, rec.Body)
	}
}

func TestWhoeverShowsNoLivingCredentialIsAskedForOne(t *testing.T) {
	d := guarded(t, 0)
	token := d.token(iam.FullAccess)
	for name, headers := range map[string][]string{
		"nothing": nil, "another scheme": {"Basic " + token}, "no scheme": {token}, "two": {"Bearer " + token, "Bearer " + token},
		"one letter off": {"Bearer " + token[:len(token)-1] + "!"}, "garbage": {"Bearer abc"},
	} {
		for _, path := range []string{"/users", "/sessions"} { // served, and not
			rec := d.with(http.MethodGet, path, headers...)
			inShape(t, name, rec, http.StatusUnauthorized)
			if rec.Header().Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s: WWW-Authenticate %q", name, rec.Header().Get("WWW-Authenticate"))
			}
		}
	}
}

// A token that was deleted, whose time is over, or whose user is disabled opens nothing, from the next look at it on.
func TestACredentialThatIsOverOpensNothing(t *testing.T) {
	d := guarded(t, 0)
	u := d.person("Grace", iam.SuperAdministrator)
	system := iam.AsSystem(t.Context())
	if err := d.IAM.AddMember(system, u.ID, iam.BuiltinID(iam.BasicUser)); err != nil {
		t.Fatal(err)
	}
	made := func(expires time.Duration) (iam.APIToken, string) {
		token, secret, err := d.IAM.CreateAPIToken(system, u.ID, iam.NewAPIToken{Label: "ci", Access: iam.FullAccess, Expires: expires})
		if err != nil {
			t.Fatal(err)
		}
		if rec := d.with(http.MethodGet, "/users", "Bearer "+secret); rec.Code != http.StatusOK {
			t.Fatalf("a living one: %d %s", rec.Code, rec.Body)
		}
		return token, "Bearer " + secret
	}
	over := func(what, secret string) {
		t.Helper()
		for _, path := range []string{"/users", "/groups", "/uars"} { // served, and not
			inShape(t, what, d.with(http.MethodGet, path, secret), http.StatusUnauthorized)
		}
		inShape(t, what, d.with(http.MethodPost, "/delegations", secret), http.StatusUnauthorized)
	}
	deleted, first := made(0)
	if err := d.IAM.DeleteAPIToken(system, deleted.ID); err != nil {
		t.Fatal(err)
	}
	over("deleted", first)
	_, second := made(time.Hour)
	d.clock.Advance(time.Hour)
	over("at its end", second)
	_, third := made(0)
	if _, err := d.Directory.Disable(system, u.ID, ""); err != nil {
		t.Fatal(err)
	}
	over("of somebody who is disabled", third)
}

func TestWhoeverAsksTooOftenIsToldWhenToComeBack(t *testing.T) {
	d := guarded(t, 1)
	token := "Bearer " + d.token(iam.FullAccess)
	if rec := d.with(http.MethodGet, "/users", token); rec.Code != http.StatusOK {
		t.Fatalf("the first: %d %s", rec.Code, rec.Body)
	}
	rec := d.with(http.MethodGet, "/users", token)
	inShape(t, "the second", rec, http.StatusTooManyRequests)
	if n, err := strconv.Atoi(rec.Header().Get("Retry-After")); err != nil || n < 1 {
		t.Errorf("Retry-After %q", rec.Header().Get("Retry-After"))
	}
}
