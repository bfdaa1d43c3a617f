package opal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/interim-access/interim/internal/api/goldentest"
	"github.com/interim-access/interim/internal/api/opal"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

// noon is when every test begins.
var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// door is the door of a fresh installation, and whoever stands before it.
type door struct {
	*testing.T
	*opal.Deps
	clock  *clock.Fake
	door   *opal.Door
	who    *iam.Principal
	script bytes.Buffer
	names  map[string]string // UUID → name in the transcript

	secrets []string // and what else is new each time: values and their names, in turn
}

// onDoor runs test on both engines. The transcript of a test is compared with testdata/<name>.golden, which is the same for both; no
// name, no transcript.
func onDoor(t *testing.T, name string, test func(d *door)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, engine *db.DB) {
		d := newDoor(t, engine)
		test(d)
		if name != "" {
			d.compare(filepath.Join("testdata", name+".golden"))
		}
	})
}

func newDoor(t *testing.T, engine *db.DB) *door {
	t.Helper()
	d := &door{T: t, clock: clock.NewFake(noon), names: map[string]string{}}
	d.Deps = install(t, engine, d.clock)
	d.Interceptors = []grpc.UnaryServerInterceptor{d.enter}
	d.Log = slog.New(slog.DiscardHandler)
	var err error
	if d.door, err = opal.New(d.Deps, "test"); err != nil {
		t.Fatal(err)
	}
	return d
}

// enter stands in for the guard: the caller is d.who, under the permission of the operation.
func (d *door) enter(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	ctx, err := d.IAM.Enter(ctx, d.who, iam.PermissionOf(info.FullMethod))
	if err != nil {
		return nil, err
	}
	return handler(ctx, req)
}

// person makes a user with a built-in role and lets them stand before the door.
func (d *door) person(name, role string) directory.User {
	d.Helper()
	first, _, _ := strings.Cut(strings.ToLower(name), " ")
	u, err := d.Directory.Create(d.Context(), directory.User{DisplayName: name, Email: first + "@example.com"})
	if err != nil {
		d.Fatal(err)
	}
	d.names[string(u.ID)] = first
	d.as(u, role)
	return u
}

// as lets u stand before the door, with a built-in role.
func (d *door) as(u directory.User, role string) {
	d.Helper()
	r, err := d.IAM.Role(iam.AsSystem(d.Context()), iam.BuiltinID(role))
	if err != nil {
		d.Fatal(err)
	}
	d.who = &iam.Principal{UserID: u.ID, Name: u.DisplayName, Email: u.Email, Kind: iam.KindPersonal, Scopes: r.Scopes(),
		SuperAdmin: role == iam.SuperAdministrator}
}

// answer is what came back.
type answer struct {
	status int
	body   any
}

// at returns the member at a dotted path, numbers being places in a list; nil where there is none.
func (a answer) at(path string) any {
	v := a.body
	for key := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[key]
		case []any:
			var i int
			if _, err := fmt.Sscanf(key, "%d", &i); err != nil || i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}

func (a answer) text(path string) string {
	s, _ := a.at(path).(string)
	return s
}

// call sends a request to a path below /v1; body is JSON, "" for none.
func (d *door) call(method, path, body string) answer {
	d.Helper()
	req := httptest.NewRequestWithContext(d.Context(), method, opal.Base+path, strings.NewReader(body))
	rec := httptest.NewRecorder()
	d.door.ServeHTTP(rec, req)
	a := answer{status: rec.Code}
	if rec.Body.Len() == 0 {
		return a
	}
	if kind := rec.Header().Get("Content-Type"); kind != "application/json" {
		d.Errorf("%s %s: content type %q", method, path, kind)
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &a.body); err != nil {
		d.Fatalf("%s %s: %v: %s", method, path, err, rec.Body)
	}
	return a
}

// want is call for an answer of that status, with a place in the transcript.
func (d *door) want(status int, title, method, path, body string) answer {
	d.Helper()
	a := d.call(method, path, body)
	if a.status != status {
		d.Fatalf("%s: %s %s %s: status %d, want %d: %v", title, method, path, body, a.status, status, a.body)
	}
	shown := ""
	if a.body != nil {
		raw, err := json.MarshalIndent(a.body, "", "  ")
		if err != nil {
			d.Fatal(err)
		}
		shown = " " + string(raw)
	}
	fmt.Fprintf(&d.script, "# %s\n%s %s", title, method, path)
	if body != "" {
		fmt.Fprintf(&d.script, "\n%s", body)
	}
	fmt.Fprintf(&d.script, "\n%d%s\n\n", a.status, shown)
	return a
}

// made is want for a creation whose id gets a name in the transcript.
func (d *door) made(name, idPath, title, path, body string) string {
	d.Helper()
	a := d.want(http.StatusOK, title, http.MethodPost, path, body)
	id := a.text(idPath)
	if !uuid.MatchString(id) {
		d.Fatalf("%s: no id at %s: %v", title, idPath, a.body)
	}
	d.names[id] = name
	return id
}

// refused checks that each request is answered with that status and a message that names what the key says.
func (d *door) refused(status int, method, path string, bodies map[string]string) {
	d.Helper()
	for word, body := range bodies {
		a := d.call(method, path, body)
		if a.status != status || !strings.Contains(a.text("message"), word) || a.at("code") != float64(status) {
			d.Errorf("%s %s %s: %d %v, want %d naming %q", method, path, body, a.status, a.body, status, word)
		}
	}
}

var (
	uuid   = regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`)
	cursor = regexp.MustCompile(`("next": |"previous": |"cursor": |"endCursor": |"startCursor": |cursor=)"?[A-Za-z0-9_-]{24,}"?`)
)

// compare compares the transcript with the golden one; identities are shown by their names, the others by their order.
func (d *door) compare(file string) {
	d.Helper()
	text := strings.NewReplacer(d.secrets...).Replace(cursor.ReplaceAllString(d.script.String(), `${1}<cursor>`))
	got := uuid.ReplaceAllStringFunc(text, func(id string) string {
		if d.names[id] == "" {
			d.names[id] = fmt.Sprintf("id-%d", len(d.names)+1)
		}
		return "<" + d.names[id] + ">"
	})
	goldentest.Compare(d.T, file, got)
}
