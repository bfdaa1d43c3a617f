package owner

import (
	"context"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/contact"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
	"github.com/interim-access/interim/internal/platform/page"
)

// The use cases about sets. Whoever changes a set changes who owns all that it owns: only administrators may.

// CreateSet makes a set; identity, times and version are filled in. Invalid; Exists for a name that is taken; NotFound for a user or
// entitlement that is not there or deleted.
func (s *Service) CreateSet(ctx context.Context, v Set) (Set, error) {
	var made Set
	err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
		made, err = s.CreateSetIn(tx, audit.From(ctx), v)
		return err
	})
	return made, err
}

// CreateSetIn is CreateSet in a transaction of the caller.
func (s *Service) CreateSetIn(tx *db.Tx, actor audit.Actor, v Set) (Set, error) {
	now := s.clock.Now()
	v.ID, v.CreatedAt, v.UpdatedAt, v.Version, v.Of = SetID(id.New(now)), now, now, 1, Object{}
	v.Members = once(v.Members)
	if err := v.Validate(); err != nil {
		return Set{}, err
	}
	if err := tx.Lock(namesKey); err != nil {
		return Set{}, err
	}
	if err := checkSet(tx, Set{}, v); err != nil {
		return Set{}, err
	}
	if err := insertSet(tx, v); err != nil {
		return Set{}, err
	}
	placeMembers(tx, v)
	return v, s.log.Record(tx, actor, setCreated(v))
}

// SetChange is what one set becomes.
type SetChange struct {
	ID     SetID
	Become func(v *Set) error // may be called again
}

// UpdateSets changes sets, all or none, and answers them in the order of the changes. A change of the source forgets the members unless
// it names others: who was put in order, or named, before is not let in by that. Invalid, NotFound, Conflict; Exists for a name that is
// taken; Precondition for the owners of an object that no set owns; Denied for a set that decides about what gives powers beyond the
// caller's roles.
func (s *Service) UpdateSets(ctx context.Context, list []SetChange) ([]Set, error) {
	ids, keys := make([]SetID, len(list)), []string{namesKey}
	for n, c := range list {
		ids[n], keys = c.ID, append(keys, setKey(c.ID))
	}
	if slices.Sort(ids); len(slices.Compact(slices.Clone(ids))) != len(list) {
		return nil, fault.New(fault.Invalid, "an owner is named twice")
	}
	sets := make([]Object, len(ids))
	for n, setID := range ids {
		sets[n] = OfSet(setID)
	}
	if err := s.mayPass(ctx, sets...); err != nil {
		return nil, err
	}
	after := make([]Set, len(list))
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Lock(keys...); err != nil {
			return err
		}
		before, err := ManySets(tx, ids)
		if err != nil {
			return err
		}
		for n, c := range list {
			b, ok := before[c.ID]
			if !ok {
				return unnamed(tx, c.ID)
			}
			if after[n], err = s.updateSet(tx, audit.From(ctx), b, c.Become); err != nil {
				return err
			}
		}
		return nil
	})
	return after, err
}

func (s *Service) updateSet(tx *db.Tx, actor audit.Actor, before Set, become func(v *Set) error) (Set, error) {
	after := before
	after.Members = slices.Clone(before.Members)
	if err := become(&after); err != nil {
		return before, err
	}
	after.Members = once(after.Members)
	if after.Source != before.Source && slices.Equal(after.Members, before.Members) {
		after.Members = nil
	}
	after.ID, after.Of, after.Version = before.ID, Object{}, before.Version
	after.CreatedAt, after.UpdatedAt = before.CreatedAt, before.UpdatedAt
	if err := after.Validate(); err != nil {
		return before, err
	}
	diff := differences(before, after)
	if len(diff) == 0 {
		return before, nil
	}
	if err := checkSet(tx, before, after); err != nil {
		return before, err
	}
	after.UpdatedAt, after.Version = s.clock.Now(), before.Version+1
	if err := updateSet(tx, after, before.Version); err != nil {
		return before, err
	}
	if after.Source != before.Source || !slices.Equal(after.Members, before.Members) {
		deleteMembers(tx, after.ID)
		placeMembers(tx, after)
		if err := s.tell(tx, OfSet(after.ID)); err != nil {
			return before, err
		}
	}
	return after, s.log.Record(tx, actor, setUpdated(after, diff))
}

// DeleteSet deletes a set that owns nothing any more. NotFound; Conflict while it owns something; Precondition for the owners of an
// object that no set owns.
func (s *Service) DeleteSet(ctx context.Context, setID SetID) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Lock(setKey(setID)); err != nil {
			return err
		}
		v, err := GetSet(tx, setID)
		if fault.Is(err, fault.NotFound) {
			err = unnamed(tx, setID)
		}
		if err != nil {
			return err
		}
		used, err := inUse(tx, setID)
		if err != nil {
			return err
		}
		if used {
			return fault.New(fault.Conflict, "%s owns something; give that another owner first", v.Name)
		}
		if err := s.tell(tx, OfSet(setID)); err != nil { // while it is known who asks it
			return err
		}
		if err := removeSet(tx, v, s.clock.Now()); err != nil {
			return err
		}
		return s.log.Record(tx, audit.From(ctx), setDeleted(v))
	})
}

