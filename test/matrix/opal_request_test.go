package matrix

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/interim-access/interim/internal/api/opal"
)

// A performance is one request to the Opal API that every caller makes.
type performance struct {
	verb, path string // "" is what the operation has, with objects that are there
	query      string
	body       string
	note       string // which of several requests to one operation
	before     string // what the administrator sends first, "VERB path body", so that there is something to change
}

// variablesOf are what the variables of paths stand for.
var variablesOf = map[string]string{
	"group_id": "<group>", "resource_id": "<resource>", "user_id": "<user>", "non_human_identity_id": "<nhi>", "app_id": "<app>",
	"owner_id": "<set>", "id": "<request>", "tag_id": "<tag>", "token_id": "<token>", "delegation_id": "<delegation>",
	"bundle_id": "<bundle>", "event_id": "<event>", "event_stream_id": "<stream>", "group_binding_id": "<binding>",
	"containing_group_id": "<inner>", "message_channel_id": "<channel>", "on_call_schedule_id": "<schedule>",
	"configuration_template_id": "<template>", "access_rule_id": "<rule>", "app_resource_id": "<resource>", "owner_name": "Set%20of%20grace",
}

const (
	giveGrace  = `{"duration_minutes":60}`
	stages     = `{"stages":[{"operator":"AND","require_manager_approval":false,"owner_ids":["<admin>"]}]}`
	reviewers  = `{"reviewer_ids":["<admin>"]}`
	limited    = `{"visibility":"LIMITED","visibility_group_ids":["<inner>"]}`
	scopedRole = "/resources/<role>/scoped-role-permissions"
	noChannels = `{"message_channel_ids":["<channel>"]}`
)

