package matrix

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// schema is what the description says of a value.
type schema struct {
	Type       any                `json:"type"`
	Ref        string             `json:"$ref"`
	Properties map[string]*schema `json:"properties"`
	Items      *schema            `json:"items"`
	Required   []string           `json:"required"`
	Enum       []any              `json:"enum"`
	Format     string             `json:"format"`
	Pattern    string             `json:"pattern"`
	MaxItems   int                `json:"maxItems"`
	Minimum    *float64           `json:"minimum"`
	Maximum    *float64           `json:"maximum"`
}

// kind is the type of a value; empty where anything is taken.
func (s *schema) kind() string {
	switch t := s.Type.(type) {
	case string:
		return t
	case []any:
		return t[0].(string)
	}
	return ""
}

// A member is one place in a request where something can be said.
type member struct {
	path []string // "[]" is the first of a list
	*schema
}

// kept reports whether a text is kept as it is said, or at all: credentials are looked at as their kind says, and the older ways to say
// where an item is are not kept.
func (m member) kept() bool {
	return !slices.ContainsFunc(m.path, func(step string) bool {
		return slices.Contains([]string{"credentials", "metadata", "remote_group_id", "remote_resource_id"}, step)
	})
}

// members are all places in a body, however deep.
func (op describedOp) members(s *schema, way []string) []member {
	s = op.resolve(s)
	var found []member
	if len(way) > 0 {
		found = append(found, member{slices.Clone(way), s})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		found = append(found, op.members(s.Properties[name], append(way, name))...)
	}
	if s.Items != nil {
		found = append(found, op.members(s.Items, append(way, "[]"))...)
	}
	return found
}

func (op describedOp) resolve(s *schema) *schema {
	for s.Ref != "" {
		s = op.schemas[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]]
	}
	return s
}

// sample is a value that the description allows.
func (op describedOp) sample(s *schema) any {
	s = op.resolve(s)
	switch {
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Format == "uuid":
		return op.app
	case s.Format == "date-time":
		return "2026-01-01T00:00:00Z"
	}
	switch s.kind() {
	case "object":
		out := map[string]any{}
		for _, name := range s.Required {
			out[name] = op.sample(s.Properties[name])
		}
		return out
	case "array":
		return []any{}
	case "integer":
		return 1
	case "boolean":
		return false
	}
	return "x"
}

// with is body, of that schema, with v at the path; what is above it and missing is made up.
func (op describedOp) with(body any, s *schema, path []string, v any) any {
	if len(path) == 0 {
		return v
	}
	s = op.resolve(s)
	if path[0] == "[]" {
		list, _ := body.([]any)
		var first any
		if len(list) > 0 {
			first = list[0]
		}
		return []any{op.with(first, s.Items, path[1:], v)}
	}
	has, ok := body.(map[string]any)
	if !ok {
		has, _ = op.sample(s).(map[string]any)
	}
	out := maps.Clone(has)
	out[path[0]] = op.with(has[path[0]], s.Properties[path[0]], path[1:], v)
	return out
}

// bad are values that must be refused by the member's name.
func (op describedOp) bad(m member) []any {
	switch m.kind() {
	case "string":
		list := []any{endless, 7, []any{}, map[string]any{}}
		if m.Format == "uuid" || m.Pattern != "" {
			list = append(list, "nope", strings.Repeat("z", 36))
		}
		if m.kept() {
			list = append(list, "x\x1b[2Jy", "x\u202ey", "x\x00y")
		}
		return list
	case "integer":
		list := []any{"7", 1.5, json.Number("1e30"), json.Number("99999999999999999999"), []any{}}
		if m.Maximum != nil {
			list = append(list, *m.Maximum+1)
		}
		if m.Minimum != nil {
			list = append(list, *m.Minimum-1, -1<<53)
		}
		return list
	case "boolean":
		return []any{"yes", 7}
	case "array":
		many := make([]any, m.MaxItems+1)
		for n := range many {
			many[n] = op.sample(m.Items)
		}
		return []any{many, "x", map[string]any{"x": 1}}
	case "object":
		return []any{"x", []any{}, 7}
	}
	return nil
}

