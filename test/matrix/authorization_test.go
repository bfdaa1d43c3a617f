package matrix

import (
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

var update = flag.Bool("update", false, "write the tables in testdata anew")

const file = "testdata/authorization.csv"

func TestEveryCallerIsAnsweredAsTheTableSays(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { open(t, "").compare(operations(t)) })
	t.Run("postgres", func(t *testing.T) { open(t, dbtest.URL(t)).compare(operations(t)) })
}

// secrets are the beginnings of what [office.hire] writes about a person and only some may read.
var secrets = []string{"account of ", "login-of-", "department of ", "job of ", "number of ", "secret of "}

// compare plays all requests as all callers.
func (o *office) compare(all []operation) {
	o.Helper()
	got := [][]string{append([]string{"operation", "about"}, callers...)}
	for _, op := range all {
		about := []string{"-"}
		if op.personal() {
			about = []string{"other", "self"}
		}
		for _, whom := range about {
			line := []string{strings.TrimSpace(op.name + " " + op.note), whom}
			for _, caller := range callers {
				line = append(line, o.play(op, caller, whom))
			}
			got = append(got, line)
		}
	}
	o.agree(file, got)
}

// agree compares what callers were answered with the table in a file, or writes it.
func (o *office) agree(file string, got [][]string) {
	o.Helper()
	if *update {
		o.write(file, got)
		return
	}
	want := o.table(file)
	lines := map[string][]string{}
	for _, l := range want {
		lines[l[0]+" about "+l[1]] = l
	}
	for _, l := range got {
		name := l[0] + " about " + l[1]
		if !slices.Equal(lines[name], l) {
			o.Errorf("%s\n got  %v\n want %v", name, l[2:], lines[name])
		}
		delete(lines, name)
	}
	for name := range lines {
		o.Errorf("%s is in the table and not there", name)
	}
}

// play sends one request as one caller and returns what the cell of the table has.
func (o *office) play(op operation, caller, about string) string {
	o.Helper()
	person := "grace"
	if about == "self" {
		person = caller
	}
	status, text := o.call(o.tokens[caller], op.verb, o.fill(person, op.path), o.fill(person, op.body))
	if status >= 500 && status != 501 {
		o.Errorf("%s %s as %s about %s: %d %s", op.name, op.note, caller, about, status, text)
	}
	if caller == "user" || caller == "custom" {
		for _, secret := range secrets {
			if strings.Contains(text, secret+"grace") {
				o.Errorf("%s %s tells %s about %s: %sgrace", op.name, op.note, caller, about, secret)
			}
		}
	}
	return cell(status, text)
}

// fill puts what is there in the place of placeholders, a person's where it is theirs.
func (o *office) fill(person, text string) string {
	for _, names := range []map[string]string{o.people[person], o.people[""]} {
		for placeholder, value := range names {
			text = strings.ReplaceAll(text, placeholder, value)
		}
	}
	return text
}

// cell is a status and, behind a colon, how many things were listed.
func cell(status int, text string) string {
	var answer struct {
		List, Bindings []any
	}
	if json.Unmarshal([]byte(text), &answer) != nil || status != 200 {
		return strconv.Itoa(status)
	}
	switch {
	case answer.List != nil:
		return fmt.Sprintf("200:%d", len(answer.List))
	case answer.Bindings != nil:
		return fmt.Sprintf("200:%d", len(answer.Bindings))
	default:
		return "200"
	}
}

func (o *office) table(path string) [][]string {
	o.Helper()
	f, err := os.Open(path)
	if err != nil {
		o.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		o.Fatal(err)
	}
	return lines
}

func (o *office) write(file string, lines [][]string) {
	o.Helper()
	f, err := os.Create(file)
	if err != nil {
		o.Fatal(err)
	}
	w := csv.NewWriter(f)
	if err := w.WriteAll(lines); err != nil {
		o.Fatal(err)
	}
	if err := f.Close(); err != nil {
		o.Fatal(err)
	}
}

