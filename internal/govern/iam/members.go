package iam

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// superLock makes changes to who is Super Administrator take turns: two people who remove each other at once would leave none.
const superLock = "iam:super"

// AddMember gives a user a role; giving it again changes nothing. NotFound for an unknown or deleted user or role, Denied if the
// role reaches beyond the caller. Super Administrators.
func (s *Service) AddMember(ctx context.Context, userID directory.UserID, roleID RoleID) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		u, r, err := memberOf(ctx, tx, userID, roleID)
		if err != nil {
			return err
		}
		return s.addIn(tx, audit.From(ctx), u, r)
	})
}

func (s *Service) addIn(tx *db.Tx, actor audit.Actor, u directory.User, r Role) error {
	n, err := tx.Exec(`insert into user_role (user_id, role_id, created_at) values ($1, $2, $3) on conflict do nothing`,
		string(u.ID), string(r.ID), clock.Micros(s.clock.Now()))
	if err != nil || n == 0 {
		return err
	}
	return s.membered(tx, actor, u, r, "role.member_added", "gave role "+r.DisplayName+" to "+u.DisplayName)
}

// RemoveMember takes a role from a user; taking it again changes nothing. NotFound for an unknown or deleted user or role, Denied
// if the role reaches beyond the caller, Precondition if no enabled Super Administrator would be left. Super Administrators.
func (s *Service) RemoveMember(ctx context.Context, userID directory.UserID, roleID RoleID) error {
	return s.db.Write(ctx, func(tx *db.Tx) error {
		u, r, err := memberOf(ctx, tx, userID, roleID)
		if err != nil {
			return err
		}
		if roleID == BuiltinID(SuperAdministrator) {
			if err := keepsSuper(tx, userID); err != nil {
				return err
			}
		}
		n, err := tx.Exec(`delete from user_role where user_id = $1 and role_id = $2`, string(userID), string(roleID))
		if err != nil || n == 0 {
			return err
		}
		return s.membered(tx, audit.From(ctx), u, r, "role.member_removed", "took role "+r.DisplayName+" from "+u.DisplayName)
	})
}

// membered tells of a role that somebody was given, or that was taken from them.
func (s *Service) membered(tx *db.Tx, actor audit.Actor, u directory.User, r Role, kind, message string) error {
	tx.Notify(topic, noticeUserPrefix+string(u.ID))
	if r.ID == BuiltinID(SuperAdministrator) {
		if err := s.supersChanged(tx); err != nil {
			return err
		}
	}
	return s.audit.Record(tx, actor, memberEvent(u, r, kind, message))
}

func memberOf(ctx context.Context, tx *db.Tx, userID directory.UserID, roleID RoleID) (directory.User, Role, error) {
	u, err := directory.Get(tx, userID)
	if err == nil && u.Status == directory.Deleted {
		err = fault.Missing("user", string(userID))
	}
	if err != nil {
		return u, Role{}, err
	}
	r, err := liveRole(tx, roleID)
	if err != nil {
		return u, r, err
	}
	return u, r, mayHandle(ctx, r.Scopes())
}

// keepsSuper answers Precondition if without that user there would be no enabled Super Administrator, though there is one now.
func keepsSuper(tx *db.Tx, userID directory.UserID) error {
	if err := tx.Lock(superLock); err != nil {
		return err
	}
	var with, without int
	if err := tx.Row(`select count(case when u.id = $2 then 1 end), count(case when u.id <> $2 and u.status = 'ENABLED' then 1 end)
		from user_role ur join users u on u.id = ur.user_id where ur.role_id = $1`,
		string(BuiltinID(SuperAdministrator)), string(userID)).Scan(&with, &without); err != nil {
		return err
	}
	if with > 0 && without == 0 {
		return fault.New(fault.Precondition, "this is the last enabled Super Administrator; give somebody else the role first")
	}
	return nil
}

// UserCreated gives a new user the role Basic User. It implements [directory.Created].
func (s *Service) UserCreated(tx *db.Tx, actor audit.Actor, u directory.User) error {
	return s.addIn(tx, actor, u, Role{ID: BuiltinID(BasicUser), DisplayName: builtinTitle[BasicUser].display})
}

// signedIn end what somebody signed in with, or was about to.
var signedIn = []string{
	`delete from web_session where user_id = $1`,
	`delete from login_link where user_id = $1`,
	`delete from device_grant where user_id = $1 and user_id <> ''`,
}

// UserEnded ends every credential of the user for good. Precondition for the last enabled Super Administrator. It implements
// [directory.Notice].
func (s *Service) UserEnded(tx *db.Tx, actor audit.Actor, u directory.UserID, at time.Time, reason string) error {
	if err := keepsSuper(tx, u); err != nil {
		return err
	}
	if err := lockCredentials(tx, u); err != nil {
		return err
	}
	for _, sql := range signedIn {
		if _, err := tx.Exec(sql, string(u)); err != nil {
			return err
		}
	}
	if reason == directory.ReasonDeleted {
		if _, err := tx.Exec(`delete from user_role where user_id = $1`, string(u)); err != nil {
			return err
		}
		if err := s.supersChanged(tx); err != nil {
			return err
		}
	}
	ended, err := tx.Exec(`update client set deleted_at = $2, updated_at = $2, version = version + 1
		where user_id = $1 and deleted_at is null`, string(u), clock.Micros(at))
	if err != nil {
		return err
	}
	tx.Notify(topic, noticeUserPrefix+string(u))
	return s.audit.Record(tx, actor, audit.Event{
		At: at, Kind: "user.credentials_ended", Activity: audit.Delete, ObjectType: "user", ObjectID: string(u), UserID: string(u),
		Message: "ended all credentials", Data: map[string]any{"clients": ended, "reason": reason},
	})
}

func memberEvent(u directory.User, r Role, kind, message string) audit.Event {
	return audit.Event{
		Kind: kind, Activity: audit.Update, ObjectType: "role", ObjectID: string(r.ID), UserID: string(u.ID), Message: message,
		Data: map[string]any{"role": r.DisplayName, "user": u.DisplayName},
	}
}
