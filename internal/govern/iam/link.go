package iam

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

const linkLife = 10 * time.Minute

// Link signs a person in, once, until then.
type Link struct {
	Token string
	Until time.Time
}

// CreateLink makes a sign-in link for a user. The session that comes of it, and all that is made in that, stays within the bounds
// of the credential that asks. NotFound and Precondition about the user, Denied unless the caller is a Super Administrator whose
// credential is not scoped.
func (s *Service) CreateLink(ctx context.Context, userID directory.UserID) (Link, error) {
	if err := SuperAdmin(ctx); err != nil {
		return Link{}, err
	}
	p, err := PrincipalFrom(ctx)
	if err != nil {
		return Link{}, err
	}
	limits, err := limitsText(p.Limits)
	if err != nil {
		return Link{}, err
	}
	now := s.clock.Now()
	link := Link{Token: newBearer(), Until: soonest(now.Add(linkLife), p.Limits.Until)}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		u, err := enabledUser(tx, userID)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`insert into login_link (hash, user_id, limits, created_by, created_at, expires_at) values ($1,$2,$3,$4,$5,$6)`,
			hashOf(link.Token), string(userID), limits, string(p.UserID), clock.Micros(now), clock.Micros(link.Until)); err != nil {
			return err
		}
		return s.audit.Record(tx, audit.From(ctx), audit.Event{
			Kind: "login_link.created", Activity: audit.Create, ObjectType: "user", ObjectID: string(userID), UserID: string(userID),
			Message: "made a sign-in link for " + u.DisplayName,
		})
	})
	return link, err
}

// LinkUser answers whom a link would sign in, without using it up: mail scanners and previews follow links. NotFound for a link
// that is unknown, used or expired. Whoever holds the link.
func (s *Service) LinkUser(ctx context.Context, token string) (directory.User, error) {
	var (
		userID  directory.UserID
		expires int64
	)
	q := s.db.Q(ctx)
	err := q.Row(`select user_id, expires_at from login_link where hash = $1`, hashOf(token)).Scan(&userID, &expires)
	if errors.Is(err, db.ErrNoRows) || err == nil && !s.clock.Now().Before(clock.FromMicros(expires)) {
		return directory.User{}, deadLink()
	}
	if err != nil {
		return directory.User{}, err
	}
	return directory.Get(q, userID)
}

// UseLink uses a link up and opens a session of its user, at most eight hours long. NotFound for a link that is unknown, used or
// expired, Denied from outside the networks of the credential that made it. Whoever holds the link.
func (s *Service) UseLink(ctx context.Context, token string, ip netip.Addr) (Session, error) {
	now := s.clock.Now()
	session := Session{Token: newBearer()}
	sessionID := id.New(now)
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		var (
			userID directory.UserID
			text   string
		)
		err := tx.Row(`delete from login_link where hash = $1 and expires_at > $2 returning user_id, limits`,
			hashOf(token), clock.Micros(now)).Scan(&userID, &text)
		if errors.Is(err, db.ErrNoRows) {
			return deadLink()
		}
		if err != nil {
			return err
		}
		limits, err := parseLimits(text)
		if err != nil {
			return err
		}
		if !limits.admits(ip.Unmap()) {
			return fault.New(fault.Denied, "this link cannot be used from your network address")
		}
		u, err := enabledUser(tx, userID)
		if err != nil {
			return err
		}
		session.Until = soonest(now.Add(sessionLife), limits.Until)
		if _, err := tx.Exec(`insert into web_session (hash, id, user_id, limits, created_at, expires_at) values ($1,$2,$3,$4,$5,$6)`,
			hashOf(session.Token), sessionID, string(userID), text, clock.Micros(now), clock.Micros(session.Until)); err != nil {
			return err
		}
		actor := audit.Actor{Kind: audit.KindUser, UserID: string(u.ID), Name: u.DisplayName, Email: u.Email, IP: addrText(ip)}
		return s.audit.Record(tx, actor, sessionEvent(userID, "session.started", "signed in with a link"))
	})
	return session, err
}

func deadLink() error {
	return fault.New(fault.NotFound, "this sign-in link is not valid: it was used, has expired, or never existed")
}

// soonest is the earlier of two times, of which bound may be zero for none.
func soonest(t, bound time.Time) time.Time {
	if !bound.IsZero() && bound.Before(t) {
		return bound
	}
	return t
}
