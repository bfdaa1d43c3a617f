package policy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/expr"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

// checker goes over a policy, field by field as the API names them, stops at the first that breaks a rule, and collects what the
// policy refers to.
type checker struct {
	conditions, approvers *expr.Env

	err          error
	users        []reference[directory.UserID]
	entitlements []reference[app.EntitlementRef]
	webhooks     []webhook.Reference
	policies     []reference[ID] // rules and the baseline
	escalations  []reference[ID]
}

// reference is a field and what it names.
type reference[T any] struct {
	field string
	to    T
}

func (c *checker) fail(field, format string, args ...any) {
	if c.err == nil {
		c.err = fault.InvalidField(field, format, args...)
	}
}

func (c *checker) text(field, s string, most int) {
	if n := utf8.RuneCountInString(s); n > most {
		c.fail(field, "has %d characters; at most %d are allowed", n, most)
	}
	if err := text.Block(field, s); err != nil && c.err == nil {
		c.err = err
	}
}

func (c *checker) list(field string, n, least, most int) {
	if n < least || n > most {
		c.fail(field, "has %d entries; %d to %d are allowed", n, least, most)
	}
}

func (c *checker) policy(p Policy) {
	if p.Kind != Grant && p.Kind != Revoke && p.Kind != Certify {
		c.fail("policyType", "must be GRANT, REVOKE or CERTIFY")
		return
	}
	if strings.TrimSpace(p.DisplayName) == "" {
		c.fail("displayName", "is required: 1 to %d characters", app.MaxName)
	}
	c.text("displayName", p.DisplayName, app.MaxName)
	if err := text.Line("displayName", p.DisplayName); err != nil && c.err == nil {
		c.err = err
	}
	c.text("description", p.Description, app.MaxDescription)
	base := p.Kind.Baseline()
	switch {
	case p.BaselineID != "" && len(p.Steps[base]) > 0:
		c.fail("baselinePolicyId", "stands in place of policySteps.%s; give one of the two", base)
	case p.BaselineID != "":
		c.policies = append(c.policies, reference[ID]{"baselinePolicyId", p.BaselineID})
	case p.Steps[base] == nil:
		c.fail("policySteps."+base, "is required: the steps that hold where no rule does; a policy without steps would deny everything")
	}
	c.list("policySteps", len(p.Steps), 0, MaxLists)
	for _, key := range slices.Sorted(maps.Keys(p.Steps)) {
		c.text("policySteps", key, MaxKey)
		if key == "" {
			c.fail("policySteps", "a key must not be empty")
		}
		c.list("policySteps."+key+".steps", len(p.Steps[key]), 1, MaxSteps)
		for i, s := range p.Steps[key] {
			c.step(fmt.Sprintf("policySteps.%s.steps[%d]", key, i), s)
		}
	}
	c.list("rules", len(p.Rules), 0, MaxRules)
	for i, r := range p.Rules {
		c.rule(fmt.Sprintf("rules[%d]", i), p, r)
	}
	if p.Scope.App == "" && p.Scope != (Scope{}) {
		c.fail("scope.appId", "is required in a scope")
	}
	if p.Remediates && p.Kind != Certify {
		c.fail("postActions", "certifyRemediateImmediately is for policies of reviews")
	}
}

func (c *checker) rule(field string, p Policy, r Rule) {
	c.expression(field+".condition", c.conditions, r.Condition)
	switch {
	case (r.StepKey == "") == (r.PolicyID == ""):
		c.fail(field, "one of stepKey and policyId is required")
	case r.PolicyID != "":
		c.policies = append(c.policies, reference[ID]{field + ".policyId", r.PolicyID})
	case p.Steps[r.StepKey] == nil:
		c.fail(field+".stepKey", "is no key of policySteps")
	}
}

func (c *checker) expression(field string, env *expr.Env, s string) {
	if c.err != nil {
		return
	}
	if strings.TrimSpace(s) == "" {
		c.fail(field, "is required")
		return
	}
	_, err := env.Compile(s)
	if bad, ok := errors.AsType[*expr.Error](err); ok {
		m := bad.Markers[0]
		c.fail(field, "line %d, column %d: %s", m.StartLine, m.StartColumn, m.Message)
	} else if err != nil && c.err == nil {
		c.err = err
	}
}

func (c *checker) step(field string, s Step) {
	n := 0
	for _, set := range []bool{s.Approval != nil, s.Provision != nil, s.Accept != nil, s.Reject != nil, s.Wait != nil} {
		if set {
			n++
		}
	}
	switch {
	case n != 1:
		c.fail(field, "one of approval, provision, accept, reject and wait is required")
	case s.Approval != nil:
		c.approval(field+".approval", *s.Approval)
	case s.Provision != nil:
		c.provision(field+".provision.provisionPolicy", s.Provision.Doc)
	case s.Accept != nil:
		c.text(field+".accept.acceptMessage", s.Accept.Message, MaxMessage)
	case s.Reject != nil:
		c.text(field+".reject.rejectMessage", s.Reject.Message, MaxMessage)
	case s.Wait != nil:
		c.wait(field+".wait", *s.Wait)
	}
}

