package task

import (
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/delegation"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// Owners answer who owns what at a moment; package owner does.
type Owners interface {
	Users(q db.Q, objects []owner.Object, role string, at time.Time) (map[owner.Object][]owner.Owned, error)
}

// Delegations answer who answers for whom at a moment; package delegation does.
type Delegations interface {
	// StandIns answers about people who are enabled, and leaves out those who answer for themselves alone.
	StandIns(q db.Q, people []directory.UserID, at time.Time) (map[directory.UserID][]delegation.Stand, error)
}

// answer answers a question at a moment. What is not needed is not read: most steps have somebody they name.
func (s *Service) answer(q db.Q, question Question, at time.Time) (Resolution, error) {
	f := Facts{People: map[Slot][]Filler{}, Stands: map[directory.UserID][]Stand{}}
	for _, one := range []Question{question.near(), question} {
		if err := s.facts(q, one, &f, at); err != nil {
			return Resolution{}, err
		}
		if err := s.sided(q, at, &f, one.Group); err != nil {
			return Resolution{}, err
		}
		if r := one.Resolve(f); r.Tier != Nobody {
			return r, nil
		}
	}
	return question.Resolve(f), nil
}

// facts reads who is named by the slots of a question, and who answers for them.
func (s *Service) facts(q db.Q, question Question, f *Facts, at time.Time) error {
	slots := question.Slots()
	var named []directory.UserID
	var objects []owner.Object
	of := map[owner.Object]Slot{}
	for _, slot := range slots {
		if _, known := f.People[slot]; known {
			continue
		}
		f.People[slot] = nil
		var err error
		switch slot.Kind {
		case ToUser:
			named = append(named, slot.User)
		case ToManagers:
			f.People[slot], err = managers(q, slot.User)
		case ToHolders:
			f.People[slot], err = holdersOf(q, app.EntitlementRef{AppID: slot.App, ID: app.EntitlementID(slot.Object)}, at)
		case ToOwners:
			o := owner.Object{Kind: owner.Kind(slot.Of), App: slot.App, ID: slot.Object}
			objects, of[o] = append(objects, o), slot
		case ToAdmins:
			f.People[slot], err = administrators(q)
		}
		if err != nil {
			return err
		}
	}
	if err := enabled(q, named, f); err != nil {
		return err
	}
	if len(objects) > 0 {
		owned, err := s.Owners.Users(q, objects, owner.Primary, at)
		if err != nil {
			return err
		}
		for o, list := range owned {
			for _, one := range list {
				f.People[of[o]] = append(f.People[of[o]], Filler{one.User, one.Via})
			}
		}
	}
	if question.Delegates {
		return s.stands(q, slots, f, at)
	}
	return nil
}

// stands reads who answers for those in f.
func (s *Service) stands(q db.Q, slots []Slot, f *Facts, at time.Time) error {
	var people []directory.UserID
	for _, slot := range slots {
		if slot.Kind == ToAdmins || slot.Kind == ToHolders && len(f.People[slot]) > MaxHolders {
			continue
		}
		for _, one := range f.People[slot] {
			people = append(people, one.User)
		}
	}
	if len(people) == 0 {
		return nil
	}
	answering, err := s.Delegations.StandIns(q, people, at)
	if err != nil {
		return err
	}
	for u, list := range answering {
		f.Stands[u] = nil
		for _, one := range list {
			if one.User != u {
				f.Stands[u] = append(f.Stands[u], Stand{
					For: u, User: one.User, Delegation: string(one.Delegation), Instead: one.Mode == delegation.Reassign,
				})
			}
		}
	}
	return nil
}

func filler(r *db.Rows) (f Filler, err error) { return f, r.Scan(&f.User) }

func enabled(q db.Q, named []directory.UserID, f *Facts) error {
	for _, chunk := range db.Chunks(named) {
		args := make([]any, len(chunk))
		for i, u := range chunk {
			args[i] = string(u)
		}
		list, err := db.Collect(q, filler, `select id from users where status = 'ENABLED' and id in `+db.In(len(chunk), 1), args...)
		if err != nil {
			return err
		}
		for _, one := range list {
			f.People[Slot{Kind: ToUser, User: one.User}] = []Filler{one}
		}
	}
	return nil
}

func managers(q db.Q, of directory.UserID) ([]Filler, error) {
	return db.Collect(q, filler, `select u.id from user_manager m join users u on u.id = m.manager_id
		where m.user_id = $1 and u.status = 'ENABLED' order by u.id`, string(of))
}

// administrators are the people who hold Super Administrator.
func administrators(q db.Q) ([]Filler, error) {
	return db.Collect(q, filler, `select u.id from user_role r join users u on u.id = r.user_id
		where r.role_id = $1 and u.status = 'ENABLED' order by u.id limit 100`, string(iam.BuiltinID(iam.SuperAdministrator)))
}

// holdersOf are the people who hold an entitlement, at most one more than may decide.
func holdersOf(q db.Q, of app.EntitlementRef, at time.Time) ([]Filler, error) {
	return db.Collect(q, func(r *db.Rows) (Filler, error) {
		f := Filler{Via: of}
		return f, r.Scan(&f.User)
	}, `select distinct u.id from grants g
			join account a on a.app_id = g.app_id and a.id = g.account_id
			join users u on u.id = a.user_id
			join entitlement e on e.app_id = g.app_id and e.id = g.entitlement_id
			join app p on p.id = g.app_id
		where g.app_id = $1 and g.entitlement_id = $2 and `+grant.AccessSQL("$3")+` order by u.id limit $4`,
		string(of.AppID), string(of.ID), clock.Micros(at), MaxHolders+1)
}
