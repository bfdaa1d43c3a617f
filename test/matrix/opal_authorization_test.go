package matrix

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/server"
)

const opalFile = "testdata/opal.csv"

// opalCallers are the columns: those of the other API, an API token of a Super Administrator that only reads, and nobody.
var opalCallers = append(slices.Clone(callers), "reads", "nobody")

func TestEveryCallerOfTheOpalDoorIsAnsweredAsTheTableSays(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		raise(t, "").perform()
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		raise(t, dbtest.URL(t)).perform()
	})
}

// raise furnishes an office with what the lists of the Opal API show.
func raise(t *testing.T, database string) *stage {
	t.Helper()
	s := bare(t, database)
	for _, way := range []string{others, given, own, unseen} {
		for _, kind := range []string{"group", "resource", "bundle", "request", "delegation", "set", "token"} {
			for _, caller := range callers {
				if slices.Contains(things[kind].ways, way) {
					s.thing(kind, way, caller)
				}
			}
		}
	}
	for _, kind := range []string{"tag", "template", "rule", "binding", "stream", "channel", "schedule", "nhi"} {
		s.thing(kind, others, "")
	}
	return s
}

// bare is an office in which nothing of the Opal API has been made yet.
func bare(t *testing.T, database string) *stage {
	t.Helper()
	s := &stage{office: started(t, database, served(t)), ids: map[string]string{}, made: map[string]string{}}
	s.ids["app"] = uuidOf(s.people[""]["<app>"])
	for name, has := range s.people {
		if name != "" {
			s.ids[name] = uuidOf(has["<user>"])
		}
	}
	s.ids["margaret"] = uuidOf(s.must("POST", "/api/interim/v1/users", `{"displayName":"margaret","email":"margaret@example.com"}`, "user", "id"))
	s.ids["reads"], s.ids["nobody"] = s.ids["owner"], s.ids["grace"]
	s.tokens["reads"] = s.must("POST", "/api/interim/v1/api_tokens",
		`{"label":"terraform","access":"API_TOKEN_ACCESS_READ_ONLY","userId":"`+s.people["owner"]["<user>"]+`"}`, "secret")
	s.as(http.MethodPost, "/owners", `{"name":"Set of grace","user_ids":["`+s.ids["grace"]+`"]}`)
	for _, caller := range callers[:4] { // whom nobody else answers for, so that they decide
		s.must("DELETE", "/api/interim/v1/delegations/"+s.people[caller]["<delegation>"], "")
	}
	return s
}

// served lets the server itself start once, which makes what every installation has.
func served(t *testing.T) func(server.Options) {
	return func(opt server.Options) {
		t.Helper()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		opt.Config.Listen, opt.Config.ListenOps = "127.0.0.1:0", "127.0.0.1:0"
		opt.Log = slog.New(slog.NewTextHandler(stopper{stop}, nil))
		if err := server.Run(ctx, opt); err != nil {
			t.Fatal(err)
		}
	}
}

// stopper stops a server once it says that it serves.
type stopper struct{ stop func() }

func (s stopper) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("msg=serving")) {
		s.stop()
	}
	return len(line), nil
}

// perform plays all requests as all callers.
func (s *stage) perform() {
	s.Helper()
	got := [][]string{append([]string{"operation", "about"}, opalCallers...)}
	seen := map[string]string{} // how reading an object was answered, by the object, whose it is and the caller
	for _, a := range s.acts() {
		object := strings.Trim(placeholder.FindString(a.path), "<>")
		for _, way := range a.ways() {
			line := []string{strings.TrimSpace(a.name + " " + a.note), way}
			for _, caller := range opalCallers {
				status := s.act(a, way, caller)
				line = append(line, status)
				at := object + " " + way + " " + caller
				if reading[object] == a.name {
					seen[at] = status
				}
				switch read := seen[at]; {
				case read == "200" && status == "404" && !strings.HasPrefix(a.name, "Resources.GetResourceUser"): // of others it is hidden
					s.Errorf("%s as %s about %s: 404, and it can be read", line[0], caller, way)
				case read == "404" && status != "404" && status != "403":
					s.Errorf("%s as %s about %s: %s, and it cannot be read", line[0], caller, way, status)
				}
			}
			got = append(got, line)
		}
	}
	s.agree(opalFile, got)
}

