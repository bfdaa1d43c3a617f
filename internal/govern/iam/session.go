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
)

const sessionLife = 8 * time.Hour

// Session is a person signed in with a browser. The token is for the cookie.
type Session struct {
	Token string
	Until time.Time
}

// SessionPrincipal answers who is signed in with a session token from ip. Its rights are read anew each time. Unauthenticated for
// a session that is unknown or over, or whose user was disabled; Denied from outside its networks.
func (s *Service) SessionPrincipal(ctx context.Context, token string, ip netip.Addr) (*Principal, error) {
	var r *rights
	err := s.db.Read(ctx, func(q db.Q) error {
		var (
			sessionID, text string
			userID          directory.UserID
			expires         int64
		)
		err := q.Row(`select id, user_id, limits, expires_at from web_session where hash = $1`, hashOf(token)).
			Scan(&sessionID, &userID, &text, &expires)
		if errors.Is(err, db.ErrNoRows) {
			return fault.New(fault.Unauthenticated, "sign in first")
		}
		if err != nil {
			return err
		}
		gives, err := parseLimits(text)
		if err != nil {
			return err
		}
		if r, err = s.rightsOf(q, userID, gives); err != nil {
			return err
		}
		r.limits = gives
		r.limits.Until = clock.FromMicros(expires)
		r.template.Kind, r.template.TokenID = KindSession, sessionID
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := r.usable(ip.Unmap(), s.clock.Now()); err != nil {
		return nil, err
	}
	p := r.template
	p.IP = ip.Unmap()
	return &p, nil
}

// EndSession signs the person in ctx out of the session with that token. Ending a session that is over changes nothing.
func (s *Service) EndSession(ctx context.Context, token string) error {
	p, err := PrincipalFrom(ctx)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`delete from web_session where hash = $1 and user_id = $2`, hashOf(token), string(p.UserID))
		if err != nil || n == 0 {
			return err
		}
		return s.audit.Record(tx, audit.From(ctx), sessionEvent(p.UserID, "session.ended", "signed out"))
	})
}

func sessionEvent(userID directory.UserID, kind, message string) audit.Event {
	return audit.Event{
		Kind: kind, Activity: audit.Other, ObjectType: "user", ObjectID: string(userID), UserID: string(userID), Message: message,
	}
}
