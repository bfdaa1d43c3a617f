package app

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// CreateConnector ties the app c.AppID to a target; c.Config is sealed already, for the identity c.ID where it was sealed for one; an
// empty c.ID is filled in. The app is no longer managed by hand from then on.
// Invalid; NotFound for the app; Exists where the app has a live connector of this kind and name.
func (s *Service) CreateConnector(ctx context.Context, c Connector) (Connector, error) {
	now := s.clock.Now()
	c.CreatedAt, c.UpdatedAt, c.DeletedAt, c.Version = now, now, time.Time{}, 1
	if c.ID == "" {
		c.ID = ConnectorID(id.New(now))
	}
	c.SyncLease = ""
	c.normalize()
	if err := c.Validate(); err != nil {
		return Connector{}, err
	}
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := lockApp(tx, c.AppID); err != nil {
			return err
		}
		if err := claimConnectorName(tx, c); err != nil {
			return err
		}
		if err := insertConnector(tx, c); err != nil {
			return err
		}
		if err := setManual(tx, c.AppID, false, now); err != nil {
			return err
		}
		return s.log.Record(tx, audit.From(ctx),
			event("connector.created", audit.Create, "connector", c.AppID, c.ID, "created connector "+c.DisplayName))
	})
	return c, err
}

// UpdateConnector changes a live connector: its name, sealed configuration, status, plan and options. Invalid, NotFound, Exists for
// a name that is taken, Conflict.
func (s *Service) UpdateConnector(
	ctx context.Context, appID ID, connectorID ConnectorID, change func(c *Connector) error,
) (Connector, error) {
	now := s.clock.Now()
	var after Connector
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := lockApp(tx, appID); err != nil {
			return err
		}
		before, err := GetConnector(tx, appID, connectorID)
		if err != nil {
			return err
		}
		after = before
		if err := change(&after); err != nil {
			return err
		}
		after.AppID, after.ID, after.Kind, after.SyncLease = before.AppID, before.ID, before.Kind, before.SyncLease
		after.CreatedAt, after.DeletedAt, after.Version = before.CreatedAt, time.Time{}, before.Version
		after.normalize()
		if err := after.Validate(); err != nil {
			return err
		}
		diff, err := audit.Changes(before, after)
		if err != nil {
			return err
		}
		if string(before.Config) != string(after.Config) {
			diff["config"] = "replaced"
		}
		if len(diff) == 0 && before.SyncDueAt.Equal(after.SyncDueAt) {
			return nil
		}
		if err := claimConnectorName(tx, after); err != nil {
			return err
		}
		after.UpdatedAt = now
		if err := updateConnector(tx, after); err != nil {
			return err
		}
		after.Version++
		e := event("connector.updated", audit.Update, "connector", appID, connectorID, "changed connector "+after.DisplayName)
		e.Data = diff
		return s.log.Record(tx, audit.From(ctx), e)
	})
	return after, err
}

// DeleteConnector deletes a live connector and forgets how to reach its target. What it has read stays, and from then on people may
// delete it. NotFound, Conflict.
func (s *Service) DeleteConnector(ctx context.Context, appID ID, connectorID ConnectorID) (Connector, error) {
	now := s.clock.Now()
	var c Connector
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		if err := lockApp(tx, appID); err != nil {
			return err
		}
		var err error
		if c, err = GetConnector(tx, appID, connectorID); err != nil {
			return err
		}
		c.UpdatedAt, c.DeletedAt, c.Config, c.SyncDueAt = now, now, []byte{}, time.Time{}
		if err := updateConnector(tx, c); err != nil {
			return err
		}
		c.Version++
		left, err := connected(tx, appID, "")
		if err != nil {
			return err
		}
		if !left {
			if err := setManual(tx, appID, true, now); err != nil {
				return err
			}
		}
		return s.log.Record(tx, audit.From(ctx),
			event("connector.deleted", audit.Delete, "connector", appID, connectorID, "deleted connector "+c.DisplayName))
	})
	return c, err
}

// claimConnectorName refuses an unknown app and a second live connector of one kind and name. The app is locked.
func claimConnectorName(tx *db.Tx, c Connector) error {
	if _, err := GetApp(tx, c.AppID); err != nil {
		return err
	}
	taken, err := connectorNameTaken(tx, c)
	if err == nil && taken {
		err = fault.New(fault.Exists, "displayName: the app has a connector %s of this kind already", c.DisplayName)
	}
	return err
}

func setManual(tx *db.Tx, app ID, manual bool, now time.Time) error {
	_, err := tx.Exec(`update app set is_manually_managed = $2, updated_at = $3, version = version + 1
		where id = $1 and is_manually_managed <> $2`, string(app), manual, clock.Micros(now))
	return err
}
