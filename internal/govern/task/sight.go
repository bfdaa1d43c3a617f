package task

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/policy"
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
	sides, err := s.sides(q, caller.User, tasks, at)
	if err != nil {
		return nil, err
	}
	urgent := map[app.EntitlementRef]bool{}
	for i, t := range tasks {
		w := caller
		w.Step, w.Reasons, w.Owner = t.Step(), sights[i].Of(caller.User), owned[t.App]
		w.Sides = sides(t)
		if t.mayBecomeUrgent(w) {
			ref := app.EntitlementRef{AppID: t.App, ID: t.Entitlement}
			if _, known := urgent[ref]; !known {
				urgent[ref] = s.urgent(q, ref)
			}
			w.Urgent = urgent[ref]
		}
		sights[i].Actions = t.Actions(w, at)
	}
	return sights, nil
}

// mayBecomeUrgent reports whether it matters to w that the entitlement may be asked for in an emergency.
func (t Task) mayBecomeUrgent(w Who) bool {
	return t.State == Open && t.Kind == Grant && !t.Emergency && !t.Asked && (t.Party(w.User) || w.supervises())
}

// resolveAll finds who may decide each of the tasks.
func (s *Service) resolveAll(q db.Q, tasks []Task, sights []Sight, at time.Time) error {
	questions := map[int]Question{}
	for i, t := range tasks {
		if t.State == Open && (t.Current.approving() || t.Current.manual()) && !t.outwaited(at) {
			questions[i] = t.Question(t.Current, nil)
		}
	}
	answers, err := s.answers(q, questions, at)
	for i, r := range answers {
		sights[i].Resolution = r
	}
	return err
}

// Ahead answers, for each of the tasks, whom the approvals that are still to come would ask if they opened at this moment, by their
// places in its plan. Those that go by an expression or a webhook are left out.
func (s *Service) Ahead(ctx context.Context, tasks []Task) ([]map[int]Resolution, error) {
	type place struct{ task, step int }
	questions := map[place]Question{}
	for n, t := range tasks {
		if t.State != Open || t.Current == nil {
			continue
		}
		for step := t.Current.Index + 1; step < len(t.Plan); step++ {
			a := t.Plan[step].Approval
			if a != nil && a.Kind != policy.Expression && a.Kind != policy.Webhook {
				questions[place{n, step}] = t.Question(&Instance{Index: step, Step: t.Plan[step], State: Init}, nil)
			}
		}
	}
	asked := make([]place, 0, len(questions))
	byNumber := make(map[int]Question, len(questions))
	for p, one := range questions {
		byNumber[len(asked)], asked = one, append(asked, p)
	}
	out := make([]map[int]Resolution, len(tasks))
	answers, err := s.answers(s.DB.Q(ctx), byNumber, s.Clock.Now())
	for n, r := range answers {
		p := asked[n]
		if out[p.task] == nil {
			out[p.task] = map[int]Resolution{}
		}
		out[p.task][p.step] = r
	}
	return out, err
}

// answers is answer for many questions at once. Fallbacks and Super Administrators are read only for those where nobody else is left.
func (s *Service) answers(q db.Q, questions map[int]Question, at time.Time) (map[int]Resolution, error) {
	f := Facts{People: map[Slot][]Filler{}, Stands: map[directory.UserID][]Stand{}}
	out, left := make(map[int]Resolution, len(questions)), maps.Clone(questions)
	for _, far := range []bool{false, true} {
		if len(left) == 0 {
			break
		}
		all := Question{AdminsToo: far}
		var of []app.EntitlementRef
		for n, one := range left {
			if !far {
				one = one.near()
			}
			left[n], one.AdminsToo = one, false
			of = append(of, one.Group)
			all.Named, all.Delegates = append(all.Named, one.Slots()...), all.Delegates || one.Delegates
		}
		if err := managersOfAll(q, all.Named, &f); err != nil {
			return nil, err
		}
		if err := s.facts(q, all, &f, at); err != nil {
			return nil, err
		}
		if err := s.sided(q, at, &f, of...); err != nil {
			return nil, err
		}
		for n, one := range left {
			if out[n] = one.Resolve(f); out[n].Tier != Nobody {
				delete(left, n)
			} else {
				left[n] = questions[n]
			}
		}
	}
	return out, nil
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
