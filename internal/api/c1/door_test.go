package c1_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/api/goldentest"
	"github.com/interim-access/interim/internal/api/interim"
	"github.com/interim-access/interim/internal/api/transcode"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/contact"
	"github.com/interim-access/interim/internal/govern/delegation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/page"
	"github.com/interim-access/interim/internal/platform/seal"
)

// door is the JSON door of a fresh installation, and whoever stands before it.
type door struct {
	*testing.T
	deps    *c1.Deps
	clock   *clock.Fake
	handler http.Handler
	who     *iam.Principal
	script  bytes.Buffer
	names   map[string]string // KSUID → name in the transcript
}

// onDoors runs test on both engines. The transcript of a test is compared with testdata/<name>.golden, which is the same for both, and
// the same again when gRPC carries the calls.
func onDoors(t *testing.T, name string, test func(d *door)) {
	t.Helper()
	if name == "" {
		dbtest.Each(t, func(t *testing.T, engine *db.DB) { test(newDoor(t, engine)) })
		return
	}
	played := func(d *door) {
		test(d)
		d.compare(filepath.Join("testdata", name+".golden"))
	}
	dbtest.Each(t, func(t *testing.T, engine *db.DB) { played(newDoor(t, engine)) })
	t.Run("grpc", func(t *testing.T) {
		d := newDoor(t, dbtest.SQLite(t))
		d.open(d.forward(d.dial()))
		played(d)
	})
}

func newDoor(t *testing.T, engine *db.DB) *door {
	t.Helper()
	c := clock.NewFake(time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC))
	log := audit.New(engine, c)
	people := directory.New(engine, c, log)
	rights, err := iam.New(t.Context(), iam.Options{
		DB: engine, Clock: c, Audit: log, Settings: iam.NewSettings(engine, c, seal.New([32]byte{1})), Host: "interim.example.com",
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(rights.Close)
	apps, owners := app.New(engine, c, log), owner.New(owner.Deps{DB: engine, Clock: c, Audit: log})
	apps.TellCreated(owners)
	rights.Relate(owners)
	d := &door{T: t, clock: c, names: map[string]string{}, deps: &c1.Deps{
		DB: engine, Clock: c, Tokens: page.NewTokens(make([]byte, 32)), Audit: log, Directory: people, IAM: rights,
		Apps: apps, Owners: owners, Read: read.New(engine, c), PublicURL: "https://interim.example.com",
	}}
	d.deps.Delegations = delegation.New(delegation.Deps{DB: engine, Clock: c, Audit: log})
	d.deps.Contacts = contact.New(contact.Deps{DB: engine, Clock: c, Audit: log})
	people.Tell(d.deps.Delegations)
	if d.deps.Policies, err = policy.New(policy.Deps{DB: engine, Clock: c, Audit: log, Owners: d.deps.Owners}); err != nil {
		t.Fatal(err)
	}
	apps.Consult(d.deps.Policies)
	d.deps.Catalogs = catalog.New(catalog.Deps{DB: engine, Clock: c, Audit: log, Apps: apps, Policies: d.deps.Policies, Values: d.deps.Policies})
	apps.Offer(d.deps.Catalogs)
	if err := d.deps.Policies.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.open(d.enter)
	return d
}

// open makes the JSON door, with what stands before its handlers.
func (d *door) open(before grpc.UnaryServerInterceptor) {
	gateway := transcode.New(transcode.Options{Interceptors: []grpc.UnaryServerInterceptor{before}})
	d.deps.Register(gateway)
	interim.Register(gateway, d.deps)
	d.handler = gateway.Handler()
}

// enter stands in for the guard: the caller is d.who, under the permission of the operation.
func (d *door) enter(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	ctx, err := d.deps.IAM.Enter(ctx, d.who, iam.PermissionOf(info.FullMethod))
	if err != nil {
		return nil, err
	}
	reply, err := handler(ctx, req)
	if err == nil && !iam.Checked(ctx) {
		d.Errorf("%s answered without asking what the request reaches", info.FullMethod)
	}
	if shown, ok := reply.(proto.Message); ok && err == nil {
		for _, field := range nulls(shown) {
			d.Errorf("%s answers null for %s", info.FullMethod, field)
		}
	}
	return reply, err
}

// person makes a user with a built-in role and lets them stand before the door.
func (d *door) person(name, role string) directory.User {
	d.Helper()
	u, err := d.deps.Directory.Create(d.Context(), directory.User{DisplayName: name, Email: strings.ToLower(name) + "@example.com"})
	if err != nil {
		d.Fatal(err)
	}
	d.names[c1.KSUID(u.ID)] = strings.ToLower(name)
	d.as(u, role)
	return u
}

func (d *door) as(u directory.User, role string) {
	d.Helper()
	r, err := d.deps.IAM.Role(iam.AsSystem(d.Context()), iam.BuiltinID(role))
	if err != nil {
		d.Fatal(err)
	}
	d.who = &iam.Principal{UserID: u.ID, Name: u.DisplayName, Email: u.Email, Kind: iam.KindPersonal, Scopes: r.Scopes(),
		SuperAdmin: role == iam.SuperAdministrator}
}

// answer is what came back.
type answer struct {
	status int
	body   map[string]any
}

// at returns the member at a dotted path, numbers being places in a list; "" where there is none.
func (a answer) at(path string) any {
	var v any = a.body
	for key := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[key]
		case []any:
			var i int
			if _, err := fmt.Sscanf(key, "%d", &i); err != nil || i >= len(at) {
				return ""
			}
			v = at[i]
		default:
			return ""
		}
	}
	return v
}

