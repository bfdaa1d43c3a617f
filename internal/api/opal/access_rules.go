package opal

import (
	"context"
	"net/http"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// An access rule is a group of Interim's own whose members an automation keeps. It is deleted as a group.

// accessRuleKind is the type of groups that are access rules.
const accessRuleKind = "OPAL_ACCESS_RULE"

type accessRuleBody struct {
	ID          UUID        `json:"access_rule_id"`
	Name        string      `json:"name"`
	Description string      `json:"description"`
	AdminOwner  UUID        `json:"admin_owner_id"`
	Status      string      `json:"status" enum:"ACTIVE,PAUSED"`
	Clauses     ruleClauses `json:"ruleClauses"`
}

// ruleClauses match whom all of when holds for, unless all of unless holds for them too.
type ruleClauses struct {
	When   ruleConjunction  `json:"when"`
	Unless *ruleConjunction `json:"unless,omitempty"`
}

// ruleConjunction holds where all of its clauses do.
type ruleConjunction struct {
	Clauses []ruleDisjunction `json:"clauses" nullable:"true" maxItems:"32"`
}

// ruleDisjunction holds where one of its selectors does.
type ruleDisjunction struct {
	Tags       []tagSelector       `json:"selectors" nullable:"true" maxItems:"100"`
	Attributes []attributeSelector `json:"attribute_selectors,omitzero" required:"false" nullable:"true" maxItems:"100"`
}

// tagSelector is a tag of a user. Tags are put on users here: any app may be named as where they come from.
type tagSelector struct {
	Key   string `json:"key" minLength:"1" maxLength:"128"`
	Value string `json:"value" maxLength:"256"`
	From  UUID   `json:"connection_id" doc:"An app; it is kept, and tells nothing more of a tag."`
}

type attributeSelector struct {
	Attribute string   `json:"attribute" enum:"HR_IDP_STATUS"`
	Values    []string `json:"values" minItems:"1" maxItems:"100"`
}

// accessRulesBody is a page of access rules. Of all lists this one alone says of nothing before or after it by leaving that out.
type accessRulesBody struct {
	Results  []accessRuleBody `json:"results"`
	Next     *string          `json:"next,omitempty"`
	Previous *string          `json:"previous,omitempty"`
}

type getAccessRules struct{ Paging }

type createAccessRule struct{ Body accessRuleChange }

type accessRuleChange struct {
	Name        string      `json:"name" minLength:"1" maxLength:"256"`
	Description string      `json:"description" maxLength:"2048"`
	AdminOwner  UUID        `json:"admin_owner_id"`
	Status      string      `json:"status" enum:"ACTIVE,PAUSED"`
	Clauses     ruleClauses `json:"ruleClauses"`
}

// AccessRulePath is part of the parameters of what is about one access rule.
type AccessRulePath struct {
	ID UUID `path:"access_rule_id"`
}

type updateAccessRule struct {
	AccessRulePath
	Body accessRuleChange
}

func (d *Door) accessRules() {
	serve(d, "AccessRules.GetAccessRules", about{Summary: "List access rules"}, d.getAccessRules)
	serve(d, "AccessRules.GetAccessRule", about{Summary: "Read an access rule"}, d.getAccessRule)
	serve(d, "AccessRules.CreateAccessRule", about{
		Summary: "Make an access rule: a group whose members are who matches; administrators may", Status: http.StatusCreated,
	}, d.createAccessRule)
	serve(d, "AccessRules.UpdateAccessRule", about{
		Summary: "Change an access rule; one that is paused takes nobody in and puts nobody out; administrators may",
	}, d.updateAccessRule)
}

func (d *Door) getAccessRules(ctx context.Context, in *getAccessRules) (accessRulesBody, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return accessRulesBody{}, err
	}
	found, p, err := d.listItems(ctx, "AccessRules", item.Filter{Groups: true, Labels: []string{accessRuleKind}}, in.Paging)
	if err != nil {
		return accessRulesBody{}, err
	}
	list, err := d.encodeAccessRules(ctx, found.Items)
	return accessRulesBody{Results: list, Next: p.next(found.Next), Previous: p.previous()}, err
}

// accessRuleOf reads the group that is an access rule.
func (d *Door) accessRuleOf(ctx context.Context, id UUID) (item.Item, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return item.Item{}, err
	}
	i, err := item.Get(d.DB.Q(ctx), item.ID(id))
	if err != nil || !i.Group || i.Label != accessRuleKind {
		return i, notFound(err, "access rule", id)
	}
	return i, nil
}

