package directory

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// Notice is told, inside the transaction, that a user may have no access any more. Whoever keeps something that a user could use
// ends it there.
type Notice interface {
	// UserEnded is called when u was disabled or deleted at that time; reason is USER_DISABLED or USER_DELETED.
	UserEnded(tx *db.Tx, actor audit.Actor, u UserID, at time.Time, reason string) error
}

// Reasons given to a [Notice].
const (
	ReasonDisabled = "USER_DISABLED"
	ReasonDeleted  = "USER_DELETED"
)

// Created is told, inside the transaction, that a user was made, so that it can be given what every user has.
type Created interface {
	UserCreated(tx *db.Tx, actor audit.Actor, u User) error
}

// Service holds the use cases about users.
type Service struct {
	db       *db.DB
	clock    clock.Clock
	log      *audit.Log
	notices  []Notice
	created  []Created
	changed  []Changed
	standing []Standing
}

// New returns the use cases over d.
func New(d *db.DB, c clock.Clock, log *audit.Log) *Service {
	return &Service{db: d, clock: c, log: log}
}

// Tell adds a listener to users that end. Only at start, before requests are served.
func (s *Service) Tell(n Notice) { s.notices = append(s.notices, n) }

// TellCreated adds a listener to users that are made. Only at start.
func (s *Service) TellCreated(n Created) { s.created = append(s.created, n) }

// Get reads one user, deleted ones too. NotFound if there is none. Any signed-in caller; what of it is shown is the door's to limit.
func (s *Service) Get(ctx context.Context, userID UserID) (User, error) {
	return Get(s.db.Q(ctx), userID)
}

// Create makes u, whose id, times and version are filled in; it starts ENABLED unless u.Status says DISABLED. Invalid for a broken
// limit or an unknown manager, Exists for an address somebody has. Super Administrators.
func (s *Service) Create(ctx context.Context, u User) (User, error) {
	now := s.clock.Now()
	u.ID, u.CreatedAt, u.UpdatedAt, u.DeletedAt, u.Version = UserID(id.New(now)), now, now, time.Time{}, 1
	u.normalize()
	if err := u.Validate(); err != nil {
		return User{}, err
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error { return s.CreateIn(tx, audit.From(ctx), u) })
	return u, err
}

// CreateIn is [Service.Create] inside a transaction of the caller; u carries its id and times and has been validated.
func (s *Service) CreateIn(tx *db.Tx, actor audit.Actor, u User) error {
	if err := s.claim(tx, u); err != nil {
		return err
	}
	if err := managersExist(tx, u); err != nil {
		return err
	}
	if err := insert(tx, u); err != nil {
		return err
	}
	for _, n := range s.created {
		if err := n.UserCreated(tx, actor, u); err != nil {
			return err
		}
	}
	return s.log.Record(tx, actor, event(u, "user.created", audit.Create, "created "+u.DisplayName, nil))
}

// Update changes the user as change says, on the row as it is at that moment. What change may not touch (id, status, times) is put
// back. Invalid, NotFound, Exists, Conflict. Super Administrators.
func (s *Service) Update(ctx context.Context, userID UserID, change func(u *User) error) (User, error) {
	var after User
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		before, err := Get(tx, userID)
		if err != nil {
			return err
		}
		if before.Status == Deleted {
			return fault.Missing("user", string(userID))
		}
		after = before
		after.ManagerIDs = slices.Clone(before.ManagerIDs)
		if err := change(&after); err != nil {
			return err
		}
		after.ID, after.Status, after.CreatedAt, after.Version = before.ID, before.Status, before.CreatedAt, before.Version
		after.Origin, after.UpdatedAt = before.Origin, s.clock.Now()
		after.normalize()
		if err := after.Validate(); err != nil {
			return err
		}
		return s.save(tx, audit.From(ctx), before, &after)
	})
	return after, err
}