// performances are the requests to each operation that needs more than its path; bodies succeed where the caller may.
var performances = map[string][]performance{
	"AccessRules.CreateAccessRule":                       {{body: ruleDraft}},
	"AccessRules.UpdateAccessRule":                       {{body: ruleDraft}},
	"Apps.GetSyncErrors":                                 {{}, {query: "app_id=<app>", note: "app"}},
	"Bundles.AddBundleGroup":                             {{body: `{"group_id":"<inner>"}`}},
	"Bundles.AddBundleResource":                          {{body: `{"resource_id":"<resource>"}`}},
	"Bundles.CreateBundle":                               {{body: bundleDraft}},
	"Bundles.RemoveBundleGroup":                          {{before: `POST /bundles/<bundle>/groups {"group_id":"<group>"}`}},
	"Bundles.RemoveBundleResource":                       {{before: `POST /bundles/<bundle>/resources {"resource_id":"<resource>"}`}},
	"Bundles.SetBundleVisibility":                        {{body: limited}},
	"Bundles.UpdateBundle":                               {{body: `{"description":"changed <n>"}`}},
	"ConfigurationTemplates.CreateConfigurationTemplate": {{body: templateDraft}},
	"ConfigurationTemplates.UpdateConfigurationTemplate": {{body: `{"configuration_template_id":"<template>","name":"Renamed <n>"}`}},
	"Delegations.CreateDelegation":                       {{body: `{"delegator_user_id":"<user>","delegate_user_id":"<margaret>","start_time":"2026-01-01T00:00:00Z","end_time":"9000-01-01T00:00:00Z","reason":"x"}`}},
	"Delegations.GetDelegations":                         {{}, {query: "delegator_user_id=<user>", note: "delegator"}},
	"EventStreams.CreateEventStream":                     {{body: streamDraft}},
	"EventStreams.UpdateEventStream":                     {{body: `{"name":"Renamed <n>"}`}},
	"Events.GetEvents":                                   {{query: "page_size=1"}, {query: "page_size=1&object_filter=<user>", note: "object"}},
	"GroupBindings.CreateGroupBinding":                   {{body: `{"source_group_id":"<group>","groups":[{"group_id":"<inner>"}]}`}},
	"GroupBindings.UpdateGroupBindings":                  {{body: `{"group_bindings":[{"group_binding_id":"<binding>","source_group_id":"<inner>","groups":[{"group_id":"<group>"}]}]}`}},
	"Groups.AddGroupContainingGroup":                     {{body: `{"containing_group_id":"<inner>"}`}},
	"Groups.CreateGroup":                                 {{body: groupDraft}},
	"Groups.CreateGroupUser":                             {{path: "/groups/<group>/users/<grace>", body: giveGrace}, {path: "/groups/<group>/users/<me>", body: giveGrace, note: "oneself"}},
	"Groups.DeleteGroupUser":                             {{path: "/groups/<group>/users/<grace>"}},
	"Groups.GetGroups":                                   {{}, {query: "group_ids=<group>", note: "one"}},
	"Groups.GetGroupContainingGroup":                     {{before: `POST /groups/<group>/containing-groups {"containing_group_id":"<inner>"}`}},
	"Groups.RemoveGroupContainingGroup":                  {{before: `POST /groups/<group>/containing-groups {"containing_group_id":"<inner>"}`}},
	"Groups.UpdateGroupMessageChannels":                  {{body: noChannels}},
	"Groups.UpdateGroupOnCallSchedules":                  {{body: `{"on_call_schedule_ids":["<schedule>"]}`}},
	"Groups.UpdateGroupResources":                        {{body: `{"resources":[{"resource_id":"<resource>"}]}`}},
	"Groups.UpdateGroupReviewers":                        {{body: reviewers}},
	"Groups.UpdateGroupReviewersStages":                  {{body: stages}},
	"Groups.UpdateGroupUser":                             {{path: "/groups/<group>/users/<grace>", body: giveGrace}},
	"Groups.UpdateGroupVisibility":                       {{body: limited}},
	"Groups.UpdateGroups":                                {{body: `{"groups":[{"group_id":"<group>","description":"changed <n>"}]}`}},
	"IdpGroupMappings.CreateIdpGroupMapping":             {{path: "/idp-group-mappings/<resource>/groups/<inner>", body: `{"alias":"x"}`}},
	"IdpGroupMappings.DeleteIdpGroupMappings":            {{path: "/idp-group-mappings/<resource>/groups/<inner>", before: `POST /idp-group-mappings/<resource>/groups/<inner> {"alias":"x"}`}},
	"IdpGroupMappings.GetIdpGroupMapping":                {{path: "/idp-group-mappings/<resource>/groups/<inner>", before: `POST /idp-group-mappings/<resource>/groups/<inner> {"alias":"x"}`}},
	"IdpGroupMappings.UpdateIdpGroupMappings":            {{body: `{"mappings":[{"group_id":"<inner>"}]}`}},
	"MessageChannels.CreateMessageChannel":               {{body: channelDraft}},
	"OnCallSchedules.CreateOnCallSchedule":               {{body: scheduleDraft}},
	"Owners.CreateOwner":                                 {{body: setDraft}},
	"Owners.UpdateOwnerUsers":                            {{body: `{"user_ids":["<margaret>"]}`}},
	"Owners.UpdateOwners":                                {{body: `{"owners":[{"owner_id":"<set>","description":"changed <n>"}]}`}},
	"Requests.ApproveRequest":                            {{body: `{"level":"REGULAR"}`}, {body: `{"level":"ADMIN"}`, note: "admin"}},
	"Requests.CreateRequest":                             {{body: `{"resources":[],"groups":[{"id":"<group>"}],"reason":"x","duration_minutes":60}`}, {body: `{"resources":[],"groups":[{"id":"<group>"}],"reason":"x","duration_minutes":60,"target_user_id":"<margaret>"}`, note: "for another"}},
	"Requests.CreateRequestComment":                      {{body: `{"comment":"x"}`}},
	"Requests.DenyRequest":                               {{body: `{"comment":"x"}`}, {body: `{"comment":"x","level":"ADMIN"}`, note: "admin"}},
	"Requests.GetRequests":                               {{}, {query: "target_user_id=<user>", note: "target"}},
	"Requests.GetRequestsRelay":                          {{}},
	"Resources.AddResourceNhi":                           {{body: giveGrace}},
	"Resources.AddResourceUser":                          {{path: "/resources/<resource>/users/<grace>", body: giveGrace}, {path: "/resources/<resource>/users/<me>", body: giveGrace, note: "oneself"}},
	"Resources.CreateResource":                           {{body: resourceDraft}},
	"Resources.DeleteResourceNhi":                        {{before: `POST /resources/<resource>/non-human-identities/<nhi> {}`}},
	"Resources.DeleteResourceUser":                       {{path: "/resources/<resource>/users/<grace>"}},
	"Resources.GetResourceUser":                          {{path: "/resources/<resource>/users/<grace>"}, {path: "/resources/<resource>/users/<me>", note: "oneself"}},
	"Resources.GetResourceUserAccessStatus":              {{path: "/resource-user-access-status/<resource>/<grace>"}, {path: "/resource-user-access-status/<resource>/<me>", note: "oneself"}},
	"Resources.GetResources":                             {{}, {query: "resource_ids=<resource>", note: "one"}},
	"Resources.UpdateResourceMessageChannels":            {{body: noChannels}},
	"Resources.UpdateResourceReviewerStages":             {{body: stages}},
	"Resources.GetResourceScopedRolePermissions":         {{path: scopedRole}},
	"Resources.SetResourceScopedRolePermissions":         {{path: scopedRole, body: `{"permissions":[{"permission_name":"READ","target_type":"GROUP","target_ids":["<inner>"],"allow_all":false}]}`}},
	"Resources.UpdateResourceReviewers":                  {{body: reviewers}},
	"Resources.UpdateResourceUser":                       {{path: "/resources/<resource>/users/<grace>", body: giveGrace}},
	"Resources.UpdateResourceVisibility":                 {{body: limited}},
	"Resources.UpdateResources":                          {{body: `{"resources":[{"resource_id":"<resource>","description":"changed <n>"}]}`}},
	"Sessions.GetSessions":                               {{query: "resource_id=<resource>"}},
	"Tags.CreateTag":                                     {{body: tagDraft}},
	"Tags.DeleteGroupTag":                                {{before: `POST /tags/<tag>/groups/<group> {}`}},
	"Tags.DeleteResourceTag":                             {{before: `POST /tags/<tag>/resources/<resource> {}`}},
	"Tags.DeleteUserTag":                                 {{path: "/tags/<tag>/users/<grace>", before: `POST /tags/<tag>/users/<grace> {}`}},
	"Tags.CreateUserTag":                                 {{path: "/tags/<tag>/users/<grace>"}},
	"Tags.GetTag":                                        {{query: "tag_key=floor&tag_value=1"}},
	"Tokens.GetTokens":                                   {{}, {query: "user_id=<user>", note: "of"}},
	"Users.GetRemoteUsers":                               {{}, {query: "user_id=<user>", note: "of"}},
	"Users.GetUser":                                      {{query: "user_id=<user>"}},
	"Users.GetUsers":                                     {{}, {query: "tag_ids=<tag>", note: "tag"}},
}

