package task

import (
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// Who decides is nobody whom it is about. Beside the subject and the opener, whom a task names, these are the members of the group it is
// about, and the services and agents that one of all these owns.

// sided reads on whose side all the people in f are: which of them are members of groups, and who owns those that are nobody.
func (s *Service) sided(q db.Q, at time.Time, f *Facts, groups ...app.EntitlementRef) error {
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
	people = slices.Compact(people)
	var err error
	if f.Owners, err = s.ownersOf(q, people, at); err != nil {
		return err
	}
	for _, list := range f.Owners {
		people = append(people, list...)
	}
	f.Among, err = members(q, groups, people, at)
	return err
}

// sides answers of tasks whether somebody is on the side of those they are about.
func (s *Service) sides(q db.Q, u directory.UserID, tasks []Task, at time.Time) (func(t Task) bool, error) {
	f := Facts{People: map[Slot][]Filler{{Kind: ToUser, User: u}: {{User: u}}}}
	err := s.sided(q, at, &f, groups(tasks)...)
	return func(t Task) bool {
		of := func(u directory.UserID) bool { return f.Among.has(t.Group.Members, u) }
		return of(u) || slices.ContainsFunc(f.Owners[u], func(o directory.UserID) bool { return t.Party(o) || of(o) })
	}, err
}

// ownersOf are those who own those of some users that are services or agents. To own a person is to be told what access they have, and to
// say nothing for them.
func (s *Service) ownersOf(q db.Q, users []directory.UserID, at time.Time) (map[directory.UserID][]directory.UserID, error) {
	var objects []owner.Object
	for _, chunk := range db.Chunks(users) {
		args := make([]any, len(chunk))
		for n, u := range chunk {
			args[n] = string(u)
		}
		found, err := db.Collect(q, func(r *db.Rows) (u directory.UserID, err error) { return u, r.Scan(&u) },
			`select id from users where kind in ('`+string(directory.KindService)+`', '`+string(directory.KindAgent)+`') and id in `+
				db.In(len(chunk), 1), args...)
		if err != nil {
			return nil, err
		}
		for _, u := range found {
			objects = append(objects, owner.OfUser(u))
		}
	}
	out := make(map[directory.UserID][]directory.UserID, len(objects))
	if len(objects) == 0 {
		return out, nil
	}
	owned, err := s.Owners.Users(q, objects, owner.Primary, at)
	for o, list := range owned {
		for _, one := range list {
			out[directory.UserID(o.ID)] = append(out[directory.UserID(o.ID)], one.User)
		}
	}
	return out, err
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
	return `with of (app_id, id) as (values ` + db.Values(groups, 2, 2+people) + `)
		select distinct g.app_id, g.entitlement_id, a.user_id from of cross join account a cross join grants g
			join users u on u.id = a.user_id
			join entitlement e on e.app_id = g.app_id and e.id = g.entitlement_id
			join app p on p.id = g.app_id
		where a.user_id in ` + db.In(people, 2) + ` and a.app_id = of.app_id and g.account_id = a.id and g.entitlement_id = of.id
			and g.app_id || '' = a.app_id and ` + grant.AccessSQL("$1")
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