func (c *checker) approval(field string, a Approval) {
	typ := field + "." + string(a.Kind)
	switch a.Kind {
	case Users:
		c.list(typ+".userIds", len(a.UserIDs), 1, MaxUsers)
		c.people(typ+".userIds", a.UserIDs)
	case Group:
		if a.Group.AppID == "" || a.Group.ID == "" {
			c.fail(typ, "appId and appGroupId are required")
		}
		c.entitlements = append(c.entitlements, reference[app.EntitlementRef]{typ + ".appGroupId", a.Group})
	case Expression:
		c.list(typ+".expressions", len(a.Expressions), 1, MaxExpressions)
		for i, e := range a.Expressions {
			c.expression(fmt.Sprintf("%s.expressions[%d]", typ, i), c.approvers, e)
		}
	case Webhook:
		if a.WebhookID == "" {
			c.fail(typ+".webhookId", "is required")
		}
		c.webhooks = append(c.webhooks, webhook.Reference{Field: typ + ".webhookId", ID: webhook.ID(a.WebhookID)})
	case Manager, AppOwners, EntitlementOwners, ResourceOwners, Self, Slots:
	default:
		c.fail(field, "one of users, manager, appOwners, entitlementOwners, resourceOwners, group, self, expression and webhook is required")
	}
	c.slots(typ, a)
	if f := a.Fallback; f != nil {
		c.list(typ+".fallbackUserIds", len(f.UserIDs), 0, MaxUsers)
		c.people(typ+".fallbackUserIds", f.UserIDs)
		c.list(typ+".fallbackGroupIds", len(f.Groups), 0, MaxUsers)
		for i, g := range f.Groups {
			c.entitlements = append(c.entitlements, reference[app.EntitlementRef]{fmt.Sprintf("%s.fallbackGroupIds[%d]", typ, i), g})
		}
	}
	c.list(field+".allowedReassignees", len(a.AllowedReassignees), 0, MaxUsers)
	c.people(field+".allowedReassignees", a.AllowedReassignees)
	if a.Escalation != nil {
		c.escalation(field+".escalation", *a.Escalation)
	}
}

func (c *checker) people(field string, list []directory.UserID) {
	for i, u := range list {
		c.users = append(c.users, reference[directory.UserID]{fmt.Sprintf("%s[%d]", field, i), u})
	}
}

func (c *checker) escalation(field string, e Escalation) {
	if e.After < time.Second || e.After > MaxWait {
		c.fail(field+".expiration", "must be 1 to %d seconds", int64(MaxWait/time.Second))
	}
	c.text(field+".escalationComment", e.Comment, MaxMessage)
	switch e.Kind {
	case ReplacePolicy:
		if e.PolicyID == "" {
			c.fail(field+".replacePolicy.policyId", "is required")
		}
		c.escalations = append(c.escalations, reference[ID]{field + ".replacePolicy.policyId", e.PolicyID})
	case ReassignTo:
		c.list(field+".reassignToApprovers.approverIds", len(e.UserIDs), 1, MaxUsers)
		c.people(field+".reassignToApprovers.approverIds", e.UserIDs)
	case CancelTask, SkipStep:
	default:
		c.fail(field, "one of replacePolicy, reassignToApprovers, cancelTicket and skipStep is required")
	}
}

func (c *checker) wait(field string, w Wait) {
	n := 0
	for _, set := range []bool{w.Condition != "", w.Duration != 0, w.Until != nil} {
		if set {
			n++
		}
	}
	if n != 1 {
		c.fail(field, "one of condition, duration and untilTime is required, and not empty")
	}
	if w.Condition != "" {
		c.expression(field+".condition.condition", c.conditions, w.Condition)
	}
	if w.Duration < 0 || w.Duration > MaxWait {
		c.fail(field+".duration.duration", "must be more than zero and at most %d seconds", int64(MaxWait/time.Second))
	}
	if w.Timeout < 0 || w.Timeout > MaxWait {
		c.fail(field+".timeoutDuration", "must be more than zero and at most %d seconds", int64(MaxWait/time.Second))
	}
	if u := w.Until; u != nil {
		if u.Hours > 23 || u.Minutes > 59 {
			c.fail(field+".untilTime", "must be a time of day: hours 0 to 23, minutes 0 to 59")
		}
		if _, err := time.LoadLocation(u.Zone); err != nil || u.Zone == "Local" {
			c.fail(field+".untilTime.timezone", "must be the IANA name of a time zone")
		}
	}
	c.text(field+".name", w.Name, app.MaxName)
	c.text(field+".commentOnFirstWait", w.CommentOnFirst, MaxMessage)
	c.text(field+".commentOnTimeout", w.CommentOnTimeout, MaxMessage)
}