// odd are values that may be taken or not, and must not be the server's fault.
func (m member) odd() []any {
	list := []any{nil}
	switch {
	case m.Format == "date-time":
		list = append(list, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59-23:59")
	case m.kind() == "string":
		list = append(list, "", " ", "\u00e9\u0301", "'; drop table app; --", "%", "\\")
	case m.kind() == "integer":
		list = append(list, 0, -1, -1<<53, 1<<53)
	case m.kind() == "array":
		list = append(list, []any{}, []any{nil}, []any{[]any{}})
	case m.kind() == "object":
		list = append(list, map[string]any{}, map[string]any{"unknown": 1})
	case m.kind() == "":
		list = append(list, 7, "x", []any{}, map[string]any{"x": nil})
	}
	return list
}

func TestEveryMemberOfARequestToTheOpalDoorHasALimitThatIsNamed(t *testing.T) {
	t.Parallel()
	s := raise(t, "")
	ops, asked := s.described(), 0
	for _, a := range s.acts() {
		decides := a.name == "Requests.ApproveRequest" || a.name == "Requests.DenyRequest" // which an administrator does for all
		if op := ops[a.name]; a.note == "" && !decides || a.note == "admin" {
			asked += s.limitsOf(op, a)
		}
	}
	if asked < 700 {
		t.Errorf("only %d members were found", asked)
	}
}

// limitsOf sends every member of a request in ways that are refused, and in odd ones, and answers how many there are.
func (s *stage) limitsOf(op describedOp, a act) int {
	s.Helper()
	op.app = s.ids["app"]
	asked := 0
	for _, p := range op.Parameters {
		asked++
		s.parameter(op, a, p.In, p.Name, op.resolve(p.Schema))
	}
	content, ok := op.RequestBody.Content["application/json"]
	if !ok {
		return asked
	}
	var body any
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		s.Fatal(err)
	}
	for _, m := range op.members(content.Schema, nil) {
		asked++
		for _, v := range op.bad(m) {
			s.refused(a, op.with(body, content.Schema, m.path, v), m)
		}
		for _, v := range m.odd() {
			s.bearable(a, s.marshal(op.with(body, content.Schema, m.path, v)))
		}
	}
	s.bodies(a, body)
	return asked
}

// marshal writes a body; placeholders in it stand for what is there by then.
func (s *stage) marshal(v any) string {
	s.Helper()
	var raw strings.Builder
	out := json.NewEncoder(&raw)
	out.SetEscapeHTML(false)
	if err := out.Encode(v); err != nil {
		s.Fatal(err)
	}
	return s.fillIn(raw.String(), others, "owner")
}

// refused sends a body that must be refused with 400 by the name of what is wrong, and must change nothing.
func (s *stage) refused(a act, body any, m member) {
	s.Helper()
	at, sent := s.at(a.path, a.query), s.marshal(body)
	before := s.newest()
	status, text := s.send(a, at, sent)
	place := strings.Join(m.path, ".")
	unknown := status == http.StatusNotFound && strings.Contains(place, "access_level") // it is looked for, and not kept
	named := slices.ContainsFunc(m.path, func(step string) bool { return strings.Contains(text, step) })
	if !unknown && (status != http.StatusBadRequest || !named) {
		s.Errorf("%s: %s: %.60s: %d %.200s", a.name, place, sent, status, text)
	}
	if status >= 400 && s.newest() != before {
		s.Errorf("%s: %s: refused, and something was changed", a.name, place)
	}
}

// bearable sends what may be taken or refused: that is no fault of the server's, and what is refused changes nothing.
func (s *stage) bearable(a act, body string) int {
	s.Helper()
	at := s.at(a.path, a.query)
	before := s.newest()
	status, text := s.send(a, at, body)
	if status >= 500 && status != http.StatusNotImplemented {
		s.Errorf("%s: %.200s: %d %.200s", a.name, body, status, text)
	}
	if status >= 400 && s.newest() != before {
		s.Errorf("%s: %.200s: %d, and something was changed", a.name, body, status)
	}
	return status
}

// at is where a request goes, about objects that are there.
func (s *stage) at(path, query string) string {
	s.Helper()
	if query != "" {
		path += "?" + query
	}
	return "/v1" + s.fillIn(path, others, "owner")
}

// send sends a request as a Super Administrator, and checks the shape of a refusal.
func (s *stage) send(a act, at, body string) (int, string) {
	s.Helper()
	status, text := s.call(s.admin, a.verb, at, body)
	if status < 300 && a.verb != http.MethodGet {
		s.spent(a.path+a.body, others, "owner")
		if a.name == "EventStreams.CreateEventStream" { // there can be few
			s.made[key("stream", others, "")] = s.stream()
		}
	}
	var refusal struct {
		Code    int
		Message string
	}
	if status >= 300 && (json.Unmarshal([]byte(text), &refusal) != nil || refusal.Code != status || refusal.Message == "" || len(text) > 4000) {
		s.Errorf("%s: %.100s: %d %.200s, which is no refusal", a.name, body, status, text)
	}
	return status, text
}