func (s *Service) save(tx *db.Tx, actor audit.Actor, before User, after *User) error {
	if err := s.claim(tx, *after); err != nil {
		return err
	}
	if !slices.Equal(before.ManagerIDs, after.ManagerIDs) {
		if err := tx.Lock("managers"); err != nil { // two edits at once could close a cycle that neither sees
			return err
		}
		if err := managersExist(tx, *after); err != nil {
			return err
		}
		if err := acyclic(tx, *after); err != nil {
			return err
		}
		if err := setManagers(tx, after.ID, after.ManagerIDs); err != nil {
			return err
		}
	}
	if err := update(tx, *after); err != nil {
		return err
	}
	after.Version++
	if err := s.tellChanged(tx, *after); err != nil {
		return err
	}
	if !slices.Equal(before.ManagerIDs, after.ManagerIDs) {
		if err := s.tellStanding(tx, *after); err != nil {
			return err
		}
	}
	return s.log.Record(tx, actor, event(*after, "user.updated", audit.Update, "changed "+after.DisplayName, changes(before, *after)))
}

// Disable takes all access from a user: status DISABLED, and every [Notice] is told in the same transaction. Disabling a disabled
// user changes nothing. note, at most MaxNote characters, may say why. Invalid, NotFound; Super Administrators, and nobody disables
// themself.
func (s *Service) Disable(ctx context.Context, userID UserID, note string) (User, error) {
	return s.move(ctx, userID, Disabled, note)
}

// Enable lets a disabled user have access again; nothing that ended comes back. NotFound; Super Administrators.
func (s *Service) Enable(ctx context.Context, userID UserID, note string) (User, error) {
	return s.move(ctx, userID, Enabled, note)
}

// Delete ends a user for good; the row stays as history. NotFound if there is none or it was deleted before. Super Administrators,
// and nobody deletes themself.
func (s *Service) Delete(ctx context.Context, userID UserID, note string) (User, error) {
	return s.move(ctx, userID, Deleted, note)
}

func (s *Service) move(ctx context.Context, userID UserID, to Status, note string) (User, error) {
	if err := prose("reason", note, MaxNote); err != nil {
		return User{}, err
	}
	actor, now := audit.From(ctx), s.clock.Now()
	var u User
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		var err error
		if u, err = Get(tx, userID); err != nil {
			return err
		}
		switch {
		case u.Status == Deleted:
			return fault.Missing("user", string(userID))
		case to != Enabled && actor.UserID == string(userID):
			return fault.New(fault.Precondition, "you cannot disable or delete yourself; ask another Super Administrator")
		case u.Status == to:
			return nil
		}
		u.Status, u.UpdatedAt = to, now
		kind, verb, activity := "user."+strings.ToLower(string(to)), strings.ToLower(string(to)), audit.Update
		if to == Deleted {
			u.DeletedAt, activity = now, audit.Delete
		}
		if err := update(tx, u); err != nil {
			return err
		}
		u.Version++
		if to != Enabled {
			reason := ReasonDisabled
			if to == Deleted {
				reason = ReasonDeleted
			}
			for _, n := range s.notices {
				if err := n.UserEnded(tx, actor, u.ID, now, reason); err != nil {
					return err
				}
			}
		}
		if err := s.tellChanged(tx, u); err != nil {
			return err
		}
		if err := s.tellStanding(tx, u); err != nil {
			return err
		}
		var data map[string]any
		if note != "" {
			data = map[string]any{"reason": note}
		}
		return s.log.Record(tx, actor, event(u, kind, activity, verb+" "+u.DisplayName, data))
	})
	return u, err
}

// claim refuses an address that another user has. The lock makes two claims of one address take turns.
func (s *Service) claim(tx *db.Tx, u User) error {
	if u.Email == "" {
		return nil
	}
	if err := tx.Lock("email:" + db.Fold(u.Email)); err != nil {
		return err
	}
	used, err := taken(tx, u.Email, u.ID)
	if err == nil && used {
		err = fault.New(fault.Exists, "email: another user has this address")
	}
	return err
}
