package opal

import (
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/platform/db"
)

// ItemChange is what a change of a resource and of a group have in common, asked for and answered. What is not there stays as it is;
// what was said wins over what a template or an older spelling says. request_configurations is in every answer, if empty: opal-go does not
// read one without it.
type ItemChange struct {
	Name           *string             `json:"name,omitempty" minLength:"1" maxLength:"256"`
	Description    *string             `json:"description,omitempty" maxLength:"2048"`
	AdminOwner     *UUID               `json:"admin_owner_id,omitempty"`
	MFAToApprove   *bool               `json:"require_mfa_to_approve,omitempty"`
	Notice         *string             `json:"custom_request_notification,omitempty" nullable:"true" maxLength:"800"`
	RiskOverride   *string             `json:"risk_sensitivity_override,omitempty" enum:"UNKNOWN,CRITICAL,HIGH,MEDIUM,LOW,NONE"`
	Template       link                `json:"configuration_template_id,omitzero" doc:"The template to follow; null or empty: none any more, what it said stays."`
	Configurations []configurationBody `json:"request_configurations,omitzero" nullable:"true" maxItems:"16"`
	Configured     *configurationList  `json:"request_configuration_list,omitempty" doc:"The older way to say request_configurations."`
	Folder         *UUID               `json:"folder_id,omitempty" doc:"There are no folders any more; it is not kept."`
	DefaultChange
}

// configurationList is the older way to configure.
type configurationList struct {
	Configurations []configurationBody `json:"request_configurations" nullable:"true" maxItems:"16"`
}

// DefaultChange is the oldest way to configure: members of the default configuration, one by one. They count where no configurations
// are said.
type DefaultChange struct {
	Max          *int  `json:"max_duration,omitempty" minimum:"0" maximum:"525960"`
	Recommended  *int  `json:"recommended_duration,omitempty" minimum:"-1" maximum:"525960"`
	Manager      *bool `json:"require_manager_approval,omitempty"`
	Ticket       *bool `json:"require_support_ticket,omitempty"`
	MFAToRequest *bool `json:"require_mfa_to_request,omitempty"`
	AutoApproval *bool `json:"auto_approval,omitempty"`
	Form         *UUID `json:"request_template_id,omitempty"`
	Requestable  *bool `json:"is_requestable,omitempty"`
	Extension    *int  `json:"extensions_duration_in_minutes,omitempty" minimum:"0" maximum:"525960"`
}

// apply returns what makes an item what u says.
func (d *Door) apply(q db.Q, u ItemChange) (func(i *item.Item) error, error) {
	said := u.Configurations
	if said == nil && u.Configured != nil {
		said = u.Configured.Configurations
	}
	configurations, err := d.configurations(q, said)
	if err != nil {
		return nil, err
	}
	return func(i *item.Item) error {
		set(&i.DisplayName, u.Name)
		set(&i.Description, u.Description)
		set(&i.MFAToApprove, u.MFAToApprove)
		set(&i.Notice, u.Notice)
		set(&i.Risk, u.RiskOverride)
		if u.Template.said {
			i.TemplateID = string(u.Template.id)
		}
		switch {
		case said != nil:
			i.Configure(configurations)
		case u.DefaultChange != DefaultChange{}:
			i.Configure(u.changed(i.Configurations))
		}
		return nil
	}, nil
}

// changed is list with the default configuration as u says; there is one afterwards.
func (u DefaultChange) changed(list []item.Configuration) []item.Configuration {
	list = slices.Clone(list)
	at := slices.IndexFunc(list, func(c item.Configuration) bool { return c.Priority == 0 })
	if at < 0 {
		list, at = append([]item.Configuration{{Allow: true}}, list...), 0
	}
	c := &list[at]
	setMinutes(&c.MaxDuration, u.Max)
	setMinutes(&c.Recommended, u.Recommended)
	setMinutes(&c.Extension, u.Extension)
	set(&c.Ticket, u.Ticket)
	set(&c.MFA, u.MFAToRequest)
	set(&c.AutoApprove, u.AutoApproval)
	set(&c.Allow, u.Requestable)
	if u.Form != nil {
		c.TemplateID = string(*u.Form)
	}
	if c.AutoApprove {
		c.Stages = nil
	}
	if u.Manager != nil {
		c.Stages = withManager(c.Stages, *u.Manager)
	}
	return list
}

// withManager is stages with or without the manager in the first of them. A stage that names nobody else goes.
func withManager(stages []item.Stage, asks bool) []item.Stage {
	stages = slices.Clone(stages)
	switch {
	case asks && len(stages) == 0:
		return []item.Stage{{Manager: true}}
	case asks:
		stages[0].Manager = true
	default:
		for n := range stages {
			stages[n].Manager = false
		}
		stages = slices.DeleteFunc(stages, func(s item.Stage) bool { return !s.Admin && len(s.Owners)+len(s.People) == 0 })
	}
	return stages
}

func setMinutes(to *time.Duration, said *int) {
	if said != nil {
		*to = minutes(*said)
	}
}

// encodeChange shows what an item is after a change, in the words of the change.
func encodeChange(i item.Item, with beside) ItemChange {
	b := encodeItem(i, with)
	return ItemChange{
		Name: &b.Name, Description: &b.Description, AdminOwner: unlessEmpty(b.AdminOwner), MFAToApprove: &b.MFAToApprove,
		Notice: b.Notice, RiskOverride: orNull(b.RiskOverride), Template: linkTo(b.Template), Configurations: b.Configurations,
		Configured: &configurationList{b.Configurations},
		DefaultChange: DefaultChange{
			Max: unlessZero(b.Max), Recommended: unlessZero(b.Recommended), Manager: &b.Manager, Ticket: &b.Ticket,
			MFAToRequest: &b.MFAToRequest, AutoApproval: &b.AutoApproval, Form: unlessEmpty(b.RequestForm), Requestable: &b.Requestable,
			Extension: unlessZero(b.Extension),
		},
	}
}

func unlessEmpty(u UUID) *UUID {
	if u == "" {
		return nil
	}
	return &u
}

func unlessZero(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}
