package iam

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// CreateClient makes a personal client that acts as owner and returns its secret, which is kept nowhere. What n leaves open is
// bounded by the credential that asks. Invalid; Denied if n reaches beyond that credential, or for another person unless the
// caller is a Super Administrator whose credential is not scoped; NotFound and Precondition about the owner.
func (s *Service) CreateClient(ctx context.Context, owner directory.UserID, n NewClient) (Client, string, error) {
	p, err := mayMint(ctx, owner)
	if err != nil {
		return Client{}, "", err
	}
	if err := n.validate(); err != nil {
		return Client{}, "", err
	}
	now := s.clock.Now()
	limits := Limits{Roles: n.Roles, Sources: n.Sources}
	if n.Expires > 0 {
		limits.Until = now.Add(max(n.Expires, time.Microsecond)) // the finest time there is
	}
	limits = limits.or(p.Limits)
	if field := limits.exceeds(p.Limits); field != "" {
		return Client{}, "", beyond(field)
	}
	public, secret := newKey()
	c := Client{
		Key: ClientKey(id.New(now)), UserID: owner, Kind: KindPersonal, DisplayName: n.DisplayName, PublicKey: public,
		Limits: limits, Bound: limits.Until, CreatedBy: p.UserID, CreatedAt: now, UpdatedAt: now, Version: 1,
	}
	err = s.unnamed(func(name string) (bool, error) {
		c.ClientID = name
		inserted := false
		err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
			inserted, err = s.createIn(tx, audit.From(ctx), c)
			return err
		})
		return inserted, err
	}, "pcc")
	if err != nil {
		return Client{}, "", err
	}
	return c, secret, nil
}

// mayMint lets everybody make credentials for themselves, and Super Administrators for others. A credential that reads only makes
// none: what it made could do more.
func mayMint(ctx context.Context, owner directory.UserID) (*Principal, error) {
	p, err := PrincipalFrom(ctx)
	if err != nil {
		return nil, err
	}
	if p.ReadOnly {
		return nil, fault.New(fault.Denied, "Permission denied, this credential reads only")
	}
	if p.UserID != owner {
		err = SuperAdmin(ctx)
	}
	return p, err
}

// unnamed tries names until one is free.
func (s *Service) unnamed(try func(name string) (bool, error), suffix string) error {
	for range 8 {
		if done, err := try(clientName(s.host, suffix)); done || err != nil {
			return err
		}
	}
	return fault.New(fault.Unavailable, "no free client name was found; try again")
}

func (s *Service) createIn(tx *db.Tx, actor audit.Actor, c Client) (inserted bool, err error) {
	owner, err := enabledUser(tx, c.UserID)
	if err != nil {
		return false, err
	}
	if err := rolesExist(tx, c.Limits.Roles); err != nil {
		return false, err
	}
	if err := roomFor(tx, c.UserID, KindPersonal, MaxClients, "personal clients"); err != nil {
		return false, err
	}
	if inserted, err = insertClient(tx, c); err != nil || !inserted {
		return inserted, err
	}
	return true, s.audit.Record(tx, actor, clientEvent(c, "client.created", audit.Create,
		"created personal client "+c.ClientID+" for "+owner.DisplayName, boundsOf(c)))
}

// roomFor answers Precondition if the user has the most credentials of a kind there may be. The kind, a constant, stands in the statement.
func roomFor(tx *db.Tx, userID directory.UserID, kind string, most int, shown string) error {
	var n int
	err := tx.Row(`select count(*) from client where user_id = $1 and kind = '`+kind+`' and deleted_at is null`, string(userID)).Scan(&n)
	if err == nil && n >= most {
		err = fault.New(fault.Precondition, "the user has %d %s, which is the most; delete some first", most, shown)
	}
	return err
}

// enabledUser reads a user who may be given a credential. NotFound if deleted, Precondition if disabled. Until the transaction ends
// nobody else makes a credential for that user or ends them all: one made while the user is being disabled would come to life when
// the user is enabled again.
func enabledUser(tx *db.Tx, userID directory.UserID) (directory.User, error) {
	if err := lockCredentials(tx, userID); err != nil {
		return directory.User{}, err
	}
	u, err := directory.Get(tx, userID)
	switch {
	case err != nil:
		return u, err
	case u.Status == directory.Deleted:
		return u, fault.Missing("user", string(userID))
	case u.Status != directory.Enabled:
		return u, fault.New(fault.Precondition, "the user is disabled")
	default:
		return u, nil
	}
}

func lockCredentials(tx *db.Tx, userID directory.UserID) error {
	return tx.Lock("iam:credentials:" + string(userID))
}

