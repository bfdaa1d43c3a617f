package item

import (
	"cmp"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/contact"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

// TemplateID is the identity of a template: a UUIDv7 in text form.
type TemplateID string

// Limits of templates.
const (
	MaxTemplates    = 500 // in all, since they are listed at once
	MaxTemplateName = 256 // characters
	MaxBreakGlass   = 100
)

// Template owns the settings of the items that follow it. They take them when they begin to follow it and whenever it changes, soon, and
// keep a copy when they follow it no longer.
type Template struct {
	ID   TemplateID `json:"-"`
	Name string     `json:"-"` // unique

	// Admin is the set of owners that the items belong to.
	Admin    owner.SetID          `json:"admin"`
	Limited  bool                 `json:"limited,omitempty"`
	Audience []app.EntitlementRef `json:"audience,omitempty"`

	Notice         string          `json:"notice,omitempty"`
	MFAToApprove   bool            `json:"mfaToApprove,omitempty"`
	MFAToConnect   bool            `json:"mfaToConnect,omitempty"`
	Configurations []Configuration `json:"configurations,omitempty"`
	Tickets        Tickets         `json:"tickets,omitzero"`

	// Channels and Schedules are where people are told of the items, and who is on call for those that are groups; nil: as each item says.
	Channels  []contact.ChannelID  `json:"channels"`
	Schedules []contact.ScheduleID `json:"schedules"`
	// BreakGlass is who may have groups at once in an emergency. It is kept; nothing gives it yet.
	BreakGlass []directory.UserID `json:"breakGlass,omitempty"`

	Version  int64     `json:"-"`
	FollowAt time.Time `json:"-"` // when the next items take this state; zero: all have
}

// Validate answers Invalid for the first member of t that breaks a limit.
func (t Template) Validate() error {
	switch {
	case t.Name == "":
		return fault.InvalidField("name", "is required")
	case utf8.RuneCountInString(t.Name) > MaxTemplateName:
		return fault.InvalidField("name", "is longer than %d characters", MaxTemplateName)
	case t.Admin == "":
		return fault.InvalidField("admin_owner_id", "is required")
	case len(t.BreakGlass) > MaxBreakGlass:
		return fault.InvalidField("break_glass_user_ids", "has more than %d members", MaxBreakGlass)
	case len(t.Channels) > contact.MaxPerItem:
		return fault.InvalidField("linked_audit_message_channel_ids", "has more than %d members", contact.MaxPerItem)
	case len(t.Schedules) > contact.MaxPerItem:
		return fault.InvalidField("member_oncall_schedule_ids", "has more than %d members", contact.MaxPerItem)
	}
	if err := text.Line("name", t.Name); err != nil {
		return err
	}
	var s Settings
	t.onto(&s)
	return s.Validate()
}

// onto gives s what t says of it.
func (t Template) onto(s *Settings) {
	s.TemplateID, s.TemplateVersion = string(t.ID), t.Version
	s.Offered, s.Limited, s.Audience, s.Notice = true, t.Limited, slices.Clone(t.Audience), t.Notice
	s.MFAToApprove, s.MFAToConnect, s.Configurations, s.Tickets = t.MFAToApprove, t.MFAToConnect, t.Configurations, t.Tickets
}

// owned is the part of settings that a template owns, in one order.
func (s Settings) owned() Settings {
	out := Settings{
		Limited: s.Limited, Audience: slices.Clone(s.Audience), Notice: s.Notice, MFAToApprove: s.MFAToApprove, MFAToConnect: s.MFAToConnect,
		Configurations: s.Configurations, Tickets: s.Tickets,
	}
	slices.SortFunc(out.Audience, func(a, b app.EntitlementRef) int {
		return cmp.Or(cmp.Compare(a.AppID, b.AppID), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// Following refuses to change by itself what an item has from its template.
func Following() error {
	return fault.New(fault.Conflict, "the item follows a configuration template: change that, or unlink the item first")
}
