package task

import (
	"encoding/json"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/id"
)

// Means is how a provision step is carried out.
type Means struct {
	Kind         policy.ProvisionKind `json:"kind,omitempty"`
	Users        []directory.UserID   `json:"users,omitempty"` // by hand: who confirms; empty: the owners of the app
	Instructions string               `json:"instructions,omitempty"`
	Delegate     app.EntitlementRef   `json:"delegate,omitzero"` // what is given instead
	Webhook      string               `json:"webhook,omitempty"`
}

// ParseMeans reads the ProvisionPolicy of the API in its JSON spelling. What says nothing is done by the connector, as is an empty
// document; what names a kind that Interim does not know is an external ticket, which fails visibly.
func ParseMeans(doc json.RawMessage) Means {
	var d struct {
		Manual *struct {
			UserIDs  []string `json:"userIds"`
			Assignee struct {
				Users struct {
					UserIDs []string `json:"userIds"`
				} `json:"users"`
			} `json:"assignee"`
			Instructions string `json:"instructions"`
		} `json:"manual"`
		Delegated *struct {
			AppID         string `json:"appId"`
			EntitlementID string `json:"entitlementId"`
		} `json:"delegated"`
		Webhook *struct {
			ID string `json:"webhookId"`
		} `json:"webhook"`
		MultiStep    json.RawMessage `json:"multiStep"`
		Ticket       json.RawMessage `json:"externalTicket"`
		Unconfigured json.RawMessage `json:"unconfigured"`
		Action       json.RawMessage `json:"action"`
	}
	if len(doc) > 0 && json.Unmarshal(doc, &d) != nil {
		return Means{Kind: policy.ByTicket}
	}
	switch {
	case d.Manual != nil:
		m := Means{Kind: policy.ByHand, Instructions: d.Manual.Instructions}
		for _, u := range append(d.Manual.UserIDs, d.Manual.Assignee.Users.UserIDs...) {
			m.Users = append(m.Users, directory.UserID(uuid(u)))
		}
		return m
	case d.Delegated != nil:
		return Means{Kind: policy.ByDelegate, Delegate: app.EntitlementRef{
			AppID: app.ID(uuid(d.Delegated.AppID)), ID: app.EntitlementID(uuid(d.Delegated.EntitlementID)),
		}}
	case d.Webhook != nil:
		return Means{Kind: policy.ByWebhook, Webhook: uuid(d.Webhook.ID)}
	case d.MultiStep != nil:
		return Means{Kind: policy.InSteps} // what [Flatten] writes out never gets here
	case d.Ticket != nil, d.Action != nil:
		return Means{Kind: policy.ByTicket}
	case d.Unconfigured != nil:
		return Means{Kind: policy.Unconfigured}
	default:
		return Means{Kind: policy.ByConnector}
	}
}

// uuid is the identity in a document, which has the form the API shows it in.
func uuid(shown string) string {
	if u, err := id.FromKSUID(shown); err == nil {
		return u
	}
	return shown
}

// Flatten writes out the provision steps of a plan: one that names no means has the entitlement's, several in one become several. A
// plan without any gets one at its end, because what is approved is carried out.
func Flatten(plan []policy.Step, own json.RawMessage) []policy.Step {
	var out []policy.Step
	found := false
	for _, s := range plan {
		if s.Provision == nil {
			out = append(out, s)
			continue
		}
		found = true
		out = append(out, written(s.Provision.Doc, own, 0)...)
	}
	if !found {
		out = append(out, written(nil, own, 0)...)
	}
	return out
}

func written(doc, own json.RawMessage, depth int) []policy.Step {
	if says(doc) == nil {
		doc, own = own, nil
	}
	var d struct {
		MultiStep *struct {
			Steps []json.RawMessage `json:"provisionSteps"`
		} `json:"multiStep"`
	}
	const deepest = 4
	if depth < deepest && len(doc) > 0 && json.Unmarshal(doc, &d) == nil && d.MultiStep != nil {
		var out []policy.Step
		for _, one := range d.MultiStep.Steps {
			out = append(out, written(one, own, depth+1)...)
		}
		if len(out) > 0 {
			return out
		}
	}
	return []policy.Step{{Provision: &policy.Provision{Doc: doc}}}
}

// says returns doc unless it says nothing.
func says(doc json.RawMessage) json.RawMessage {
	var members map[string]json.RawMessage
	if len(doc) == 0 || json.Unmarshal(doc, &members) != nil {
		return doc
	}
	for _, m := range members {
		if string(m) != "null" {
			return doc
		}
	}
	return nil
}
