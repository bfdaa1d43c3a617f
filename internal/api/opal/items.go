package opal

import (
	"context"
	"encoding/json"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/platform/db"
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
func encodeItem(i item.Item, groups map[app.EntitlementRef]UUID, admin UUID) ItemBody {
	out := ItemBody{
		AppID: UUID(i.AppID), Name: i.DisplayName, Description: i.Description, AdminOwner: admin, MFAToApprove: i.MFAToApprove,
		Template: UUID(i.TemplateID), Configurations: encodeConfigurations(i.Configurations, groups), Notice: orNull(i.Notice),
		Risk: i.Risk, RiskOverride: i.Risk, Remote: i.Remote, Requestable: len(i.Configurations) == 0,
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
	Remote       json.RawMessage `json:"remote_info,omitempty" nullable:"true"`
	Metadata     string          `json:"metadata,omitempty" maxLength:"16384" doc:"The older way to say remote_info; it is not kept."`
	Notice       *string         `json:"custom_request_notification,omitempty" nullable:"true" maxLength:"800"`
	RiskOverride string          `json:"risk_sensitivity_override,omitempty" enum:"UNKNOWN,CRITICAL,HIGH,MEDIUM,LOW,NONE"`
}

func (c ItemDraft) draft(group bool, label string) item.Draft {
	d := item.Draft{AppID: app.ID(c.AppID), Group: group, Name: c.Name, Description: c.Description}
	d.Label, d.Remote, d.Risk = label, unlessNull(c.Remote), c.RiskOverride
	if c.Notice != nil {
		d.Notice = *c.Notice
	}
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

// itemOf reads an item of one sort that the caller may see. What they may not see is not there.
func (d *Door) itemOf(ctx context.Context, kind string, id UUID, group bool) (item.Item, error) {
	seer, err := iam.OwnFilter(ctx)
	if err != nil {
		return item.Item{}, err
	}
	i, err := item.Get(d.DB.Q(ctx), item.ID(id))
	if err != nil || i.Group != group {
		return i, notFound(err, kind, id)
	}
	if seer == "" {
		return i, nil
	}
	seen, err := d.Items.Seen(ctx, i.ID, seer, d.Clock.Now())
	if err == nil && !seen {
		err = missing(kind, id)
	}
	return i, err
}

// notFound says that there is no kind with that id, for whatever reason; other failures stay.
func notFound(err error, kind string, id UUID) error {
	if err == nil || fault.Is(err, fault.NotFound) {
		return missing(kind, id)
	}
	return err
}

// groupsIn are the groups that the settings of items name.
func groupsIn(q db.Q, items []item.Item) (map[app.EntitlementRef]UUID, error) {
	var refs []app.EntitlementRef
	for _, i := range items {
		refs = append(refs, i.Audience...)
		for _, c := range i.Configurations {
			if c.Condition != nil {
				refs = append(refs, c.Condition.Groups...)
			}
		}
	}
	return groupsOf(q, refs)
}

// users are people as this API names them; never null.
func userIDs(list []directory.UserID) []UUID {
	return each(list, func(u directory.UserID) UUID { return UUID(u) })
}

// listItems lists items as the caller may see them.
func (d *Door) listItems(ctx context.Context, list string, f item.Filter, in Paging) (page.Page[item.Item], pager, error) {
	seer, err := iam.OwnFilter(ctx)
	if err != nil {
		return page.Page[item.Item]{}, pager{}, err
	}
	f.Seer = seer
	p, err := d.page(list, in, f)
	if err != nil {
		return page.Page[item.Item]{}, p, err
	}
	found, err := d.Items.List(ctx, f, d.Clock.Now(), p.Request)
	return found, p, err
}
