package policy

import (
	"fmt"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/owner"
)

// Quorum says how many of an approval's slots have to be filled.
type Quorum string

// The quorums.
const (
	AnySlot  Quorum = "any" // one is enough
	AllSlots Quorum = "all" // each needs an approval by one of its people; who stands in several fills them with one
)

// SlotKind says how a slot names people.
type SlotKind string

// The kinds of slots.
const (
	ToOwners  SlotKind = "owners"  // the primary owners of Slot.Owned, or the members of that set of owners
	ToItem    SlotKind = "item"    // who owns the resource of what is asked for; if nobody does, who owns its app
	ToManager SlotKind = "manager" // the managers of the subject
	ToUser    SlotKind = "user"    // Slot.User
	ToHolders SlotKind = "holders" // who holds Slot.Group
)

// Slot names people of whom one approval is enough. One that nobody can fill falls to who owns the resource of what is asked for, then
// to who owns its app, then to the fallback of the approval, and then to the Super Administrators.
type Slot struct {
	Kind  SlotKind           `json:"kind"`
	Owned owner.Object       `json:"owned,omitzero"`
	User  directory.UserID   `json:"user,omitempty"`
	Group app.EntitlementRef `json:"group,omitzero"`
}

// slots goes over the slots of an approval of kind [Slots]; others have none.
func (c *checker) slots(field string, a Approval) {
	if a.Kind != Slots {
		if len(a.Slots) > 0 || a.Quorum != "" {
			c.fail(field, "has slots, which only approvals by slots have")
		}
		return
	}
	if a.Quorum != "" && a.Quorum != AnySlot && a.Quorum != AllSlots {
		c.fail(field+".quorum", "must be any or all")
	}
	c.list(field+".slots", len(a.Slots), 1, MaxSlots)
	for i, s := range a.Slots {
		at := fmt.Sprintf("%s.slots[%d]", field, i)
		switch s.Kind {
		case ToOwners:
			if s.Owned.ID == "" {
				c.fail(at+".owned", "is required")
			}
		case ToUser:
			c.users = append(c.users, reference[directory.UserID]{at + ".user", s.User})
		case ToHolders:
			c.entitlements = append(c.entitlements, reference[app.EntitlementRef]{at + ".group", s.Group})
		case ToItem, ToManager:
		default:
			c.fail(at, "one of owners, item, manager, user and holders is required")
		}
	}
}
