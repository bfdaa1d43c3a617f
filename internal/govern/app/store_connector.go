package app

import (
	"encoding/json"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// ConnectorColumns are the columns [ScanConnector] reads; alias is the table's alias with its dot, or empty.
func ConnectorColumns(alias string) string {
	return columns(alias, []string{
		"app_id", "id", "kind", "display_name", "config", "status", "status_text", "sync_every_micros", "sync_due_at", "sync_lease",
		"options", "target_identity", "created_at", "updated_at", "deleted_at", "version",
	})
}

// ScanConnector reads one row of [ConnectorColumns].
func ScanConnector(r *db.Rows) (Connector, error) {
	var (
		c       Connector
		every   int64
		due     *int64
		options string
		at      stamp
	)
	err := r.Scan(&c.AppID, &c.ID, &c.Kind, &c.DisplayName, &c.Config, &c.Status, &c.StatusText, &every, &due, &c.SyncLease, &options,
		&c.Target, &at.created, &at.updated, &at.deleted, &c.Version)
	c.SyncEvery = time.Duration(every) * time.Microsecond
	if due != nil {
		c.SyncDueAt = clock.FromMicros(*due)
	}
	c.Options = json.RawMessage(options)
	c.CreatedAt, c.UpdatedAt, c.DeletedAt = at.times()
	return c, err
}

// GetConnector reads a live connector. NotFound if there is none.
func GetConnector(q db.Q, app ID, id ConnectorID) (Connector, error) {
	c, err := db.One(q, ScanConnector, `select `+ConnectorColumns("")+` from connector where app_id = $1 and id = $2`,
		string(app), string(id))
	return c, found(err, c.DeletedAt, "connector", id)
}

// ManyConnectors reads the connectors that refs name, deleted ones too; unknown ones are left out. One that went with its app
// keeps its Config, since what is ending there is still to be removed from the target; one that was deleted itself has none.
func ManyConnectors(q db.Q, refs []ConnectorRef) ([]Connector, error) {
	return many(q, "connector", ConnectorColumns(""), ScanConnector, refs,
		func(r ConnectorRef) (string, string) { return string(r.AppID), string(r.ID) })
}

// connected reports whether a live connector of the app has this id; with an empty id, whether the app has any.
func connected(q db.Q, app ID, id ConnectorID) (bool, error) {
	var n int
	err := q.Row(`select count(*) from connector where app_id = $1 and ($2 = '' or id = $2) and deleted_at is null`,
		string(app), string(id)).Scan(&n)
	return n > 0, err
}

func connectorNameTaken(q db.Q, c Connector) (bool, error) {
	var n int
	err := q.Row(`select count(*) from connector where app_id = $1 and kind = $2 and display_name = $3 and id <> $4
		and deleted_at is null`, string(c.AppID), c.Kind, c.DisplayName, string(c.ID)).Scan(&n)
	return n > 0, err
}

func insertConnector(tx *db.Tx, c Connector) error {
	_, err := tx.Exec(`insert into connector (app_id, id, kind, display_name, config, status, status_text, sync_every_micros,
			sync_due_at, sync_lease, options, created_at, updated_at, deleted_at, version)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,'',$10,$11,$11,null,1)`,
		string(c.AppID), string(c.ID), c.Kind, c.DisplayName, append([]byte{}, c.Config...), string(c.Status), c.StatusText,
		c.SyncEvery.Microseconds(), clock.Null(c.SyncDueAt), string(c.Options), clock.Micros(c.CreatedAt))
	return err
}

func updateConnector(tx *db.Tx, c Connector) error {
	n, err := tx.Exec(`update connector set display_name = $4, config = $5, status = $6, status_text = $7, sync_every_micros = $8,
			sync_due_at = $9, options = $10, updated_at = $11, deleted_at = $12, version = version + 1
		where app_id = $1 and id = $2 and version = $3`,
		string(c.AppID), string(c.ID), c.Version, c.DisplayName, append([]byte{}, c.Config...), string(c.Status), c.StatusText,
		c.SyncEvery.Microseconds(), clock.Null(c.SyncDueAt), string(c.Options), clock.Micros(c.UpdatedAt), clock.Null(c.DeletedAt))
	return won(n, err, "connector")
}
