package compat

import (
	"encoding/json"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// sample is a handful of operations of the contract with all their schemas, so that the check itself is checked where the
// contract folder is absent.
const sample = "testdata/sample.json"

// op and field find what a planted difference changes.
func (c *contract) op(name string) *contractOp {
	for _, op := range c.Ops {
		if op.Name == name {
			return op
		}
	}
	panic("the sample lacks " + name)
}

func (c *contract) field(schema, name string) *contractField {
	if s := c.Schemas[schema]; s != nil {
		for _, f := range s.Fields {
			if f.Name == name {
				return f
			}
		}
	}
	panic("the sample lacks " + schema + "." + name)
}

func TestContractCheckFindsPlantedDifferences(t *testing.T) {
	const (
		end        = "c1.api.app.v1.AppEntitlementUserBindingService.UpdateGrantDuration"
		create     = "c1.api.app.v1.AppEntitlements.Create"
		update     = "c1.api.iam.v1.PersonalClientService.Update"
		list       = "c1.api.app.v1.AppUserService.List"
		client     = "c1.api.iam.v1.PersonalClient"
		binding    = "c1.api.app.v1.AppEntitlementUserBinding"
		request    = "c1.api.app.v1.CreateAppEntitlementRequestInput"
		account    = "c1.api.app.v1.AppUser"
		accounts   = "c1.api.app.v1.AppUserServiceListResponse"
		permission = "c1.api.iam.v1.ActorObjectPermissions"
		delegated  = "c1.api.policy.v1.DelegatedProvision"
	)
	word := func(s string) json.RawMessage { return json.RawMessage(s) }
	plants := map[string]func(c *contract){
		"another verb":                  func(c *contract) { c.op(end).Verb = "PUT" },
		"another path":                  func(c *contract) { c.op(end).Path += "s" },
		"a path variable less":          func(c *contract) { c.op(end).Params = c.op(end).Params[1:] },
		"a path variable of a number":   func(c *contract) { c.op(update).Params[0].Type = "integer" },
		"a query parameter less":        func(c *contract) { c.op(list).Params = c.op(list).Params[:2] },
		"a query parameter more":        func(c *contract) { c.op(list).Params = append(c.op(list).Params, param{"q", "filter", "string", nil}) },
		"a query parameter of a string": func(c *contract) { c.op(list).Params[1].Type = "string" },
		"another request":               func(c *contract) { c.op(end).Request = request },
		"another response":              func(c *contract) { c.op(end).Response = accounts },
		"a deprecated operation":        func(c *contract) { c.op(end).Deprecated = true },
		"a renamed operation":           func(c *contract) { c.op(end).Name += "V2" },
		"a field more": func(c *contract) {
			c.Schemas[client].Fields = append(c.Schemas[client].Fields, &contractField{Name: "extra", Type: word(`"string"`)})
		},
		"a field less":       func(c *contract) { c.Schemas[client].Fields = c.Schemas[client].Fields[1:] },
		"a renamed field":    func(c *contract) { c.field(client, "displayName").Name = "name" },
		"another type":       func(c *contract) { c.field(client, "displayName").Type = word(`"boolean"`) },
		"another format":     func(c *contract) { c.field(binding, "deprovisionAt").Format = "duration" },
		"no format":          func(c *contract) { c.field(binding, "deprovisionAt").Format = "" },
		"an array of it":     func(c *contract) { c.field(client, "displayName").Array = true },
		"one of an array":    func(c *contract) { c.field(client, "scopedRoles").Array = false },
		"an optional scalar": func(c *contract) { c.field(client, "displayName").Nullable = true },
		"a string for a mask": func(c *contract) {
			c.field("c1.api.iam.v1.PersonalClientServiceUpdateRequestInput", "updateMask").Nullable = false
		},
		"an enum value more": func(c *contract) {
			f := c.field(account, "appUserType")
			f.Enum = append(f.Enum, "APP_USER_TYPE_ROBOT")
		},
		"an enum value less":           func(c *contract) { f := c.field(account, "appUserType"); f.Enum = f.Enum[:2] },
		"enum values in another order": func(c *contract) { f := c.field(account, "appUserType"); f.Enum[1], f.Enum[2] = f.Enum[2], f.Enum[1] },
		"a string for an enum":         func(c *contract) { c.field(account, "appUserType").Enum = nil },
		"another message":              func(c *contract) { c.field(account, "status").Ref = client },
		"a struct for a list of any":   func(c *contract) { c.field(accounts, "expanded").Any = false },
		"a map of others":              func(c *contract) { c.field(permission, "extra").Map = word(`{"type":"string"}`) },
		"no map":                       func(c *contract) { c.field(permission, "extra").Map = nil },
		"no one-of":                    func(c *contract) { c.field(request, "durationUnset").Oneof = "" },
		"another one-of":               func(c *contract) { c.field(request, "durationUnset").Oneof = "duration" },
		"a one-of in another order": func(c *contract) {
			members := c.Schemas[request].Oneofs["max_grant_duration"]
			members[0], members[1] = members[1], members[0]
		},
		"a one-of more":              func(c *contract) { c.Schemas[client].Oneofs = map[string][]string{"kind": {"displayName"}} },
		"read-only":                  func(c *contract) { c.field(client, "displayName").ReadOnly = true },
		"writable":                   func(c *contract) { c.field(client, "clientId").ReadOnly = false },
		"a deprecated field":         func(c *contract) { c.field(client, "displayName").Deprecated = true },
		"deep below, another type":   func(c *contract) { c.field(delegated, "implicit").Type = word(`"string"`) },
		"deep below, a missing name": func(c *contract) { delete(c.Schemas, delegated) },
	}
	var sampled []protoreflect.MethodDescriptor
	recorded := map[string]bool{}
	for _, op := range load(t, sample).Ops {
		recorded[op.Name] = true
	}
	for _, m := range methods(t, "c1.") {
		if recorded[string(m.FullName())] {
			sampled = append(sampled, m)
		}
	}
	if len(sampled) != len(recorded) {
		t.Fatalf("%d of the sample's %d operations are declared", len(sampled), len(recorded))
	}
	if found := load(t, sample).compare(sampled); len(found) > 0 {
		t.Fatalf("the sample differs before anything is planted: %v", found)
	}
	for name, plant := range plants {
		t.Run(name, func(t *testing.T) {
			c := load(t, sample)
			plant(c)
			if found := c.compare(sampled); len(found) == 0 {
				t.Error("the check did not notice")
			}
		})
	}
}
