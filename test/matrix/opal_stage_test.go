package matrix

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/interim-access/interim/internal/platform/id"
)

// A stage is an office with objects of the Opal API, which are made when a request first names them and again after somebody changed
// them. An object is the caller's own, or somebody else's, or none that the caller sees.
type stage struct {
	*office
	ids   map[string]string // of people, by name
	made  map[string]string // ids by placeholder, whose it is and for whom
	count int

	resource string                // the type of resources; empty: a plain one
	leads    func(kind, it string) // is told of what was made; nil: nobody
}

// The ways in which an object can be about a caller.
const (
	others = "other"  // somebody else's, and seen by everybody
	given  = "given"  // seen by whom it was given to: the caller, or whom they answer for
	own    = "own"    // the caller's
	unseen = "hidden" // seen by administrators only
)

// things are how each object is made, and the ways in which it can be about somebody; none said is only others.
var things map[string]thing

type thing struct {
	ways []string
	make func(s *stage, way, caller string) string
}

func init() { //nolint:gochecknoinits // some are made of others
	items := []string{others, given, own, unseen}
	things = map[string]thing{
		"group":    {items, func(s *stage, way, caller string) string { return s.item("group", way, caller) }},
		"resource": {items, func(s *stage, way, caller string) string { return s.item("resource", way, caller) }},
		"role": {nil, func(s *stage, _, _ string) string {
			return s.put("/resources", strings.Replace(resourceDraft, "CUSTOM", "OPAL_SCOPED_ROLE", 1), "resource_id")
		}},
		"inner":   {nil, func(s *stage, _, _ string) string { return s.plain("group") }},
		"user":    {[]string{others, own}, func(s *stage, way, caller string) string { return s.whom(way, caller) }},
		"nhi":     {nil, func(s *stage, _, _ string) string { return s.service() }},
		"set":     {[]string{others, own}, func(s *stage, way, caller string) string { return s.set(s.whom(way, caller)) }},
		"admin":   {nil, func(s *stage, _, _ string) string { return s.set(s.ids["grace"]) }},
		"bundle":  {[]string{others, given, unseen}, (*stage).bundle},
		"request": {[]string{others, given, own}, (*stage).request},
		"delegation": {[]string{others, given, own}, func(s *stage, way, caller string) string {
			from, to := s.whom(way, caller), s.ids["margaret"]
			if way == given {
				from, to = s.ids["grace"], s.ids[caller]
			}
			return s.put("/delegations", `{"delegator_user_id":"`+from+`","delegate_user_id":"`+to+`","reason":"away",
				"start_time":"2026-01-01T00:00:00Z","end_time":"9000-01-01T00:00:00Z"}`, "id")
		}},
		"token": {[]string{others, own}, func(s *stage, way, caller string) string {
			whose := caller
			if way == others {
				whose = "grace"
			}
			return uuidOf(s.must("POST", "/api/interim/v1/api_tokens",
				`{"label":"CI","access":"API_TOKEN_ACCESS_READ_ONLY","userId":"`+s.people[whose]["<user>"]+`"}`, "apiToken", "id"))
		}},
		"template": {nil, func(s *stage, _, _ string) string {
			return s.put("/configuration-templates", s.fillIn(templateDraft, others, ""), "configuration_template_id")
		}},
		"rule": {nil, func(s *stage, _, _ string) string {
			return s.put("/access-rules", s.fillIn(ruleDraft, others, ""), "access_rule_id")
		}},
		"binding": {nil, func(s *stage, _, _ string) string {
			return s.put("/group-bindings", `{"source_group_id":"`+s.plain("group")+`","groups":[{"group_id":"`+s.plain("group")+`"}]}`,
				"group_binding_id")
		}},
		"stream": {nil, func(s *stage, _, _ string) string {
			return s.stream()
		}},
		"channel": {nil, func(s *stage, _, _ string) string {
			return s.put("/message-channels", s.fillIn(channelDraft, others, ""), "message_channel_id")
		}},
		"schedule": {nil, func(s *stage, _, _ string) string {
			return s.put("/on-call-schedules", s.fillIn(scheduleDraft, others, ""), "on_call_schedule_id")
		}},
		"tag": {nil, func(s *stage, _, _ string) string { return s.put("/tag", s.fillIn(tagDraft, others, ""), "tag_id") }},
		"event": {nil, func(s *stage, _, _ string) string {
			return s.as(http.MethodGet, "/events?page_size=1", "", "results", "0", "event_id")
		}},
	}
}