func (d *Door) getAccessRule(ctx context.Context, in *AccessRulePath) (accessRuleBody, error) {
	i, err := d.accessRuleOf(ctx, in.ID)
	if err != nil {
		return accessRuleBody{}, err
	}
	return first(d.encodeAccessRules(ctx, []item.Item{i}))
}

func (d *Door) createAccessRule(ctx context.Context, in *createAccessRule) (accessRuleBody, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return accessRuleBody{}, err
	}
	rule, err := d.decodeRule(d.DB.Q(ctx), in.Body)
	if err != nil {
		return accessRuleBody{}, err
	}
	draft := item.Draft{AppID: app.Own, Group: true, Name: in.Body.Name, Description: in.Body.Description}
	draft.Label = accessRuleKind // and not offered: nobody asks to match
	i, err := d.Items.Create(ctx, draft, d.ruled(ctx, in.Body.AdminOwner, rule))
	if err != nil {
		return accessRuleBody{}, respelled(err, ruleNames)
	}
	return first(d.encodeAccessRules(ctx, []item.Item{i}))
}

func (d *Door) updateAccessRule(ctx context.Context, in *updateAccessRule) (accessRuleBody, error) {
	i, err := d.accessRuleOf(ctx, in.ID)
	if err != nil {
		return accessRuleBody{}, err
	}
	rule, err := d.decodeRule(d.DB.Q(ctx), in.Body)
	if err != nil {
		return accessRuleBody{}, err
	}
	after, err := d.Items.Update(ctx, []item.Change{{ID: i.ID, Become: func(i *item.Item) error {
		i.DisplayName, i.Description = in.Body.Name, in.Body.Description
		return nil
	}}}, d.ruled(ctx, in.Body.AdminOwner, rule))
	if err != nil {
		return accessRuleBody{}, respelled(err, ruleNames)
	}
	return first(d.encodeAccessRules(ctx, after))
}

// ruleNames are the names of fields in faults of the rules, as this API spells them.
var ruleNames = map[string]string{"displayName": "name", "when": "ruleClauses.when", "unless": "ruleClauses.unless"}

// ruled gives a group its owner and the rule that keeps its members, in the transaction that makes or changes it.
func (d *Door) ruled(ctx context.Context, admin UUID, r automation.Rule) func(tx *db.Tx, i item.Item) error {
	return func(tx *db.Tx, i item.Item) error {
		if err := d.administer(ctx, map[item.ID]UUID{i.ID: admin})(tx, i); err != nil {
			return err
		}
		l, err := d.Items.LevelOf(tx, i, "")
		if err != nil {
			return err
		}
		r.Of = l.Entitlement
		return d.Automations.Put(tx, audit.From(ctx), r)
	}
}

// unruled deletes the rules that give the levels of an item which is about to be deleted.
func (d *Door) unruled(ctx context.Context) func(tx *db.Tx, i item.Item) error {
	return func(tx *db.Tx, i item.Item) error {
		levels, err := d.Items.Levels(tx, []item.Item{i})
		if err != nil {
			return err
		}
		for _, l := range levels[i.ID] {
			if err := d.Automations.DeleteIn(tx, audit.From(ctx), l.Entitlement); err != nil && !fault.Is(err, fault.NotFound) {
				return err
			}
		}
		return nil
	}
}

// encodeAccessRules shows groups as access rules, with the same number of statements however many there are. One whose automation
// somebody deleted, or made another at the other API, takes nobody in by tags: it is shown as paused, without clauses.
func (d *Door) encodeAccessRules(ctx context.Context, groups []item.Item) ([]accessRuleBody, error) {
	q := d.DB.Q(ctx)
	admins, err := adminsOf(q, groups)
	if err != nil {
		return nil, err
	}
	levels, err := d.Items.Levels(q, groups)
	if err != nil {
		return nil, err
	}
	of := make(map[item.ID]app.EntitlementRef, len(groups))
	var refs []app.EntitlementRef
	for id, list := range levels {
		if l, err := item.Find(list, ""); err == nil {
			of[id], refs = l.Entitlement, append(refs, l.Entitlement)
		}
	}
	rules, err := d.Automations.ByTraits(ctx, refs)
	return each(groups, func(i item.Item) accessRuleBody {
		out := accessRuleBody{
			ID: UUID(i.ID), Name: i.DisplayName, Description: i.Description, AdminOwner: admins[i.ID], Status: "PAUSED",
			Clauses: ruleClauses{When: ruleConjunction{[]ruleDisjunction{}}},
		}
		if r, ok := rules[of[i.ID]]; ok {
			out.Clauses = encodeTraits(r.Traits)
			if !r.Paused {
				out.Status = "ACTIVE"
			}
		}
		return out
	}), err
}
