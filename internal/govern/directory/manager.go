package directory

import (
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// maxManagerDepth bounds the walk up the line; no organisation is deeper, and a longer chain is refused.
const maxManagerDepth = 64

func managersExist(q db.Q, u User) error {
	if len(u.ManagerIDs) == 0 {
		return nil
	}
	found, err := Many(q, u.ManagerIDs)
	if err != nil {
		return err
	}
	alive := make(map[UserID]bool, len(found))
	for _, m := range found {
		alive[m.ID] = m.Status != Deleted
	}
	for _, m := range u.ManagerIDs {
		if m == u.ID {
			return fault.InvalidField("managerIds", "nobody is their own manager")
		}
		if !alive[m] {
			return fault.InvalidField("managerIds", "no such user: %s", m)
		}
	}
	return nil
}

// acyclic refuses managers of u whose own line of managers leads back to u.
func acyclic(q db.Q, u User) error {
	level, seen := u.ManagerIDs, map[UserID]bool{}
	for depth := 0; len(level) > 0; depth++ {
		if depth == maxManagerDepth {
			return fault.InvalidField("managerIds", "the line of managers is longer than %d", maxManagerDepth)
		}
		users, err := Many(q, level)
		if err != nil {
			return err
		}
		level = nil
		for _, m := range users {
			if m.ID == u.ID {
				return fault.InvalidField("managerIds", "a line of managers leads back to this user")
			}
			for _, next := range m.ManagerIDs {
				if !seen[next] {
					seen[next] = true
					level = append(level, next)
				}
			}
		}
	}
	return nil
}

func event(u User, kind string, a audit.Activity, message string, data map[string]any) audit.Event {
	return audit.Event{
		Kind: kind, Activity: a, ObjectType: "user", ObjectID: string(u.ID), UserID: string(u.ID), Message: message, Data: data,
	}
}
