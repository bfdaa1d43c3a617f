package task

import (
	"context"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/db"
)

// Sight is what somebody sees of a task beside the task itself: who may decide it at that moment, and what they may do with it.
type Sight struct {
	Resolution
	Actions []Action
}

// See answers for each of the tasks, in their order, what [Service.Eligible] and [Service.Actions] answer for one. What many of them
// ask is read once, so that a page of tasks costs little more than a task.
func (s *Service) See(ctx context.Context, tasks []Task) ([]Sight, error) {
	q, at := s.DB.Q(ctx), s.Clock.Now()
	sights := make([]Sight, len(tasks))
	if err := s.resolveAll(q, tasks, sights, at); err != nil {
		return nil, err
	}
	caller := Who{User: directory.UserID(audit.From(ctx).UserID), Super: iam.SuperAdmin(ctx) == nil}
	owned, err := s.ownedApps(q, tasks, caller.User, at)
	if err != nil {
		return nil, err
	}
	urgent := map[app.EntitlementRef]bool{}
	for i, t := range tasks {
		w := caller
		w.Step, w.Reasons, w.Owner = t.Step(), sights[i].Of(caller.User), owned[t.App]
		if t.mayBecomeUrgent(w) {
			ref := app.EntitlementRef{AppID: t.App, ID: t.Entitlement}
			if _, known := urgent[ref]; !known {
				urgent[ref] = s.urgent(q, ref)
			}
			w.Urgent = urgent[ref]
		}
		sights[i].Actions = t.Actions(w)
	}
	return sights, nil
}

// mayBecomeUrgent reports whether it matters to w that the entitlement may be asked for in an emergency.
func (t Task) mayBecomeUrgent(w Who) bool {
	return t.State == Open && t.Kind == Grant && !t.Emergency && !t.Asked && (t.Party(w.User) || w.supervises())
}

// resolveAll finds who may decide each of the tasks. Fallbacks and Super Administrators are read only for those where nobody else is
// left.
func (s *Service) resolveAll(q db.Q, tasks []Task, sights []Sight, at time.Time) error {
	f := Facts{People: map[Slot][]Filler{}, Stands: map[directory.UserID][]Stand{}}
	questions := map[int]Question{}
	for i, t := range tasks {
		if t.State == Open && (t.Current.approving() || t.Current.manual()) && !t.outwaited(at) {
			questions[i] = t.Question(t.Current, nil)
		}
	}
	for _, far := range []bool{false, true} {
		all := Question{AdminsToo: far}
		for _, one := range questions {
			if !far {
				one = one.near()
			}
			one.AdminsToo = false
			all.Named, all.Delegates = append(all.Named, one.Slots()...), all.Delegates || one.Delegates
		}
		if len(questions) == 0 {
			return nil
		}
		if err := managersOfAll(q, all.Named, &f); err != nil {
			return err
		}
		if err := s.facts(q, all, &f, at); err != nil {
			return err
		}
		for i, one := range questions {
			if !far {
				one = one.near()
			}
			if sights[i].Resolution = one.Resolve(f); sights[i].Tier != Nobody {
				delete(questions, i)
			}
		}
	}
	return nil
}

// managersOfAll reads the managers that the slots name.
func managersOfAll(q db.Q, slots []Slot, f *Facts) error {
	var of []directory.UserID
	for _, slot := range slots {
		if slot.Kind == ToManagers && !slices.Contains(of, slot.User) {
			of = append(of, slot.User)
		}
	}
	for _, chunk := range db.Chunks(of) {
		args := make([]any, len(chunk))
		for i, u := range chunk {
			args[i], f.People[Slot{Kind: ToManagers, User: u}] = string(u), nil
		}
		type pair struct{ of, manager directory.UserID }
		found, err := db.Collect(q, func(r *db.Rows) (p pair, err error) { return p, r.Scan(&p.of, &p.manager) },
			`select m.user_id, u.id from user_manager m join users u on u.id = m.manager_id
				where u.status = 'ENABLED' and m.user_id in `+db.In(len(chunk), 1)+` order by m.user_id, u.id`, args...)
		if err != nil {
			return err
		}
		for _, p := range found {
			slot := Slot{Kind: ToManagers, User: p.of}
			f.People[slot] = append(f.People[slot], Filler{User: p.manager})
		}
	}
	return nil
}

// ownedApps are those of the apps of open tasks that u owns.
func (s *Service) ownedApps(q db.Q, tasks []Task, u directory.UserID, at time.Time) (map[app.ID]bool, error) {
	var objects []owner.Object
	for _, t := range tasks {
		if o := owner.OfApp(t.App); t.App != "" && t.State == Open && !slices.Contains(objects, o) {
			objects = append(objects, o)
		}
	}
	mine := map[app.ID]bool{}
	if u == "" || len(objects) == 0 {
		return mine, nil
	}
	owned, err := s.Owners.Users(q, objects, owner.Primary, at)
	for o, list := range owned {
		mine[o.App] = slices.ContainsFunc(list, func(one owner.Owned) bool { return one.User == u })
	}
	return mine, err
}
