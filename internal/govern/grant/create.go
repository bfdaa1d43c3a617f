package grant

import (
	"context"
	"errors"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/due"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// Create gives k's account the entitlement until end (zero: without end). What it holds already is extended: the later end wins.
// NotFound for an app, entitlement or account that is not there or deleted; Precondition for a disabled account or user, and for
// an entitlement whose connector is gone; Invalid for an end that is past or further off than the entitlement allows, see
// [CheckEnd]; Conflict while an earlier grant of the same is being removed, or when somebody else was faster.
func (s *Service) Create(ctx context.Context, k Key, end time.Time) (Grant, error) {
	if !end.IsZero() {
		end = end.UTC().Truncate(time.Microsecond)
	}
	if err := s.mayPass(ctx, k); err != nil {
		return Grant{}, err
	}
	unlimited, actor := superAdmin(ctx), audit.From(ctx)
	before, err := live(s.DB.Q(ctx), k)
	holds := err == nil
	if !holds && !fault.Is(err, fault.NotFound) {
		return Grant{}, err
	}
	var after Grant
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		now := s.Clock.Now()
		p, err := s.parents(tx, k)
		if err != nil {
			return err
		}
		if err := CheckEnd("deprovisionAt", end, now, p.longest, unlimited); err != nil {
			return err
		}
		if holds {
			g, effect, err := before.Extend(Manual, end, now)
			if after = g; err != nil || effect.Kind == "" {
				return err
			}
			return s.apply(tx, actor, before, &after, effect, now)
		}
		var effect Effect
		after, effect = Grant{
			ID: ID(id.New(now)), Key: k, Connector: p.connector, Given: Provenance{By: person(actor)}, UpdatedAt: now, Version: 1,
		}.Begin(Manual, end, now)
		return s.begin(tx, actor, after, p.user, effect, now)
	})
	return after, err
}

// mayPass is [iam.MayPass] for what is given by hand.
func (s *Service) mayPass(ctx context.Context, k Key) error {
	return iam.MayPass(ctx, s.DB.Q(ctx), iam.Object{Type: "entitlement", AppID: string(k.App), ID: string(k.Entitlement)})
}

// begin writes the first step of a grant. Conflict if another of its key became live meanwhile.
func (s *Service) begin(tx *db.Tx, actor audit.Actor, g Grant, user directory.UserID, effect Effect, now time.Time) error {
	fresh, err := insert(tx, g)
	switch {
	case err != nil:
		return err
	case !fresh:
		return stale()
	}
	if effect.Call != "" {
		s.Provision.Open(tx, effect.Call, order(g), now)
	}
	if !g.DeprovisionAt.IsZero() {
		due.Wake(tx, g.DeprovisionAt)
	}
	e := event(g, effect.Kind, user)
	e.Data["to"] = shown(g.DeprovisionAt)
	if err := s.Audit.Record(tx, actor, e); err != nil {
		return err
	}
	return s.watched(tx, now, Step{g, effect.Kind, user})
}

// parents are what a grant hangs on.
type parents struct {
	longest   time.Duration
	connector app.ConnectorID
	user      directory.UserID
}

// parents reads what a grant of k hangs on and refuses what may not be given. On PostgreSQL the rows are locked against change:
// whoever disables the user or deletes the entitlement at the same time waits, and then finds the new grant to end.
func (s *Service) parents(tx *db.Tx, k Key) (parents, error) {
	var p parents
	if err := s.entitlement(tx, k, &p); err != nil {
		return p, err
	}
	var status string
	var user *string
	err := tx.Row(`select status, user_id from account where app_id = $1 and id = $2 and deleted_at is null`+s.share,
		k.App, k.Account).Scan(&status, &user)
	switch {
	case errors.Is(err, db.ErrNoRows):
		return p, fault.Missing("account", string(k.Account))
	case err != nil:
		return p, err
	case app.AccountStatus(status) != app.Enabled:
		return p, fault.New(fault.Precondition, "the account is disabled")
	case user == nil:
		return p, nil
	}
	p.user = directory.UserID(*user)
	err = tx.Row(`select status from users where id = $1`+s.share, p.user).Scan(&status)
	switch {
	case err != nil:
		return p, err
	case directory.Status(status) != directory.Enabled:
		return p, fault.New(fault.Precondition, "the account's user is disabled or deleted")
	}
	return p, nil
}

func (s *Service) entitlement(tx *db.Tx, k Key, p *parents) error {
	var longest *int64
	var connector *string
	var appGone, reachable bool
	err := tx.Row(`select e.max_grant_micros, e.connector_id, p.deleted_at is not null, e.connector_id is null or exists (
				select 1 from connector c where c.app_id = e.app_id and c.id = e.connector_id and c.deleted_at is null)
			from entitlement e join app p on p.id = e.app_id
			where e.app_id = $1 and e.id = $2 and e.deleted_at is null`+s.share, k.App, k.Entitlement).
		Scan(&longest, &connector, &appGone, &reachable)
	switch {
	case errors.Is(err, db.ErrNoRows):
		return fault.Missing("entitlement", string(k.Entitlement))
	case err != nil:
		return err
	case appGone:
		return fault.Missing("app", string(k.App))
	case !reachable:
		return fault.New(fault.Precondition, "the entitlement's connector was deleted; nobody could provision it")
	}
	if longest != nil {
		p.longest = time.Duration(*longest) * time.Microsecond
	}
	if connector != nil {
		p.connector = app.ConnectorID(*connector)
	}
	return nil
}