// newest is the last event.
func (s *stage) newest() string {
	s.Helper()
	return s.as(http.MethodGet, "/events?page_size=1", "", "results", "0", "event_id")
}

// parameter says something wrong in one parameter of the path or the query.
func (s *stage) parameter(op describedOp, a act, in, name string, p *schema) {
	s.Helper()
	body := s.fillIn(a.body, others, "owner")
	if in == "path" {
		if p.Format != "uuid" {
			return
		}
		for value, want := range map[string]int{"nope": 400, "287oY0rG4UirjDNFEYguMBvxyim": 400, "00000000-0000-7000-8000-000000000000": 404} {
			at := s.at(replaced(op, a, name, value), a.query)
			if status, text := s.send(a, at, body); status != want {
				s.Errorf("%s %s: %d %.200s, want %d", a.verb, at, status, text, want)
			}
		}
		return
	}
	item, bad := p, []string{}
	if p.kind() == "array" {
		item = p.Items
		bad = append(bad, strings.Repeat("x,", p.MaxItems+1))
	}
	switch {
	case item.Format == "uuid" || len(item.Enum) > 0:
		bad = append(bad, "nope", "\x00")
	case item.kind() == "integer":
		bad = append(bad, "x", "99999999999999999999", "1.5")
	case item.kind() == "boolean":
		bad = append(bad, "maybe")
	default:
		bad = append(bad, endless)
	}
	for _, v := range bad {
		status, text := s.send(a, s.at(a.path, with1(a.query, name, v)), body)
		if status != http.StatusBadRequest || !strings.Contains(text, name) {
			s.Errorf("%s?%s=%.20q: %d %.200s", a.name, name, v, status, text)
		}
	}
	for _, v := range []string{"", "%", "'", "-1", "1,,2", "\u202e", "x\x00y"} {
		if status, text := s.send(a, s.at(a.path, with1(a.query, name, v)), body); status >= 500 && status != 501 {
			s.Errorf("%s?%s=%q: %d %.200s", a.name, name, v, status, text)
		}
	}
}

// with1 is a query with one parameter set.
func with1(query, name, value string) string {
	kept := slices.DeleteFunc(strings.Split(query, "&"), func(p string) bool { return p == "" || strings.HasPrefix(p, name+"=") })
	return strings.Join(append(kept, name+"="+url.QueryEscape(value)), "&")
}

// replaced is the path of a request with another value for one variable.
func replaced(op describedOp, a act, variable, value string) string {
	template := strings.Split(op.path, "/")
	path := strings.Split(a.path, "/")
	for n, part := range template {
		if part == "{"+variable+"}" {
			path[n] = value
		}
	}
	return strings.Join(path, "/")
}

// bodies sends whole bodies that are no use.
func (s *stage) bodies(a act, body any) {
	s.Helper()
	at, whole := s.at(a.path, a.query), s.marshal(body)
	for _, bad := range []string{
		"[", "{", "[]", "7", `"x"`, "\xff", whole + "x",
		`{"unknown":` + strings.Repeat("[", 20_000), `{"unknown":"` + strings.Repeat("x", 5<<20) + `"}`,
	} {
		before := s.newest()
		if status, text := s.send(a, at, bad); status != http.StatusBadRequest {
			s.Errorf("%s: %.30q: %d %.200s", a.name, bad, status, text)
			at = s.at(a.path, a.query)
		} else if s.newest() != before {
			s.Errorf("%s: %.30q: refused, and something was changed", a.name, bad)
		}
	}
	for _, odd := range []string{"", "null", " null ", "{}", strings.Replace(whole, "{", `{"name":"a","name":"b","unknown":[{}],`, 1)} {
		s.bearable(a, odd)
	}
	if members, ok := body.(map[string]any); ok {
		more := maps.Clone(members)
		more["no_such_member"] = map[string]any{"x": []any{fmt.Sprint(1)}}
		if a.before != "" {
			return
		}
		if status := s.bearable(a, s.marshal(more)); status >= 400 && a.note != "admin" { // who asked does not decide
			s.Errorf("%s with a member that nobody knows: %d", a.name, status)
		}
	}
}