// A body that cannot be read shows who is asked first: the guard, not the decoder.
func TestNobodyGetsAnywhereWithoutALiveToken(t *testing.T) {
	o := open(t, "")
	for _, op := range operations(t) {
		path := strings.NewReplacer("<nothing>", "x", "<", "", ">", "").Replace(op.path)
		if status, text := o.call("", op.verb, path, "{"); status != 401 {
			t.Errorf("%s without a token: %d %s", op.name, status, text)
		}
	}
	user := o.people["owner"]["<user>"]
	o.must("POST", "/api/interim/v1/users/"+user+"/disable", "{}")
	for _, op := range operations(t) {
		if status, text := o.call(o.tokens["owner"], op.verb, strings.NewReplacer("<", "", ">", "").Replace(op.path), "{"); status != 401 {
			t.Errorf("%s as a disabled Super Administrator: %d %s", op.name, status, text)
		}
	}
}

// The table has what is refused about things that are not there, so that its lines can be played in any order. Here everything is
// there, and somebody else's.
func TestNobodyChangesWhatIsNotTheirs(t *testing.T) {
	o := open(t, "")
	for _, op := range operations(t) {
		path, body := op.existing(), first(whole[op.name], op.body)
		if op.verb == "GET" || op.note != "" || reads.MatchString(op.variables) || !strings.Contains(path+body, "<") {
			continue
		}
		for _, caller := range []string{"viewer", "user", "system-logs-reader", "custom"} {
			status, text := o.call(o.tokens[caller], op.verb, o.fill("grace", path), o.fill("grace", body))
			switch {
			case status == 403 || status == 404 || status == 501:
			case caller == "viewer" && strings.HasSuffix(op.name, "TaskActionsService.Comment"): // for everybody who sees the task
			case within[op.name] != "" && strings.Contains(text, `"code":7`):
			case status == 400 && strings.Contains(text, `"code":9`): // nobody may, as things stand
			default:
				t.Errorf("%s as %s: %d %.200s", op.name, caller, status, text)
			}
		}
	}
}

// reach is how far a built-in role's permission goes, by permission and role.
func (o *office) reach() map[string]string {
	o.Helper()
	rights := o.table("../../internal/govern/iam/builtin.csv")
	reach := map[string]string{}
	for _, line := range rights[1:] {
		for i, role := range rights[0][1:] {
			reach[line[0]+" "+strings.TrimPrefix(role, "system:")] = line[i+1]
		}
	}
	return reach
}

// What the table of built-in roles says and what callers meet are two things until somebody compares them.
func TestTheTableAgreesWithTheBuiltinRoles(t *testing.T) {
	o := &office{T: t}
	reach := o.reach()
	for _, line := range o.table(file)[1:] {
		name, _, _ := strings.Cut(line[0], " ")
		for i, caller := range callers {
			status, far := line[i+2], reach["permission/"+name+" "+caller]
			switch {
			case caller == "custom" && name == "c1.api.app.v1.Apps.List":
				far = "all"
			case caller == "custom":
				far = "-"
			case caller == "scoped":
				far = reach["permission/"+name+" owner"]
			}
			switch denied := status == "403"; {
			case status == "501" || caller == "scoped" && denied && takesUnscoped[name]:
			case far == "own" && denied && aboutOwners.MatchString(name):
			case far == "":
				t.Errorf("%s: no permission of that name", name)
			case far == "-" && !denied:
				t.Errorf("%s as %s about %s: %s, but the role does not have it", line[0], caller, line[1], status)
			case denied && (far == "all" || far == "own" && line[1] != "other"):
				t.Errorf("%s as %s about %s: 403, but the role reaches %s", line[0], caller, line[1], far)
			case far == "own" && line[1] == "other" && strings.HasPrefix(status, "200:") && status != "200:0":
				t.Errorf("%s as %s about another: %s, but the role reaches its own", line[0], caller, status)
			}
		}
	}
}

// takesUnscoped are the operations that take a Super Administrator whose credential is not scoped: they make or widen credentials
// of other people, or have somebody answer instead of them.
var takesUnscoped = map[string]bool{
	"interim.v1.PersonalClients.Create": true, "interim.v1.ApiTokens.Create": true, "interim.v1.LoginLinks.Create": true, "c1.api.iam.v1.PersonalClientService.Update": true,
	"c1.api.user.v1.UserService.SetExpiringUserDelegationBindingByAdmin": true,
}

// aboutOwners are the operations of which one's own is what one owns, not what is about oneself. No caller of the matrix owns
// anything: what owners may is played where owners are served.
var aboutOwners = regexp.MustCompile(`Owners(V2)?\.`)