// SetFilter narrows a list of sets. Empty members do not narrow.
type SetFilter struct {
	Name   string           // the whole name, whatever its case
	Member directory.UserID // who is a member now
	Named  []SetID          `json:"-"` // listed whoever is a member. It may change from page to page
}

// ListSets lists the sets that match f, in the order in which they were made.
func (s *Service) ListSets(ctx context.Context, f SetFilter, r page.Request) (page.Page[Set], error) {
	sql, args := setsPage(f, s.clock.Now(), r)
	list, err := db.Collect(s.db.Q(ctx), scanSet, sql, args...)
	return page.Cut(list, r.Size, func(v Set) page.Key { return page.Key{string(v.ID)} }), err
}

// AnySet reads a set, or the owners of an app or resource as one, by its identity. NotFound.
func AnySet(q db.Q, setID SetID) (Set, error) {
	v, err := GetSet(q, setID)
	if fault.Is(err, fault.NotFound) {
		return anonymous(q, setID)
	}
	return v, err
}

// MembersOf are who a set consists of now, in its order: whom it names, unless they are deleted; who holds its source; who owns the
// object. At most so many.
func (s *Service) MembersOf(ctx context.Context, v Set, most int) ([]directory.UserID, error) {
	if v.Of == (Object{}) && v.Source == (app.EntitlementRef{}) {
		found, err := directory.Many(s.db.Q(ctx), v.Members)
		gone := map[directory.UserID]bool{}
		for _, u := range found {
			gone[u.ID] = u.Status == directory.Deleted
		}
		return slices.DeleteFunc(slices.Clone(v.Members), func(u directory.UserID) bool { return gone[u] }), err
	}
	people, err := s.Everybody(ctx, v.Object(), most)
	v.inOrder(people)
	return people, err
}

// checkSet answers NotFound for who is new in a set and not there, and Exists for a name that is taken.
func checkSet(tx *db.Tx, before, after Set) error {
	joined := slices.DeleteFunc(slices.Clone(after.Members), func(u directory.UserID) bool { return slices.Contains(before.Members, u) })
	if err := usersExist(tx, joined); err != nil {
		return err
	}
	if after.Source != before.Source && after.Source != (app.EntitlementRef{}) {
		if err := entitlementsExist(tx, []app.EntitlementRef{after.Source}); err != nil {
			return err
		}
	}
	if after.ChannelID != before.ChannelID && after.ChannelID != "" {
		if _, err := contact.GetChannel(tx, contact.ChannelID(after.ChannelID)); err != nil {
			if fault.Is(err, fault.NotFound) {
				return fault.InvalidField("channelId", "there is no such channel")
			}
			return err
		}
	}
	return nameFree(tx, after)
}

// unnamed is why no set of that identity can be changed.
func unnamed(q db.Q, setID SetID) error {
	v, err := anonymous(q, setID)
	if err == nil {
		err = fault.New(fault.Precondition, "%s have no name of their own and cannot be changed here: name them where it is, "+
			"or make it owned by an owner with a name", v.Name)
	}
	return err
}

func (s *Service) tell(tx *db.Tx, o Object) error {
	if s.notice == nil {
		return nil
	}
	return s.notice.OwnersChanged(tx, o, s.clock.Now())
}

// Keys that are locked: by whoever gives a set its name, and by whoever changes a set or what it owns.
const namesKey = "owner-set-names"

func setKey(setID SetID) string { return "owner-set:" + string(setID) }

func objectKey(o Object) string { return "owners:" + string(o.Kind) + ":" + string(o.App) + ":" + o.ID }

// differences are the members of a set that a change changes, as they were and are.
func differences(before, after Set) map[string]any {
	diff := map[string]any{}
	note := func(name string, same bool, from, to any) {
		if !same {
			diff[name] = map[string]any{"from": from, "to": to}
		}
	}
	note("name", before.Name == after.Name, before.Name, after.Name)
	note("description", before.Description == after.Description, before.Description, after.Description)
	note("escalationMinutes", before.Escalation == after.Escalation, before.Escalation/time.Minute, after.Escalation/time.Minute)
	note("userIds", slices.Equal(before.Members, after.Members), users(before), users(after))
	note("source", before.Source == after.Source, ref(before.Source), ref(after.Source))
	note("channelId", before.ChannelID == after.ChannelID, before.ChannelID, after.ChannelID)
	return diff
}

// users are the members of v; never null.
func users(v Set) []directory.UserID { return append([]directory.UserID{}, v.Members...) }
