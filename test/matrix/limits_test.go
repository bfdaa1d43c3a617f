package matrix

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// endless is longer than any text may be.
var endless = strings.Repeat("x", 70_000)

// Parts of requests that are long.
const (
	wanted = `"appId":"<app>","appEntitlementId":"<past>","identityUserId":"<user>"`
	held   = `"appId":"<app>","appEntitlementId":"<entitlement>","identityUserId":"<user>"`
	yes    = `"policyType":"POLICY_TYPE_GRANT","policySteps":{"grant":{"steps":[{"accept":{}}]}}`
)

// whole are bodies to which one endless text is added, where without them something else would be missing first.
var whole = map[string]string{
	"interim.v1.Access.Check":                                                `{"appId":"<app>","appEntitlementId":"<entitlement>"}`,
	"c1.api.iam.v1.PersonalClientService.Create":                             `{}`,
	"interim.v1.Accounts.Create":                                             `{"displayName":"x"}`,
	"interim.v1.Connectors.Create":                                           `{"kind":"postgres","connectionString":"postgres://ada@127.0.0.1:1/x"}`,
	"interim.v1.Roles.Create":                                                `{"displayName":"x","permissions":["permission/c1.api.app.v1.Apps.List"]}`,
	"interim.v1.Users.Create":                                                `{"displayName":"x"}`,
	"c1.api.requestcatalog.v1.RequestCatalogManagementService.Create":        `{"displayName":"x"}`,
	"c1.api.request_schema.v1.RequestSchemaService.CreateEntitlementBinding": `{"entitlementRef":{"appId":"<app>","id":"<entitlement>"}}`,
	"c1.api.request_schema.v1.RequestSchemaService.RemoveEntitlementBinding": `{"entitlementRef":{"appId":"<app>","id":"<entitlement>"}}`,
	"c1.api.request_schema.v1.RequestSchemaService.Create":                   `{"name":"x"}`,
	"c1.api.attribute.v1.Attributes.CreateAttributeValue":                    `{"attributeTypeId":"` + riskLevels + `"}`,
	"c1.api.app.v1.AppSearch.SearchUserOwnership":                            `{"userId":"<user>"}`,
	"c1.api.task.v1.TaskAudit.List":                                          `{"taskId":"<task>"}`,
	"c1.api.policy.v1.Policies.Create":                                       `{"displayName":"x",` + yes + `}`,
	"c1.api.task.v1.TaskActionsService.Approve":                              `{"policyStepId":"<step>"}`,
	"c1.api.task.v1.TaskActionsService.Deny":                                 `{"policyStepId":"<step>"}`,
	"c1.api.task.v1.TaskActionsService.SkipStep":                             `{"policyStepId":"<step>"}`,
	"c1.api.task.v1.TaskActionsService.Comment":                              `{"comment":"x"}`,
	"interim.v1.Grants.Create":                                               `{"appUserId":"<account>"}`,
	"interim.v1.Notifications.UpdateSettings":                                `{"settings":{}}`,
	"c1.api.task.v1.TaskActionsService.UpdateGrantDuration":                  `{"duration":"3600s"}`,
	"c1.api.task.v1.TaskActionsService.UpdateRequestData":                    `{"data":{}}`,
	"c1.api.task.v1.TaskService.CreateGrantTask":                             `{` + wanted + `}`,
	"c1.api.task.v1.TaskService.CreateRevokeTask":                            `{` + held + `}`,
	"c1.api.task.v1.TaskService.CreateOffboardingTask":                       `{"subjectUserId":"<user>"}`,
	"interim.v1.Tasks.DryRun":                                                `{"grant":{` + wanted + `}}`,
	"interim.v1.Tasks.ExtendMany":                                            `{"items":[{` + held + `}]}`,
	"interim.v1.Tasks.RevokeMany":                                            `{"items":[{` + held + `}]}`,
	"c1.api.webhooks.v1.WebhooksService.Create":                              `{"displayName":"x","url":"https://x.example.com"}`,
	"interim.v1.Delegations.Create":                                          `{"delegatorUserId":"<user>","delegateUserId":"<manager>"}`,
	"interim.v1.Delegations.SetForUser":                                      `{"delegateUserId":"<manager>"}`,
	"c1.api.directory.v1.DirectoryService.Create":                            `{"appId":"<app>"}`,
	"c1.api.app.v1.Apps.Create":                                              `{"displayName":"x"}`,
	"c1.api.app.v1.AppEntitlements.Create":                                   `{"displayName":"x","appResourceTypeId":"<type>","appResourceId":"<resource>"}`,
	"c1.api.app.v1.AppResourceService.CreateManuallyManagedAppResource":      `{"displayName":"x"}`,
	"c1.api.app.v1.AppResourceTypeService.CreateManuallyManagedResourceType": `{"displayName":"x","resourceType":"CUSTOM"}`,
}

