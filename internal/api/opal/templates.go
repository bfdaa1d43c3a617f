package opal

import (
	"context"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/contact"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// templateBody is what a template shows of itself: its request configurations it does not.
type templateBody struct {
	ID            UUID           `json:"configuration_template_id"`
	Name          string         `json:"name"`
	Admin         UUID           `json:"admin_owner_id"`
	Visibility    visibilityBody `json:"visibility"`
	Channels      []UUID         `json:"linked_audit_message_channel_ids"`
	Configuration UUID           `json:"request_configuration_id"`
	Schedules     []UUID         `json:"member_oncall_schedule_ids"`
	BreakGlass    []UUID         `json:"break_glass_user_ids"`
	MFAToApprove  bool           `json:"require_mfa_to_approve"`
	MFAToConnect  bool           `json:"require_mfa_to_connect"`
	Tickets       *ticketsBody   `json:"ticket_propagation,omitempty"`
	Notice        *string        `json:"custom_request_notification"`
}

type templatesBody struct {
	Results []templateBody `json:"results"`
}

// TemplateChange is what the creation and the change of a template have in common. What is not there stays as it is.
type TemplateChange struct {
	Channels       []UUID              `json:"linked_audit_message_channel_ids,omitempty" nullable:"true" maxItems:"100"`
	Schedules      []UUID              `json:"member_oncall_schedule_ids,omitempty" nullable:"true" maxItems:"100"`
	BreakGlass     []UUID              `json:"break_glass_user_ids,omitempty" nullable:"true" maxItems:"100" doc:"Kept; nothing gives them access yet."`
	Configurations []configurationBody `json:"request_configurations,omitempty" nullable:"true" maxItems:"16"`
	Configured     *configurationList  `json:"request_configuration_list,omitempty" doc:"The older way to say request_configurations."`
	Tickets        *ticketsBody        `json:"ticket_propagation,omitempty"`
	Notice         *string             `json:"custom_request_notification,omitempty" nullable:"true" maxLength:"800"`
}

type createTemplate struct {
	Body struct {
		Name         string         `json:"name" minLength:"1" maxLength:"256"`
		Admin        UUID           `json:"admin_owner_id"`
		Visibility   visibilityBody `json:"visibility"`
		MFAToApprove bool           `json:"require_mfa_to_approve"`
		MFAToConnect bool           `json:"require_mfa_to_connect"`
		TemplateChange
	}
}

type updateTemplate struct {
	Body struct {
		ID           UUID            `json:"configuration_template_id"`
		Name         *string         `json:"name,omitempty" minLength:"1" maxLength:"256"`
		Admin        *UUID           `json:"admin_owner_id,omitempty"`
		Visibility   *visibilityBody `json:"visibility,omitempty"`
		MFAToApprove *bool           `json:"require_mfa_to_approve,omitempty"`
		MFAToConnect *bool           `json:"require_mfa_to_connect,omitempty"`
		TemplateChange
	}
}

// TemplatePath is part of the parameters of what is about one template.
type TemplatePath struct {
	ID UUID `path:"configuration_template_id"`
}

func (d *Door) templates() {
	serve(d, "ConfigurationTemplates.GetConfigurationTemplates", about{Summary: "List configuration templates; administrators may"},
		d.getTemplates)
	serve(d, "ConfigurationTemplates.CreateConfigurationTemplate", about{Summary: "Make a configuration template; administrators may"},
		d.createTemplate)
	serve(d, "ConfigurationTemplates.UpdateConfigurationTemplate", about{
		Summary: "Change a configuration template, and soon the items that follow it; administrators may",
	}, d.updateTemplate)
	serveEmpty(d, "ConfigurationTemplates.DeleteConfigurationTemplate", about{
		Summary: "Delete a configuration template that no item follows; administrators may",
	}, d.deleteTemplate)
}

func (d *Door) getTemplates(ctx context.Context, _ *struct{}) (templatesBody, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return templatesBody{}, err
	}
	found, err := d.Items.Templates(d.DB.Q(ctx))
	if err != nil {
		return templatesBody{}, err
	}
	list, err := d.encodeTemplates(ctx, found)
	return templatesBody{list}, err
}

func (d *Door) createTemplate(ctx context.Context, in *createTemplate) (templateBody, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return templateBody{}, err
	}
	b := in.Body
	t := item.Template{Name: b.Name, Admin: owner.SetID(b.Admin), MFAToApprove: b.MFAToApprove, MFAToConnect: b.MFAToConnect}
	become, err := d.becomeTemplate(ctx, b.TemplateChange, &b.Visibility)
	if err != nil {
		return templateBody{}, err
	}
	become(&t)
	made, err := d.Items.CreateTemplate(ctx, t)
	if err != nil {
		return templateBody{}, respelled(err, itemNames)
	}
	return first(d.encodeTemplates(ctx, []item.Template{made}))
}

