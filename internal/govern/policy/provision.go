package policy

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/id"
)

// possible are the ways a step may give or take access.
var possible = []ProvisionKind{ByConnector, ByHand, ByWebhook, ByDelegate, InSteps, ByTicket, Unconfigured}

// Limits of steps made of several: how many, and how deep they go.
const (
	maxParts = 16
	maxParty = 3
)

// means is what of a provisioning document is checked.
type means struct {
	Manual struct {
		UserIDs  []string `json:"userIds"`
		Assignee struct {
			Users struct {
				UserIDs []string `json:"userIds"`
			} `json:"users"`
		} `json:"assignee"`
	} `json:"manual"`
	Delegated struct {
		AppID         string `json:"appId"`
		EntitlementID string `json:"entitlementId"`
	} `json:"delegated"`
	MultiStep struct {
		Steps []json.RawMessage `json:"provisionSteps"`
	} `json:"multiStep"`
}

func (c *checker) provision(field string, doc json.RawMessage) {
	c.means(field, doc, 1)
	hooks, err := webhook.Named(field, doc)
	if c.err == nil {
		c.err = err
	}
	c.webhooks = append(c.webhooks, hooks...)
}

func (c *checker) means(field string, doc json.RawMessage, depth int) {
	if len(doc) == 0 {
		return
	}
	kinds, m := map[ProvisionKind]json.RawMessage{}, means{}
	if json.Unmarshal(doc, &kinds) != nil || json.Unmarshal(doc, &m) != nil || len(kinds) > 1 {
		c.fail(field, "is not a way to give access")
		return
	}
	for kind := range kinds {
		if !slices.Contains(possible, kind) {
			c.fail(field, "%s is not possible yet; what is: %s", kind, joined(possible))
			return
		}
	}
	c.shown(field+".manual.userIds", m.Manual.UserIDs)
	c.shown(field+".manual.assignee.users.userIds", m.Manual.Assignee.Users.UserIDs)
	if _, ok := kinds[ByDelegate]; ok {
		a, err1 := id.FromKSUID(m.Delegated.AppID)
		e, err2 := id.FromKSUID(m.Delegated.EntitlementID)
		if err1 != nil || err2 != nil {
			c.fail(field+".delegated", "appId and entitlementId must name an entitlement")
		}
		ref := app.EntitlementRef{AppID: app.ID(a), ID: app.EntitlementID(e)}
		c.entitlements = append(c.entitlements, reference[app.EntitlementRef]{field + ".delegated", ref})
	}
	if _, ok := kinds[InSteps]; ok {
		c.list(field+".multiStep.provisionSteps", len(m.MultiStep.Steps), 1, maxParts)
		if depth == maxParty {
			c.fail(field+".multiStep", "is nested more than %d deep", maxParty)
			return
		}
		for i, s := range m.MultiStep.Steps {
			c.means(fmt.Sprintf("%s.multiStep.provisionSteps[%d]", field, i), s, depth+1)
		}
	}
}

// shown checks users under the names the API shows them by.
func (c *checker) shown(field string, list []string) {
	c.list(field, len(list), 0, MaxUsers)
	for i, s := range list {
		u, err := id.FromKSUID(s)
		if err != nil {
			c.fail(fmt.Sprintf("%s[%d]", field, i), "must name a user")
		}
		c.users = append(c.users, reference[directory.UserID]{fmt.Sprintf("%s[%d]", field, i), directory.UserID(u)})
	}
}

func joined[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = string(w)
	}
	return strings.Join(words, ", ")
}
