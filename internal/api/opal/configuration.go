package opal

import (
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/platform/db"
)

// configurationBody says how an item may be asked for.
type configurationBody struct {
	Condition   *conditionBody `json:"condition,omitempty" doc:"For whom it is; the default, of priority 0, has none."`
	Allow       bool           `json:"allow_requests"`
	AutoApprove bool           `json:"auto_approval"`
	MFA         bool           `json:"require_mfa_to_request"`
	Max         int            `json:"max_duration_minutes,omitempty" minimum:"0" maximum:"525960"`
	Recommended int            `json:"recommended_duration_minutes,omitempty" minimum:"-1" maximum:"525960"`
	Ticket      bool           `json:"require_support_ticket"`
	Extension   int            `json:"extensions_duration_in_minutes,omitempty" minimum:"0" maximum:"525960"`
	TemplateID  UUID           `json:"request_template_id,omitempty"`
	Stages      []stageBody    `json:"reviewer_stages,omitempty" nullable:"true" maxItems:"8"`
	Priority    int            `json:"priority" minimum:"0" maximum:"15"`
}

// conditionBody holds for members of any of the groups, and for requests of any of the roles.
type conditionBody struct {
	Groups []UUID   `json:"group_ids,omitempty" nullable:"true" maxItems:"32"`
	Levels []string `json:"role_remote_ids,omitempty" nullable:"true" maxItems:"32" doc:"Of 256 characters at most."`
}

// stageBody is a step at which somebody decides. require_manager_approval is always there: opal-go does not read a stage without it.
type stageBody struct {
	Manager  bool   `json:"require_manager_approval" required:"false"`
	Admin    bool   `json:"require_admin_approval" required:"false"`
	Operator string `json:"operator" enum:"AND,OR"`
	Owners   []UUID `json:"owner_ids" nullable:"true" maxItems:"32"`
	People   []UUID `json:"service_user_ids,omitempty" nullable:"true" maxItems:"32"`
}

// configurations decodes what a caller configures. Invalid names the field.
func (d *Door) configurations(q db.Q, list []configurationBody) ([]item.Configuration, error) {
	out := make([]item.Configuration, len(list))
	for n, c := range list {
		out[n] = item.Configuration{
			Priority: c.Priority, Allow: c.Allow, AutoApprove: c.AutoApprove, MFA: c.MFA, Ticket: c.Ticket, MaxDuration: minutes(c.Max),
			Recommended: minutes(c.Recommended), Extension: minutes(c.Extension), TemplateID: string(c.TemplateID),
			Stages: each(c.Stages, decodeStage),
		}
		if c.Condition == nil {
			continue
		}
		groups, err := d.membersOf(q, "group_ids", c.Condition.Groups)
		if err != nil {
			return nil, err
		}
		out[n].Condition = &item.Condition{Groups: groups, Levels: c.Condition.Levels}
	}
	return out, nil
}

func minutes(n int) time.Duration { return time.Duration(n) * time.Minute }

func decodeStage(s stageBody) item.Stage {
	return item.Stage{
		All: s.Operator == "AND", Manager: s.Manager, Admin: s.Admin, Owners: each(s.Owners, func(u UUID) string { return string(u) }),
		People: ids[directory.UserID](s.People),
	}
}

// encodeConfigurations shows configurations; groups are those whose members their conditions name.
func encodeConfigurations(list []item.Configuration, groups map[app.EntitlementRef]UUID) []configurationBody {
	return each(list, func(c item.Configuration) configurationBody {
		out := configurationBody{
			Allow: c.Allow, AutoApprove: c.AutoApprove, MFA: c.MFA, Max: int(c.MaxDuration.Minutes()),
			Recommended: int(c.Recommended.Minutes()), Ticket: c.Ticket, Extension: int(c.Extension.Minutes()),
			TemplateID: UUID(c.TemplateID), Stages: each(c.Stages, encodeStage), Priority: c.Priority,
		}
		if c.Condition != nil {
			out.Condition = &conditionBody{Groups: knownGroups(groups, c.Condition.Groups), Levels: c.Condition.Levels}
		}
		return out
	})
}

func encodeStage(s item.Stage) stageBody {
	out := stageBody{
		Manager: s.Manager, Admin: s.Admin, Operator: "OR", Owners: each(s.Owners, func(o string) UUID { return UUID(o) }),
		People: each(s.People, func(u directory.UserID) UUID { return UUID(u) }),
	}
	if s.All {
		out.Operator = "AND"
	}
	return out
}