func (a answer) text(path string) string {
	s, _ := a.at(path).(string)
	return s
}

func (a answer) list() []any {
	l, _ := a.at("list").([]any)
	return l
}

// call sends a request; body is JSON, "" for none.
func (d *door) call(method, path, body string) answer {
	d.Helper()
	req := httptest.NewRequestWithContext(d.Context(), method, path, strings.NewReader(body))
	rec := httptest.NewRecorder()
	d.handler.ServeHTTP(rec, req)
	a := answer{status: rec.Code}
	if err := json.Unmarshal(rec.Body.Bytes(), &a.body); err != nil {
		d.Fatalf("%s %s: %v: %s", method, path, err, rec.Body)
	}
	return a
}

// say is call with a place in the transcript.
func (d *door) say(title, method, path, body string) answer {
	d.Helper()
	a := d.call(method, path, body)
	shown, err := json.MarshalIndent(a.body, "", "  ")
	if err != nil {
		d.Fatal(err)
	}
	fmt.Fprintf(&d.script, "# %s\n%s %s", title, method, path)
	if body != "" {
		fmt.Fprintf(&d.script, "\n%s", body)
	}
	fmt.Fprintf(&d.script, "\n%d %s\n\n", a.status, shown)
	return a
}

// want is say for an answer of that status.
func (d *door) want(status int, title, method, path, body string) answer {
	d.Helper()
	a := d.say(title, method, path, body)
	if a.status != status {
		d.Fatalf("%s: %s %s %s: status %d, want %d: %v", title, method, path, body, a.status, status, a.body)
	}
	return a
}

// made is want for a creation whose id gets a name in the transcript.
func (d *door) made(name, idPath, title, path, body string) string {
	d.Helper()
	a := d.want(http.StatusOK, title, http.MethodPost, path, body)
	id := a.text(idPath)
	if len(id) != 27 {
		d.Fatalf("%s: no id at %s: %v", title, idPath, a.body)
	}
	d.names[id] = name
	return id
}

var (
	ksuid = regexp.MustCompile(`\b[0-9A-Za-z]{27}\b`)
	trace = regexp.MustCompile(`\(request-id: [0-9a-f]{32}\)`)
	token = regexp.MustCompile(`("nextPageToken": |page_token=|"pageToken":)"?[A-Za-z0-9_-]{40,}`)

	secret = regexp.MustCompile(`secret-token:[^"]+|interim_[A-Za-z0-9_-]{43}`)
	masked = regexp.MustCompile(`"\*{8}[A-Za-z0-9_-]{4}"`)
	client = regexp.MustCompile(`"[a-z]+-[a-z]+-[0-9]+@`)
	custom = regexp.MustCompile(`("custom:[a-z-]+-)[0-9a-f]{8}"`)
	link   = regexp.MustCompile(`(/auth/v1/login[?#][a-z]+=)[^"]+`)
)

// compare compares the transcript with the golden one; identities are shown by their names, the others by their order.
func (d *door) compare(file string) {
	d.Helper()
	text := token.ReplaceAllString(d.script.String(), `${1}"<token>`)
	text = trace.ReplaceAllString(text, "(request-id: <trace>)")
	text = secret.ReplaceAllString(text, "<secret>")
	text = masked.ReplaceAllString(text, `"********<end>"`)
	text = client.ReplaceAllString(text, `"<client>@`)
	text = custom.ReplaceAllString(text, `${1}<end>"`)
	text = link.ReplaceAllString(text, "${1}<token>")
	got := ksuid.ReplaceAllStringFunc(text, func(id string) string {
		if id == "complianceFrameworkValueIds" || id == "PersonalClientSearchService" { // words of 27 letters
			return id
		}
		if d.names[id] == "" {
			d.names[id] = fmt.Sprintf("id-%d", len(d.names)+1)
		}
		return "<" + d.names[id] + ">"
	})
	goldentest.Compare(d.T, file, got)
}

// unserved checks that each body is refused with 501 naming the field.
func (d *door) unserved(method, path string, bodies map[string]string) {
	d.Helper()
	for field, body := range bodies {
		a := d.call(method, path, body)
		if a.status != http.StatusNotImplemented || !strings.Contains(a.text("message"), field) {
			d.Errorf("%s %s %s: %d %v, want 501 naming %s", method, path, body, a.status, a.body, field)
		}
	}
}

// invalid checks that each body is refused with 400 naming the field.
func (d *door) invalid(method, path string, bodies map[string]string) {
	d.Helper()
	for field, body := range bodies {
		a := d.call(method, path, body)
		if a.status != http.StatusBadRequest || !strings.Contains(a.text("message"), strings.TrimRight(field, "'")) {
			d.Errorf("%s %s %s: %d %v, want 400 naming %s", method, path, body, a.status, a.body, field)
		}
	}
}