// reading are the operations that read an object. What they show a caller is refused with 403, what they do not show is not there.
var reading = map[string]string{
	"group": "Groups.GetGroup", "resource": "Resources.GetResourceID", "bundle": "Bundles.GetBundle", "request": "Requests.GetRequest",
	"delegation": "Delegations.GetDelegation", "set": "Owners.GetOwnerID",
}

// What the table of built-in roles says and what callers meet are two things until somebody compares them.
func TestTheTableOfTheOpalDoorAgreesWithTheBuiltinRoles(t *testing.T) {
	o := &office{T: t}
	reach := o.reach()
	for _, line := range o.table(opalFile)[1:] {
		name, _, _ := strings.Cut(line[0], " ")
		reads := strings.HasPrefix(name[strings.IndexByte(name, '.')+1:], "Get")
		for i, caller := range opalCallers {
			status, owner := line[i+2], line[2]
			far := reach["permission/opal.v1."+name+" "+caller]
			switch caller {
			case "custom":
				far = "-"
			case "scoped":
				far = "own" // as little as a person may, where it is a person that counts
			case "nobody":
				if status != "401" {
					t.Errorf("%s as nobody: %s", line[0], status)
				}
				continue
			case "reads":
				if far = "-"; reads {
					far = "all"
				}
				if reads && status[:3] != owner[:3] {
					t.Errorf("%s with a token that reads only: %s, not %s", line[0], status, owner)
				}
			}
			switch denied := status == "403"; {
			case far == "":
				t.Errorf("%s: no permission of that name", name)
			case far == "-" && !denied:
				t.Errorf("%s as %s about %s: %s, but the role does not have it", line[0], caller, line[1], status)
			case far == "all" && denied && !personal[name]:
				t.Errorf("%s as %s about %s: 403, but the role reaches all", line[0], caller, line[1])
			case far == "own" && line[1] == unseen && caller == "user" && status[0] == '2' && !strings.HasSuffix(status, ":0"):
				t.Errorf("%s as %s: %s about what is hidden", line[0], caller, status)
			}
		}
	}
}

// personal are the operations that go by who the caller is, whatever their roles reach.
var personal = map[string]bool{
	"Requests.ApproveRequest": true, "Requests.DenyRequest": true, "Requests.CreateRequestComment": true,
}

// act sends one request as one caller and returns what the cell of the table has.
func (s *stage) act(a act, way, caller string) string {
	s.Helper()
	whose := caller
	if caller == "nobody" || caller == "reads" {
		whose = "owner"
	}
	if a.before != "" {
		verb, rest, _ := strings.Cut(s.fillIn(a.before, way, whose), " ")
		path, body, _ := strings.Cut(rest, " ")
		s.as(verb, path, body)
	}
	path := a.path
	if a.query != "" {
		path += "?" + a.query
	}
	status, text := s.call(s.tokens[caller], a.verb, "/v1"+s.fillIn(path, way, whose), s.fillIn(a.body, way, whose))
	if status < 300 && a.verb != http.MethodGet || a.before != "" {
		s.spent(path+a.body, way, whose)
	}
	var refusal struct {
		Code    int
		Message string
	}
	if status >= 300 {
		if err := json.Unmarshal([]byte(text), &refusal); err != nil || refusal.Code != status || refusal.Message == "" {
			s.Errorf("%s as %s about %s: %d %s, which is no refusal", a.name, caller, way, status, text)
		}
	}
	if status >= 500 || status == http.StatusBadRequest {
		s.Errorf("%s %s as %s about %s: %d %s", a.name, a.note, caller, way, status, text)
	}
	return opalCell(status, text)
}

// opalCell is a status and, behind a colon, how many things were listed.
func opalCell(status int, text string) string {
	said := strconv.Itoa(status)
	var list []any
	var members map[string]any
	if status > 299 || json.Unmarshal([]byte(text), &list) != nil && json.Unmarshal([]byte(text), &members) != nil {
		return said
	}
	if members == nil {
		return fmt.Sprintf("%s:%d", said, len(list))
	}
	for _, name := range []string{
		"results", "requests", "edges", "apps", "channels", "on_call_schedules", "group_resources", "tags", "users", "mappings", "data",
		"containing_groups", "comments", "event_streams", "bundles", "bundle_groups", "bundle_resources",
	} {
		if list, ok := members[name].([]any); ok {
			return fmt.Sprintf("%s:%d", said, len(list))
		}
	}
	return said
}