// described are the operations of the Opal API that are served, and what is known of each.
func (s *stage) described() map[string]describedOp {
	s.Helper()
	status, text := s.call("", "GET", "/docs/opal.json", "")
	var doc struct {
		Paths      map[string]map[string]describedOp `json:"paths"`
		Components struct {
			Schemas map[string]*schema `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil || status != 200 {
		s.Fatalf("%d %v", status, err)
	}
	all := map[string]describedOp{}
	for path, verbs := range doc.Paths {
		for verb, op := range verbs {
			op.verb, op.path, op.schemas = strings.ToUpper(verb), path, doc.Components.Schemas
			all[strings.TrimPrefix(op.ID, "opal.v1.")] = op
		}
	}
	return all
}

type describedOp struct {
	ID         string `json:"operationId"`
	Parameters []struct {
		Name, In string
		Required bool
		Schema   *schema
	}
	RequestBody struct {
		Content map[string]struct{ Schema *schema }
	}

	verb, path string
	app        string // the id that samples name
	schemas    map[string]*schema
}

// An act is a performance of an operation, made whole.
type act struct {
	name string
	performance
}

// acts are all requests, those that list first: what is listed then is what the office was furnished with.
func (s *stage) acts() []act {
	s.Helper()
	known, err := opal.Known()
	if err != nil {
		s.Fatal(err)
	}
	ops := s.described()
	var all []act
	for name, op := range ops {
		if _, ok := known["opal.v1."+name]; !ok {
			s.Errorf("%s is described and not known", name)
		}
		list := performances[name]
		if list == nil {
			list = []performance{{}}
		}
		for _, p := range list {
			if p.path == "" {
				p.path = variable.ReplaceAllStringFunc(op.path, func(v string) string { return variablesOf[strings.Trim(v, "{}")] })
			}
			p.verb = op.verb
			if strings.Contains(p.path+"/", "//") {
				s.Errorf("%s is about something that no stage has: %s", name, op.path)
			}
			if op.RequestBody.Content != nil && p.body == "" {
				p.body = "{}"
			}
			all = append(all, act{name, p})
		}
	}
	for name := range maps.Keys(performances) {
		if _, ok := ops[name]; !ok {
			s.Errorf("%s is performed and not served", name)
		}
	}
	slices.SortFunc(all, func(a, b act) int { return strings.Compare(a.place(), b.place()) })
	return all
}

// place puts lists of everything in front, and what changes things behind what reads them.
func (a act) place() string {
	name := a.name + " " + a.note
	switch {
	case a.verb == "GET" && !strings.Contains(a.path+a.query, "<"):
		return "1 " + name
	case a.verb == "GET":
		return "2 " + name
	case a.verb == "DELETE":
		return "4 " + name
	}
	return "3 " + name
}

// ways are how the first object in the request can be about somebody.
func (a act) ways() []string {
	for _, name := range placeholder.FindAllString(a.path+a.query+a.body, -1) {
		if w := things[strings.Trim(name, "<>")].ways; w != nil {
			return w
		}
	}
	return []string{"-"}
}
