package task

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/automation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Access of a group is a binding: who holds what its members hold, holds what was asked for, until the binding's end.

// Bindings have the holders of one entitlement hold another; package automation does.
type Bindings interface {
	Hold(tx *db.Tx, actor audit.Actor, p automation.Proxy) (automation.Proxy, error)
	Undo(tx *db.Tx, actor audit.Actor, b automation.Binding, task string) error
	Holdable(q db.Q, b automation.Binding) error
}

var _ Bindings = (*automation.Service)(nil)

// aboutGroup fills in for which group it is. What the group could not hold is refused before anybody is asked.
func (s *Service) aboutGroup(q db.Q, t *Task, by *sorts) error {
	if t.Kind != Grant || t.Subject != "" || t.Account != "" || t.Extension {
		return fault.InvalidField("group", "is asked for alone, and not together with a user or an account, or as an extension")
	}
	if s.Bindings == nil {
		return fault.NotServed("group")
	}
	if err := s.Bindings.Holdable(q, t.binding(app.EntitlementRef{AppID: t.App, ID: t.Entitlement})); err != nil {
		return err
	}
	of, err := app.GetEntitlement(q, t.Group.Members.AppID, t.Group.Members.ID)
	if err != nil {
		return err
	}
	r, err := app.ManyResources(q, []app.ResourceRef{{AppID: of.AppID, ID: of.ResourceID}})
	if err != nil {
		return err
	}
	if len(r) == 0 || !r[0].DeletedAt.IsZero() || r[0].ID != t.Group.ID {
		return fault.Missing("group", string(t.Group.ID))
	}
	name := r[0].DisplayName
	t.Names.Subject, by.subject = "the group "+name, app.SortName(name)
	t.DisplayName += " for the group " + name
	by.search = db.Fold(t.Names.Entitlement + " " + t.Names.App + " " + name + " " + t.Description)
	return nil
}

func (t Task) binding(of app.EntitlementRef) automation.Binding {
	return automation.Binding{Source: t.Group.Members, Destination: of}
}

// bind has the group hold what was asked for. That it cannot is what becomes of the task, not of whoever decided.
func (v *turn) bind(e GrantAccess) error {
	if v.Bindings == nil {
		return v.apply(Carried{Error: "nothing is given to groups", Final: true})
	}
	p, err := v.Bindings.Hold(v.tx, v.actor, automation.Proxy{Binding: v.t.binding(e.Of), Until: e.End, Task: string(v.t.ID)})
	if f, ok := errors.AsType[*fault.Fault](err); ok && f.Code != fault.Conflict && f.Code != fault.Internal {
		return v.apply(Carried{Error: f.Message, Final: true})
	}
	if err != nil {
		return err
	}
	return v.apply(Carried{Over: true, Until: p.Until})
}

// unbind takes away the binding that was made for the task.
func (v *turn) unbind(e RevokeAccess) error {
	if v.Bindings != nil && e.Undo {
		if err := v.Bindings.Undo(v.tx, v.actor, v.t.binding(e.Of), string(v.t.ID)); err != nil {
			return err
		}
	}
	return v.apply(Carried{Over: true})
}

// Among says who is a member of which group, of the people who were asked about, by what the members hold.
type Among map[app.EntitlementRef]map[directory.UserID]bool

func (a Among) has(group app.EntitlementRef, u directory.UserID) bool { return a[group][u] }

const (
	manyGroups = 50
	manyPeople = 200
)

// members answers which of some people hold which of some entitlements at a moment: who are members of groups. The threat: somebody who
// decides what they get themself, as one of a group.
func members(q db.Q, of []app.EntitlementRef, people []directory.UserID, at time.Time) (Among, error) {
	out := Among{}
	of = slices.DeleteFunc(slices.Clone(of), func(e app.EntitlementRef) bool { return e.ID == "" })
	if len(of) == 0 || len(people) == 0 {
		return out, nil
	}
	for _, some := range db.Chunks(of, manyGroups) {
		for _, who := range db.Chunks(people, manyPeople) {
			args := []any{clock.Micros(at)}
			for _, u := range who {
				args = append(args, string(u))
			}
			for _, e := range some {
				args = append(args, string(e.AppID), string(e.ID))
			}
			rows, err := db.Collect(q, scanMember, membersSQL(len(who), len(some)), args...)
			if err != nil {
				return nil, err
			}
			for _, m := range rows {
				if out[m.of] == nil {
					out[m.of] = map[directory.UserID]bool{}
				}
				out[m.of][m.user] = true
			}
		}
	}
	return out, nil
}

type member struct {
	of   app.EntitlementRef
	user directory.UserID
}

func scanMember(r *db.Rows) (m member, err error) { return m, r.Scan(&m.of.AppID, &m.of.ID, &m.user) }

// membersSQL begins with the people, who are few, and never with all that a group holds or is held by.
func membersSQL(people, groups int) string {
	var values []string
	for n := range groups {
		values = append(values, db.In(2, 2+people+2*n))
	}
	return `with of (app_id, id) as (values ` + strings.Join(values, ",") + `)
		select distinct g.app_id, g.entitlement_id, a.user_id from of cross join account a cross join grants g
			join users u on u.id = a.user_id
			join entitlement e on e.app_id = g.app_id and e.id = g.entitlement_id
			join app p on p.id = g.app_id
		where a.user_id in ` + db.In(people, 2) + ` and a.app_id = of.app_id and g.account_id = a.id and g.entitlement_id = of.id
			and g.app_id || '' = a.app_id and ` + grant.AccessSQL("$1")
}

// among reads which of all the people in f are members of the groups.
func (f *Facts) among(q db.Q, at time.Time, groups ...app.EntitlementRef) error {
	groups = slices.DeleteFunc(groups, func(e app.EntitlementRef) bool { return e.ID == "" })
	if len(groups) == 0 {
		return nil
	}
	var people []directory.UserID
	for _, list := range f.People {
		for _, one := range list {
			people = append(people, one.User)
		}
	}
	for _, list := range f.Stands {
		for _, one := range list {
			people = append(people, one.For, one.User)
		}
	}
	slices.Sort(people)
	var err error
	f.Among, err = members(q, groups, slices.Compact(people), at)
	return err
}

// groups are those that tasks are about, each once.
func groups(tasks []Task) []app.EntitlementRef {
	var list []app.EntitlementRef
	for _, t := range tasks {
		if t.Group.there() && !slices.Contains(list, t.Group.Members) {
			list = append(list, t.Group.Members)
		}
	}
	return list
}

// outside refuses to have members of the group decide that a task is about, unless the step lets those decide whom it is about.
func outside(q db.Q, t Task, to []directory.UserID, at time.Time) error {
	if !t.Group.there() || t.Current.selfApproval() {
		return nil
	}
	found, err := members(q, []app.EntitlementRef{t.Group.Members}, to, at)
	if err == nil && len(found) > 0 {
		err = fault.InvalidField("newStepUserIds", "nobody decides a request of their own, nor one for a group that they are in")
	}
	return err
}