// Bodies that make things, which are requests of the matrix as well.
const (
	groupDraft    = `{"name":"Group <n>","group_type":"OPAL_GROUP","app_id":"<app>"}`
	resourceDraft = `{"name":"Resource <n>","resource_type":"CUSTOM","app_id":"<app>"}`
	templateDraft = `{"name":"Template <n>","admin_owner_id":"<admin>","visibility":{"visibility":"GLOBAL"},"require_mfa_to_approve":false,
		"require_mfa_to_connect":false}`
	ruleDraft = `{"name":"Rule <n>","description":"","admin_owner_id":"<admin>","status":"ACTIVE",
		"ruleClauses":{"when":{"clauses":[{"selectors":[{"key":"none","value":"<n>","connection_id":"<app>"}]}]}}}`
	streamDraft   = `{"name":"Stream <n>","connection_type":"WEBHOOK","webhook_url":"https://siem.example.com/in"}`
	channelDraft  = `{"third_party_provider":"SLACK","remote_id":"C<n>"}`
	scheduleDraft = `{"third_party_provider":"OPSGENIE","remote_id":"S<n>"}`
	tagDraft      = `{"tag_key":"floor","tag_value":"<n>"}`
	setDraft      = `{"name":"Set <n>","user_ids":["<user>"]}`
	bundleDraft   = `{"name":"Bundle <n>","admin_owner_id":"<admin>"}`
	configured    = `"request_configurations":[{"priority":0,"allow_requests":true,"auto_approval":false,"require_mfa_to_request":false,
		"require_support_ticket":false,"reviewer_stages":[{"operator":"AND","require_manager_approval":false,"owner_ids":["<admin>"]}]}]`
)

var placeholder = regexp.MustCompile(`<[a-z]+>`)

// fillIn puts ids in the place of placeholders: those of objects that are in that way about the caller.
func (s *stage) fillIn(text, way, caller string) string {
	s.Helper()
	return placeholder.ReplaceAllStringFunc(text, func(name string) string {
		switch name = strings.Trim(name, "<>"); name {
		case "n":
			s.count++
			return strconv.Itoa(s.count)
		case "nothing":
			return "00000000-0000-7000-8000-000000000000"
		case "me":
			return s.ids[caller]
		case "app", "grace", "margaret":
			return s.ids[name]
		}
		return s.thing(name, way, caller)
	})
}

// key is what an object that is in that way about the caller is kept under: nobody else's is about the caller alone.
func key(name, way, caller string) string {
	if !slices.Contains(things[name].ways, way) {
		way = others
	}
	if way == others || way == unseen {
		caller = ""
	}
	return name + " " + way + " " + caller
}

func (s *stage) thing(name, way, caller string) string {
	s.Helper()
	k := key(name, way, caller)
	if s.made[k] == "" {
		how := things[name]
		if how.make == nil {
			s.Fatalf("nobody knows how to make <%s>", name)
		}
		if !slices.Contains(how.ways, way) {
			way = others
		}
		s.made[k] = how.make(s, way, caller)
		s.tell(name, s.made[k])
	}
	return s.made[k]
}

// spent forgets the objects that a request named, once somebody changed them.
func (s *stage) spent(text, way, caller string) {
	for _, name := range placeholder.FindAllString(text, -1) {
		delete(s.made, key(strings.Trim(name, "<>"), way, caller))
	}
}

// as sends a request to a path below /v1 as the administrator, which must succeed, and answers the text at a path of keys.
func (s *stage) as(verb, path, body string, keys ...string) string {
	s.Helper()
	status, text := s.call(s.admin, verb, "/v1"+path, body)
	if status > 299 {
		s.Fatalf("%s %s %s: %d %s", verb, path, body, status, text)
	}
	if len(keys) == 0 {
		return ""
	}
	var at any
	if err := json.Unmarshal([]byte(text), &at); err != nil {
		s.Fatal(err)
	}
	for _, k := range keys {
		switch v := at.(type) {
		case map[string]any:
			at = v[k]
		case []any:
			if len(v) > 0 {
				at = v[0]
			}
		}
	}
	found, _ := at.(string)
	if found == "" {
		s.Fatalf("%s %s: nothing at %v: %s", verb, path, keys, text)
	}
	return found
}