func (d *Door) updateTemplate(ctx context.Context, in *updateTemplate) (templateBody, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return templateBody{}, err
	}
	b := in.Body
	become, err := d.becomeTemplate(ctx, b.TemplateChange, b.Visibility)
	if err != nil {
		return templateBody{}, err
	}
	after, err := d.Items.UpdateTemplate(ctx, item.TemplateID(b.ID), func(t *item.Template) error {
		set(&t.Name, b.Name)
		if b.Admin != nil {
			t.Admin = owner.SetID(*b.Admin)
		}
		set(&t.MFAToApprove, b.MFAToApprove)
		set(&t.MFAToConnect, b.MFAToConnect)
		become(t)
		return nil
	})
	if err != nil {
		return templateBody{}, respelled(err, itemNames)
	}
	return first(d.encodeTemplates(ctx, []item.Template{after}))
}

func (d *Door) deleteTemplate(ctx context.Context, in *TemplatePath) error {
	if err := iam.RequireAll(ctx); err != nil {
		return err
	}
	return d.Items.DeleteTemplate(ctx, item.TemplateID(in.ID))
}

// becomeTemplate returns what makes a template what c and v say.
func (d *Door) becomeTemplate(ctx context.Context, c TemplateChange, v *visibilityBody) (func(t *item.Template), error) {
	q := d.DB.Q(ctx)
	said := c.Configurations
	if said == nil && c.Configured != nil {
		said = c.Configured.Configurations
	}
	configurations, err := d.configurations(q, said)
	if err != nil {
		return nil, err
	}
	out := item.Template{}
	if v != nil {
		if out.Audience, err = d.membersOf(q, "visibility_group_ids", v.Groups); err != nil {
			return nil, err
		}
	}
	if err := d.knownContacts(ctx, c); err != nil {
		return nil, err
	}
	return func(t *item.Template) {
		if v != nil {
			t.Limited, t.Audience = v.Visibility == "LIMITED", out.Audience
		}
		if said != nil {
			t.Configurations = configurations
		}
		if c.Channels != nil {
			t.Channels = ids[contact.ChannelID](c.Channels)
		}
		if c.Schedules != nil {
			t.Schedules = ids[contact.ScheduleID](c.Schedules)
		}
		if c.BreakGlass != nil {
			t.BreakGlass = ids[directory.UserID](c.BreakGlass)
		}
		if c.Tickets != nil {
			t.Tickets = item.Tickets(*c.Tickets)
		}
		set(&t.Notice, c.Notice)
	}, nil
}

// knownContacts answers Invalid for a channel or schedule that is not registered.
func (d *Door) knownContacts(ctx context.Context, c TemplateChange) error {
	known := map[UUID]bool{}
	if len(c.Channels) > 0 {
		list, err := d.Contacts.Channels(ctx)
		if err != nil {
			return err
		}
		for _, one := range list {
			known[UUID(one.ID)] = true
		}
	}
	if len(c.Schedules) > 0 {
		list, err := d.Contacts.Schedules(ctx)
		if err != nil {
			return err
		}
		for _, one := range list {
			known[UUID(one.ID)] = true
		}
	}
	for field, list := range map[string][]UUID{"linked_audit_message_channel_ids": c.Channels, "member_oncall_schedule_ids": c.Schedules} {
		for _, one := range list {
			if !known[one] {
				return fault.InvalidField(field, "names what is not registered: %s", one)
			}
		}
	}
	return nil
}

// encodeTemplates shows templates, with one statement for the groups that they name.
func (d *Door) encodeTemplates(ctx context.Context, list []item.Template) ([]templateBody, error) {
	out := make([]templateBody, 0, len(list))
	var refs []app.EntitlementRef
	for _, t := range list {
		refs = append(refs, t.Audience...)
	}
	groups, err := groupsOf(d.DB.Q(ctx), refs)
	for _, t := range list {
		b := templateBody{
			ID: UUID(t.ID), Name: t.Name, Admin: UUID(t.Admin), Visibility: visibilityBody{"GLOBAL", knownGroups(groups, t.Audience)},
			Channels:      each(t.Channels, func(c contact.ChannelID) UUID { return UUID(c) }),
			Schedules:     each(t.Schedules, func(c contact.ScheduleID) UUID { return UUID(c) }),
			Configuration: UUID(id.Static("configurations of " + string(t.ID))), BreakGlass: userIDs(t.BreakGlass),
			MFAToApprove: t.MFAToApprove, MFAToConnect: t.MFAToConnect, Tickets: encodeTickets(t.Tickets), Notice: orNull(t.Notice),
		}
		if t.Limited {
			b.Visibility.Visibility = "LIMITED"
		}
		out = append(out, b)
	}
	return out, err
}
