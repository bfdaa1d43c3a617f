package opal

import (
	"context"
	"encoding/json"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// What resources and groups have in common: both are items.

// ItemBody is the part of a resource or group that both show alike. The durations and flags in it repeat those of the default
// configuration, as older clients read them.
type ItemBody struct {
	AppID          UUID                `json:"app_id"`
	Name           string              `json:"name"`
	Description    string              `json:"description"`
	AdminOwner     UUID                `json:"admin_owner_id,omitempty"`
	Max            int                 `json:"max_duration,omitempty"`
	Recommended    int                 `json:"recommended_duration,omitempty"`
	Extension      int                 `json:"extensions_duration_in_minutes,omitempty"`
	Manager        bool                `json:"require_manager_approval"`
	Ticket         bool                `json:"require_support_ticket"`
	MFAToApprove   bool                `json:"require_mfa_to_approve"`
	MFAToRequest   bool                `json:"require_mfa_to_request"`
	AutoApproval   bool                `json:"auto_approval"`
	RequestForm    UUID                `json:"request_template_id,omitempty"`
	Template       UUID                `json:"configuration_template_id,omitempty"`
	Requestable    bool                `json:"is_requestable"`
	Configurations []configurationBody `json:"request_configurations,omitempty"`
	Configured     []configurationBody `json:"request_configuration_list,omitempty" doc:"As request_configurations."`
	Notice         *string             `json:"custom_request_notification"`
	Risk           string              `json:"risk_sensitivity,omitempty" enum:"UNKNOWN,CRITICAL,HIGH,MEDIUM,LOW,NONE"`
	RiskOverride   string              `json:"risk_sensitivity_override,omitempty" enum:"UNKNOWN,CRITICAL,HIGH,MEDIUM,LOW,NONE"`
	Metadata       string              `json:"metadata,omitempty"`
	Remote         json.RawMessage     `json:"remote_info,omitempty"`
	LastSync       *syncBody           `json:"last_successful_sync,omitempty"`
}

// syncBody is a reading of the system that an item is in.
type syncBody struct {
	ID          UUID      `json:"id"`
	CompletedAt time.Time `json:"completed_at"`
}

// encodeItem shows what resources and groups have in common.
func encodeItem(i item.Item, with beside) ItemBody {
	out := ItemBody{
		AppID: UUID(i.AppID), Name: i.DisplayName, Description: i.Description, AdminOwner: with.admins[i.ID], MFAToApprove: i.MFAToApprove,
		Template: UUID(i.TemplateID), Configurations: encodeConfigurations(i.Configurations, with.groups), Notice: orNull(i.Notice),
		Risk: i.Risk, RiskOverride: i.Risk, Remote: i.Remote, Requestable: i.Offered,
	}
	out.Configured = out.Configurations
	if c, ok := item.For(i.Configurations, func(item.Condition) bool { return false }); ok {
		out.Max, out.Recommended = int(c.MaxDuration.Minutes()), int(c.Recommended.Minutes())
		out.Extension, out.Ticket, out.MFAToRequest = int(c.Extension.Minutes()), c.Ticket, c.MFA
		out.AutoApproval, out.Requestable, out.RequestForm = c.AutoApprove, c.Allow, UUID(c.TemplateID)
		for _, s := range c.Stages {
			out.Manager = out.Manager || s.Manager
		}
	}
	return out
}

// ItemDraft is what the creation of a resource and of a group have in common.
type ItemDraft struct {
	Name         string          `json:"name" minLength:"1" maxLength:"256"`
	Description  string          `json:"description,omitempty" maxLength:"2048"`
	AppID        UUID            `json:"app_id"`
	Remote       json.RawMessage `json:"remote_info,omitempty"`
	Metadata     string          `json:"metadata,omitempty" maxLength:"16384" doc:"The older way to say remote_info; it is not kept."`
	Notice       *string         `json:"custom_request_notification,omitempty" nullable:"true" maxLength:"800"`
	RiskOverride string          `json:"risk_sensitivity_override,omitempty" enum:"UNKNOWN,CRITICAL,HIGH,MEDIUM,LOW,NONE"`
	Template     link            `json:"configuration_template_id,omitzero" doc:"The template to follow. An addition of ours: the published API links later."`
}

func (c ItemDraft) draft(group bool, label string) item.Draft {
	d := item.Draft{AppID: app.ID(c.AppID), Group: group, Name: c.Name, Description: c.Description}
	d.Label, d.Offered, d.Remote, d.Risk = label, true, unlessNull(c.Remote), c.RiskOverride
	if c.Notice != nil {
		d.Notice = *c.Notice
	}
	d.TemplateID = string(c.Template.id)
	return d
}

// unlessNull is raw, unless that is null.
func unlessNull(raw json.RawMessage) json.RawMessage {
	if string(raw) == "null" {
		return nil
	}
	return raw
}

// set gives to the value that was said, if one was.
func set[T any](to, said *T) {
	if said != nil {
		*to = *said
	}
}

// itemNames are the names of fields in faults of the rules, as this API spells them.
var itemNames = map[string]string{
	"displayName": "name", "notice": "custom_request_notification", "remote": "remote_info", "leaders": "group_leader_user_ids",
	"audience": "visibility_group_ids", "risk": "risk_sensitivity_override", "tickets.project": "ticket_project_id",
	"tickets.provider": "ticket_provider", "parentResourceId": "parent_resource_id",
}

// itemSort is one of the two sorts of items that this API tells apart, as messages name it.
type itemSort string

const (
	aGroup    itemSort = "group"
	aResource itemSort = "resource"
)

// has reports whether i is of the sort.
func (s itemSort) has(i item.Item) bool { return i.Group == (s == aGroup) }

// read is the operation that reads an item of the sort.
func (s itemSort) read() string {
	if s == aGroup {
		return "Groups.GetGroup"
	}
	return "Resources.GetResourceID"
}

// itemOf reads the item of one sort that a request is about, for a caller who may see it, or has a power over it for this operation. What
// they may not see is not there.
func (d *Door) itemOf(ctx context.Context, s itemSort, id UUID) (item.Item, error) {
	_, byPowers := iam.OwnFilter(ctx)
	if byPowers != nil && !fault.Is(byPowers, fault.Denied) {
		return item.Item{}, byPowers
	}
	i, unseen := d.seenItem(ctx, s, id)
	if unseen == nil && byPowers == nil || unseen != nil && (i.ID == "" || !fault.Is(unseen, fault.NotFound)) {
		return i, unseen
	}
	named, err := iam.Empowered(ctx, itemObject(i))
	switch {
	case err != nil || named:
		return i, err
	case unseen != nil:
		return i, unseen
	default:
		return i, byPowers
	}
}

// seenItem reads an item of one sort that the caller may see, whatever the operation: one that the request is not about alone. What they
// may not see is not there, and is answered with the fault.
func (d *Door) seenItem(ctx context.Context, s itemSort, id UUID) (item.Item, error) {
	i, err := item.Get(d.DB.Q(ctx), item.ID(id))
	if err != nil || !s.has(i) {
		return item.Item{}, notFound(err, string(s), id)
	}
	seer, err := iam.OnlyOwning(ctx)
	if err != nil || seer == "" {
		return i, err
	}
	seen, err := sees(ctx, s.read())
	if seen || err != nil {
		return i, err
	}
	seen, err = d.Items.Seen(ctx, i.ID, seer, d.Clock.Now())
	if err == nil && !seen {
		err = missing(string(s), id)
	}
	return i, err
}

// itemToChange reads an item of one sort for a caller whom the operation reaches with it, by roles or powers. What they may not see
// either is not there.
func (d *Door) itemToChange(ctx context.Context, s itemSort, id UUID) (item.Item, error) {
	i, unseen := d.seenItem(ctx, s, id)
	if i.ID == "" || unseen != nil && !fault.Is(unseen, fault.NotFound) {
		return i, unseen
	}
	_, err := iam.Acts(ctx, itemObject(i))
	if fault.Is(err, fault.Denied) && unseen != nil {
		err = unseen
	}
	return i, err
}

// itemsToChange reads items of one sort for a caller whom the operation reaches with each of them; acts are by which, where that is by
// powers alone. Faults as of itemToChange, for the first.
func (d *Door) itemsToChange(ctx context.Context, s itemSort, list []UUID) (map[item.ID]item.Item, map[item.ID][]iam.Act, error) {
	found, err := d.itemsOf(ctx, s, list)
	if err != nil {
		return nil, nil, err
	}
	acts := make(map[item.ID][]iam.Act, len(list))
	for _, id := range list {
		i := found[item.ID(id)]
		by, err := iam.Acts(ctx, itemObject(i))
		if fault.Is(err, fault.Denied) {
			if _, unseen := d.seenItem(ctx, s, id); unseen != nil {
				err = unseen
			}
		}
		if err != nil {
			return nil, nil, err
		}
		acts[i.ID] = by
	}
	return found, acts, nil
}

// itemsOf reads items of one sort, whoever may see them. NotFound for the first that is not there.
func (d *Door) itemsOf(ctx context.Context, s itemSort, list []UUID) (map[item.ID]item.Item, error) {
	found, err := item.Many(d.DB.Q(ctx), ids[item.ID](list))
	if err != nil {
		return nil, err
	}
	for _, id := range list {
		if i, ok := found[item.ID(id)]; !ok || !s.has(i) {
			return nil, missing(string(s), id)
		}
	}
	return found, nil
}

// deleteItem deletes an item of one sort.
func (d *Door) deleteItem(ctx context.Context, s itemSort, id UUID) error {
	i, err := d.itemToChange(ctx, s, id)
	if err != nil {
		return err
	}
	return d.Items.Delete(ctx, i.ID, d.unruled(ctx))
}

// notFound says that there is no kind with that id, for whatever reason; other failures stay.
func notFound(err error, kind string, id UUID) error {
	if err == nil || fault.Is(err, fault.NotFound) {
		return missing(kind, id)
	}
	return err
}

// beside is what is shown with items and is not theirs.
type beside struct {
	groups map[app.EntitlementRef]UUID // that their settings name, by what the members hold
	admins map[item.ID]UUID
}

// besides reads what is shown with items, with the same number of statements however many there are.
func (d *Door) besides(ctx context.Context, items []item.Item) (beside, error) {
	var refs []app.EntitlementRef
	for _, i := range items {
		refs = append(refs, i.Audience...)
		for _, c := range i.Configurations {
			if c.Condition != nil {
				refs = append(refs, c.Condition.Groups...)
			}
		}
	}
	q := d.DB.Q(ctx)
	groups, err := groupsOf(q, refs)
	if err != nil {
		return beside{}, err
	}
	admins, err := adminsOf(q, items)
	return beside{groups, admins}, err
}

// userIDs are people as this API names them; never null.
func userIDs(list []directory.UserID) []UUID {
	return each(list, func(u directory.UserID) UUID { return UUID(u) })
}

// listItems lists items as the caller may see them.
func (d *Door) listItems(ctx context.Context, list string, f item.Filter, in Paging) (page.Page[item.Item], pager, error) {
	seer, err := iam.OwnFilter(ctx)
	if err != nil {
		return page.Page[item.Item]{}, pager{}, err
	}
	if f.Seer = seer; seer != "" {
		on := iam.SortResource
		if f.Groups {
			on = iam.SortGroup
		}
		named, every, err := iam.Named(ctx, on)
		if err != nil {
			return page.Page[item.Item]{}, pager{}, err
		}
		if f.Named = each(named, func(s string) item.ID { return item.ID(s) }); every {
			f.Seer = ""
		}
	}
	p, err := d.page(list, in, f)
	if err != nil {
		return page.Page[item.Item]{}, p, err
	}
	found, err := d.Items.List(ctx, f, d.Clock.Now(), p.Request)
	return found, p, err
}