// put makes something and answers its id.
func (s *stage) put(path, body, id string) string {
	s.Helper()
	return s.as(http.MethodPost, path, s.fillIn(body, others, ""), id)
}

// whom is the caller for what is theirs, and a colleague else.
func (s *stage) whom(way, caller string) string {
	if way == own {
		return s.ids[caller]
	}
	return s.ids["grace"]
}

func (s *stage) set(member string) string {
	s.Helper()
	return s.put("/owners", strings.ReplaceAll(setDraft, "<user>", member), "owner_id")
}

func (s *stage) service() string {
	s.Helper()
	return uuidOf(s.must("POST", "/api/interim/v1/users", `{"displayName":"Deploy","type":"USER_TYPE_SERVICE"}`, "user", "id"))
}

// stream is the only event stream: there can be few.
func (s *stage) stream() string {
	s.Helper()
	var all struct {
		Streams []struct {
			ID string `json:"event_stream_id"`
		} `json:"event_streams"`
	}
	if _, text := s.call(s.admin, http.MethodGet, "/v1/event-streams", ""); json.Unmarshal([]byte(text), &all) != nil {
		s.Fatal(text)
	}
	for _, one := range all.Streams {
		s.as(http.MethodDelete, "/event-streams/"+one.ID, "")
	}
	return s.put("/event-streams", streamDraft, "event_stream_id")
}

// plain is a group or a resource that everybody sees and nobody has.
func (s *stage) plain(kind string) string {
	s.Helper()
	var it string
	if kind == "group" {
		it = s.put("/groups", groupDraft, "group_id")
	} else {
		it = s.put("/resources", strings.Replace(resourceDraft, "CUSTOM", first(s.resource, "CUSTOM"), 1), "resource_id")
	}
	s.tell("plain "+kind, it)
	return it
}

func (s *stage) tell(kind, it string) {
	if s.leads != nil {
		s.leads(kind, it)
	}
}

// item is a group or a resource that a colleague has.
func (s *stage) item(kind, way, caller string) string {
	s.Helper()
	it := s.plain(kind)
	at := "/" + kind + "s/" + it
	s.as("POST", at+"/users/"+s.ids["grace"], "")
	switch way {
	case own:
		s.as("PUT", "/"+kind+"s", fmt.Sprintf(`{"%ss":[{"%s_id":"%s","admin_owner_id":"%s"}]}`, kind, kind, it, s.set(s.ids[caller])))
	case given:
		s.as("POST", at+"/users/"+s.ids[caller], "")
		fallthrough
	case unseen:
		s.as("PUT", at+"/visibility", `{"visibility":"LIMITED"}`)
	}
	return it
}

// bundle is one that everybody sees, or the members of the caller's group, or nobody.
func (s *stage) bundle(way, caller string) string {
	s.Helper()
	it := s.put("/bundles", bundleDraft, "bundle_id")
	switch way {
	case given:
		s.as("PUT", "/bundles/"+it+"/visibility", `{"visibility":"LIMITED","visibility_group_ids":["`+s.item("group", given, caller)+`"]}`)
	case unseen:
		s.as("PUT", "/bundles/"+it+"/visibility", `{"visibility":"LIMITED"}`)
	}
	return it
}

// request asks for a group, for a colleague or the caller; one that is given is the caller's to decide.
func (s *stage) request(way, caller string) string {
	s.Helper()
	target, decides := s.whom(way, caller), s.ids["margaret"]
	if way == given {
		decides = s.ids[caller]
	}
	group := s.plain("group")
	s.as("PUT", "/groups", `{"groups":[{"group_id":"`+group+`",`+strings.ReplaceAll(configured, "<admin>", s.set(decides))+`}]}`)
	return s.put("/requests", `{"resources":[],"groups":[{"id":"`+group+`"}],"reason":"a project","duration_minutes":60,
		"target_user_id":"`+target+`"}`, "id")
}

// uuidOf is an id of the other API as this one writes it.
func uuidOf(ksuid string) string {
	uuid, err := id.FromKSUID(ksuid)
	if err != nil {
		panic(err)
	}
	return uuid
}