// within are operations that by design answer 200 and refuse a text inside the answer, and what then stands there.
var within = map[string]string{
	"interim.v1.Tasks.ExtendMany":                 `"code":3`, // each item is answered by itself
	"interim.v1.Tasks.RevokeMany":                 `"code":3`,
	"c1.api.policy.v1.PolicyValidate.ValidateCEL": `"severity":"ERROR"`, // an editor asks where the mistakes are
}

// refused reports whether a text was refused by its name, or is no text of an operation that is served.
func refused(op operation, status int, text string, named bool) bool {
	if mark := within[op.name]; mark != "" && status == 200 {
		return strings.Contains(text, mark)
	}
	return status == 501 || status == 400 && named
}

func TestEveryTextHasALimitThatIsNamed(t *testing.T) {
	asked := everyText(t, endless, func(op operation, name, text string, status int, named bool) {
		if !refused(op, status, text, named) {
			t.Errorf("%s with an endless %s: %d %.200s", op.name, name, status, text)
		}
	})
	if asked < 100 {
		t.Errorf("only %d texts were found", asked)
	}
}

func TestNoTextThatIsKeptHoldsWhatRewritesATerminalOrTurnsTheWriting(t *testing.T) {
	for _, spoiled := range []string{"x\x1b[2Jy", "x\u202ey", "x\ry"} {
		asked := everyText(t, spoiled, func(op operation, name, text string, status int, named bool) {
			if strings.Contains(op.path, "/search/") || strings.HasSuffix(op.path, "/systemlog/events") {
				return // what is looked for is not kept
			}
			if !refused(op, status, text, named) {
				t.Errorf("%s with %q in %s: %d %.200s", op.name, spoiled, name, status, text)
			}
		})
		if asked < 100 {
			t.Errorf("only %d texts were found", asked)
		}
	}
}

// everyText sends the value in the place of every text that an operation takes, one at a time, and answers how many there were.
// named says whether the answer names the field.
func everyText(t *testing.T, value string, answered func(op operation, name, text string, status int, named bool)) int {
	t.Helper()
	o := open(t, "")
	asked := 0
	for _, op := range operations(t) {
		if op.verb == "GET" || op.note != "" {
			continue
		}
		body := map[string]any{}
		if err := json.Unmarshal([]byte(o.fill("grace", first(whole[op.name], op.body))), &body); err != nil {
			t.Fatal(err)
		}
		for _, path := range texts(request(t, op.name), nil) {
			name := strings.Join(path, ".")
			if strings.Contains(strings.ReplaceAll(op.variables, "_", ""), "{"+strings.ToLower(name)+"}") {
				continue // the path beats the body
			}
			asked++
			raw, err := json.Marshal(with(body, path, value))
			if err != nil {
				t.Fatal(err)
			}
			status, text := o.call(o.admin, op.verb, o.fill("grace", op.existing()), string(raw))
			answered(op, name, text, status,
				slices.ContainsFunc(path, func(step string) bool { return strings.Contains(text, strings.TrimSuffix(step, "[]")) }))
		}
	}
	return asked
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func request(t *testing.T, operation string) protoreflect.MessageDescriptor {
	t.Helper()
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(operation))
	if err != nil {
		t.Fatal(err)
	}
	return d.(protoreflect.MethodDescriptor).Input()
}

// texts are the paths to every text in a message that a caller may write; [] marks a list.
func texts(m protoreflect.MessageDescriptor, way []string) [][]string {
	var found [][]string
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		behaviors, _ := proto.GetExtension(f.Options(), annotations.E_FieldBehavior).([]annotations.FieldBehavior)
		if slices.Contains(behaviors, annotations.FieldBehavior_OUTPUT_ONLY) || f.IsMap() || len(way) > 4 {
			continue
		}
		step := f.JSONName()
		if f.IsList() {
			step += "[]"
		}
		path := append(slices.Clone(way), step)
		switch {
		case f.Kind() == protoreflect.StringKind:
			found = append(found, path)
		case f.Message() != nil && !strings.HasPrefix(string(f.Message().FullName()), "google."):
			found = append(found, texts(f.Message(), path)...)
		}
	}
	return found
}

// with returns body with the text at path.
func with(body map[string]any, path []string, text string) map[string]any {
	out := maps.Clone(body)
	if out == nil {
		out = map[string]any{}
	}
	name, list := strings.CutSuffix(path[0], "[]")
	var v any = text
	if len(path) > 1 {
		below, _ := body[name].(map[string]any)
		v = with(below, path[1:], text)
	}
	if list {
		v = []any{v}
	}
	out[name] = v
	return out
}
