package iam

import (
	"context"
	"crypto/sha256"
	"net/netip"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/id"
	"github.com/interim-access/interim/internal/platform/page"
)

// AuthenticateBearer answers who makes a request with an API token or an access token from ip, the source address as a trusted
// proxy tells it. Of an API token that reads only [Principal.ReadOnly] is set, and its Scopes are cut down to what reads; the door
// refuses it whatever it serves that writes. Errors are those of [Service.Authenticate].
func (s *Service) AuthenticateBearer(ctx context.Context, bearer string, ip netip.Addr) (*Principal, error) {
	if !isAPIToken(bearer) {
		return s.Authenticate(ctx, bearer, ip)
	}
	clientID, err := s.holder(ctx, bearer)
	if err != nil {
		return nil, err
	}
	return s.principal(ctx, verified{clientID: clientID}, ip, s.clock.Now())
}

// holder is the name of the client that an API token is the proof of. It never changes, so it is remembered by the token's hash;
// whether the client still lives is asked each time.
func (s *Service) holder(ctx context.Context, bearer string) (string, error) {
	hash := sha256.Sum256([]byte(bearer))
	if v, ok := s.verified.get(hash); ok {
		return v.clientID, nil
	}
	clientID, err := clientOfToken(s.db.Q(ctx), hash[:])
	if err != nil {
		return "", err
	}
	s.verified.put(hash, verified{clientID: clientID})
	return clientID, nil
}

// CreateAPIToken makes a token that acts as owner and returns its secret, which is kept nowhere. It stays within the roles, networks
// and expiry of the credential that asks. Invalid; Denied if n reaches beyond that credential, or for another person unless the
// caller is a Super Administrator whose credential is not scoped; NotFound and Precondition about the owner.
func (s *Service) CreateAPIToken(ctx context.Context, owner directory.UserID, n NewAPIToken) (APIToken, string, error) {
	p, err := mayMint(ctx, owner)
	if err != nil {
		return APIToken{}, "", err
	}
	if err := n.validate(); err != nil {
		return APIToken{}, "", err
	}
	now := s.clock.Now()
	limits, err := p.Limits.within(n.Expires, now)
	if err != nil {
		return APIToken{}, "", err
	}
	secret := newAPIToken()
	t := APIToken{
		ID: ClientKey(id.New(now)), Label: n.Label, UserID: owner, CreatedBy: p.UserID, Access: n.Access,
		Preview: previewOf(secret), Limits: limits, CreatedAt: now,
	}
	if t.CreatedBy == "" { // made at first start, or by the operator
		t.CreatedBy = owner
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		u, err := enabledUser(tx, owner)
		if err != nil {
			return err
		}
		if err := roomFor(tx, owner, KindToken, MaxAPITokens, "API tokens"); err != nil {
			return err
		}
		if err := insertToken(tx, t, hashOf(secret)); err != nil {
			return err
		}
		return s.audit.Record(tx, audit.From(ctx),
			apiTokenEvent(t, "api_token.created", audit.Create, "created API token "+t.Label+" for "+u.DisplayName))
	})
	return t, secret, err
}

// within are the bounds of what a credential with bounds l makes: its own, ended after life where that is sooner. Denied if life
// reaches beyond it; zero is no wish.
func (l Limits) within(life time.Duration, now time.Time) (Limits, error) {
	asked := Limits{}
	if life > 0 {
		asked.Until = now.Add(max(life, time.Microsecond)) // the finest time there is
	}
	asked = asked.or(l)
	if field := asked.exceeds(l); field != "" {
		return asked, beyond(field)
	}
	return asked, nil
}

// APIToken reads one token that was not deleted. NotFound. Its owner, or who may read everybody's.
func (s *Service) APIToken(ctx context.Context, tokenID ClientKey) (APIToken, error) {
	return liveToken(s.db.Q(ctx), tokenID)
}

// APITokenFilter narrows a list of tokens. Zero members do not narrow.
type APITokenFilter struct {
	IDs   []ClientKey        // at most db.MaxIn
	Users []directory.UserID // whom they act as; at most db.MaxIn
	Own   directory.UserID   // besides, only those that act as this user
}

// APITokens lists tokens that were not deleted, expired ones too, oldest first. Whoever may list them; with
// Own, that person.
func (s *Service) APITokens(ctx context.Context, f APITokenFilter, r page.Request) (page.Page[APIToken], error) {
	sql, args := apiTokensSQL(f, r)
	rows, err := db.Collect(s.db.Q(ctx), scanToken, sql, args...)
	if err != nil {
		return page.Page[APIToken]{}, err
	}
	return page.Cut(rows, r.Size, func(t APIToken) page.Key { return page.Key{string(t.ID)} }), nil
}

// ManyAPITokens reads tokens by their ids, deleted ones too, in no particular order; ids that are no token's are left out. It tells
// by what name the events of a token are shown.
func ManyAPITokens(q db.Q, ids []ClientKey) ([]APIToken, error) {
	var all []APIToken
	for chunk := range slices.Chunk(ids, db.MaxIn) {
		some, err := tokensByID(q, chunk)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// DeleteAPIToken deletes a token; from then on it opens nothing. NotFound; Denied if it is another person's whose roles or powers reach
// beyond the caller. Its owner, or who may delete everybody's.
func (s *Service) DeleteAPIToken(ctx context.Context, tokenID ClientKey) error {
	p, err := PrincipalFrom(ctx)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		t, err := liveToken(tx, tokenID)
		if err == nil && t.UserID != p.UserID {
			err = s.mayChange(ctx, tx, t.UserID)
		}
		if err != nil {
			return err
		}
		if err := endToken(tx, tokenID, s.clock.Now()); err != nil {
			return err
		}
		tx.Notify(topic, noticeClient+string(tokenID))
		return s.audit.Record(tx, audit.From(ctx), apiTokenEvent(t, "api_token.deleted", audit.Delete, "deleted API token "+t.Label))
	})
}

func apiTokenEvent(t APIToken, kind string, a audit.Activity, message string) audit.Event {
	data := map[string]any{"label": t.Label, "access": t.Access, "preview": t.Preview}
	if !t.Limits.Until.IsZero() {
		data["expiresAt"] = t.Limits.Until
	}
	return audit.Event{
		Kind: kind, Activity: a, ObjectType: "api_token", ObjectID: string(t.ID), UserID: string(t.UserID), Message: message, Data: data,
	}
}

// APITokensNamed finds the tokens, deleted ones too, of that label and preview, by which events show them; at most [db.MaxIn].
func APITokensNamed(q db.Q, label, preview string) ([]ClientKey, error) {
	return db.Collect(q, func(r *db.Rows) (k ClientKey, err error) { return k, r.Scan(&k) },
		`select id from client where kind = 'token' and preview = $1 and display_name = $2 order by id limit $3`, preview, label, db.MaxIn)
}