func rolesExist(q db.Q, ids []RoleID) error {
	found, err := rolesByID(q, ids)
	if err != nil {
		return err
	}
	for _, want := range ids {
		if !slices.ContainsFunc(found, func(r Role) bool { return r.ID == want }) {
			return fault.InvalidField("scopedRoles", "no such role: %s", id.KSUID(string(want)))
		}
	}
	return nil
}

// Clients lists the live personal clients of a user, oldest first, at most MaxClients.
func (s *Service) Clients(ctx context.Context, userID directory.UserID) ([]Client, error) {
	return clientsOf(s.db.Q(ctx), userID)
}

// Client reads a live personal client. NotFound.
func (s *Service) Client(ctx context.Context, key ClientKey) (Client, error) {
	return personalClient(s.db.Q(ctx), key)
}

// UpdateClient changes a personal client as change says, on the row as it is at that moment; only DisplayName and Limits are taken
// over. Invalid, NotFound, Conflict; Denied if the client would reach beyond both the credential that asks and what it was before,
// or is another person's and the caller is no Super Administrator with an unscoped credential.
func (s *Service) UpdateClient(ctx context.Context, key ClientKey, change func(*Client) error) (Client, error) {
	p, err := PrincipalFrom(ctx)
	if err != nil {
		return Client{}, err
	}
	var after Client
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		before, err := personalClient(tx, key)
		if err != nil {
			return err
		}
		if _, err := mayMint(ctx, before.UserID); err != nil {
			return err
		}
		edited := before
		if err := change(&edited); err != nil {
			return err
		}
		if after, err = s.edited(tx, p, before, edited); err != nil {
			return err
		}
		if err := updateClient(tx, after); err != nil {
			return err
		}
		after.Version++
		tx.Notify(topic, noticeClient+string(key))
		return s.audit.Record(tx, audit.From(ctx), clientEvent(after, "client.updated", audit.Update,
			"updated personal client "+after.ClientID, map[string]any{"before": boundsOf(before), "after": boundsOf(after)}))
	})
	return after, err
}

// edited takes over from edit what may change and judges it.
func (s *Service) edited(q db.Q, p *Principal, before, edit Client) (Client, error) {
	now := s.clock.Now()
	after := before
	after.DisplayName, after.Limits = strings.TrimSpace(edit.DisplayName), edit.Limits
	after.Bound, after.UpdatedAt = after.Limits.Until, now
	if err := checkName("client.displayName", after.DisplayName); err != nil {
		return after, err
	}
	var err error
	if after.Limits.Roles, err = checkScope(after.Limits.Roles); err != nil {
		return after, err
	}
	if !after.Limits.Until.Equal(before.Limits.Until) && after.Limits.dead(now) {
		return after, fault.InvalidField("client.expiresTime", "must be in the future")
	}
	if field := after.Limits.exceeds(p.Limits); field != "" && after.Limits.exceeds(before.Limits) != "" {
		return after, beyond(field)
	}
	added := slices.DeleteFunc(slices.Clone(after.Limits.Roles), func(r RoleID) bool { return slices.Contains(before.Limits.Roles, r) })
	return after, rolesExist(q, added)
}

// DeleteClient deletes a personal client; its tokens are dead. NotFound; Denied if it is another person's whose roles or powers reach
// beyond the caller. Its owner, or who may delete everybody's.
func (s *Service) DeleteClient(ctx context.Context, key ClientKey) error {
	p, err := PrincipalFrom(ctx)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		c, err := personalClient(tx, key)
		if err == nil && c.UserID != p.UserID {
			err = s.mayChange(ctx, tx, c.UserID)
		}
		if err != nil {
			return err
		}
		c.DeletedAt, c.UpdatedAt = s.clock.Now(), s.clock.Now()
		if err := updateClient(tx, c); err != nil {
			return err
		}
		tx.Notify(topic, noticeClient+string(key))
		return s.audit.Record(tx, audit.From(ctx), clientEvent(c, "client.deleted", audit.Delete, "deleted personal client "+c.ClientID, nil))
	})
}

func beyond(field string) error {
	f := fault.New(fault.Denied, "Permission denied, %s: reaches beyond the credential that asks for it", field)
	f.Field = field
	return f
}

func clientEvent(c Client, kind string, a audit.Activity, message string, data map[string]any) audit.Event {
	return audit.Event{
		Kind: kind, Activity: a, ObjectType: "client", ObjectID: string(c.Key), UserID: string(c.UserID), Message: message, Data: data,
	}
}

// boundsOf is what the audit keeps of a client: everything but its key.
func boundsOf(c Client) map[string]any {
	data := map[string]any{"displayName": c.DisplayName, "allowSourceCidr": orEmpty(c.Limits.Sources), "scopedRoles": orEmpty(c.Limits.Roles)}
	if !c.Limits.Until.IsZero() {
		data["expiresTime"] = c.Limits.Until
	}
	return data
}
