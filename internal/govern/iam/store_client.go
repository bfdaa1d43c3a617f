package iam

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

const clientColumns = `id, client_id, user_id, kind, device, display_name, public_key, cidrs, scoped_roles, expires_at, bound_until,
	last_used_at, created_by, created_at, updated_at, deleted_at, version, read_only, preview`

func scanClient(rows *db.Rows) (Client, error) {
	var (
		c                             Client
		key                           []byte
		cidrs, roles                  string
		created, updated              int64
		expires, bound, used, deleted *int64
	)
	err := rows.Scan(&c.Key, &c.ClientID, &c.UserID, &c.Kind, &c.Device, &c.DisplayName, &key, &cidrs, &roles, &expires, &bound,
		&used, &c.CreatedBy, &created, &updated, &deleted, &c.Version, &c.ReadOnly, &c.Preview)
	if err != nil {
		return c, err
	}
	c.PublicKey, c.Limits.Until, c.Bound = key, clock.FromNull(expires), clock.FromNull(bound)
	c.CreatedAt, c.UpdatedAt = clock.FromMicros(created), clock.FromMicros(updated)
	c.LastUsedAt, c.DeletedAt = clock.FromNull(used), clock.FromNull(deleted)
	if err := errors.Join(json.Unmarshal([]byte(cidrs), &c.Limits.Sources), json.Unmarshal([]byte(roles), &c.Limits.Roles)); err != nil {
		return c, fmt.Errorf("client %s: %w", c.Key, err)
	}
	return c, nil
}

// clientByID reads a client by its name, deleted ones too; db.ErrNoRows if there is none.
func clientByID(q db.Q, clientID string) (Client, error) {
	return db.One(q, scanClient, `select `+clientColumns+` from client where client_id = $1`, clientID)
}

// personalClient reads a live personal client. NotFound if there is none.
func personalClient(q db.Q, key ClientKey) (Client, error) {
	c, err := db.One(q, scanClient, `select `+clientColumns+` from client where id = $1 and kind = '`+KindPersonal+`' and deleted_at is null`,
		string(key))
	if errors.Is(err, db.ErrNoRows) {
		err = missingClient(key)
	}
	return c, err
}

func missingClient(key ClientKey) error { return fault.Missing("personal client", string(key)) }

// insertClient answers false when the client id is taken.
func insertClient(tx *db.Tx, c Client) (inserted bool, err error) {
	cidrs, roles, err := clientLists(c)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(`insert into client (id, client_id, user_id, kind, device, display_name, search, public_key, cidrs, scoped_roles,
			expires_at, bound_until, last_used_at, created_by, created_at, updated_at, deleted_at, version)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,null,$13,$14,$14,null,1) on conflict (client_id) do nothing`,
		string(c.Key), c.ClientID, string(c.UserID), c.Kind, c.Device, c.DisplayName, clientSearch(c), orNoBytes(c.PublicKey), cidrs, roles,
		clock.Null(c.Limits.Until), clock.Null(c.Bound), string(c.CreatedBy), clock.Micros(c.CreatedAt))
	return n > 0, err
}

// updateClient writes c over the version it was read at. Conflict if somebody else was faster.
func updateClient(tx *db.Tx, c Client) error {
	cidrs, roles, err := clientLists(c)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`update client set display_name = $3, search = $4, cidrs = $5, scoped_roles = $6, expires_at = $7,
			bound_until = $8, updated_at = $9, deleted_at = $10, version = version + 1
		where id = $1 and version = $2`,
		string(c.Key), c.Version, c.DisplayName, clientSearch(c), cidrs, roles, clock.Null(c.Limits.Until), clock.Null(c.Bound),
		clock.Micros(c.UpdatedAt), clock.Null(c.DeletedAt))
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "the client was changed by someone else; read it again")
	}
	return err
}

func clientLists(c Client) (cidrs, roles string, err error) {
	p, err1 := json.Marshal(orEmpty(c.Limits.Sources))
	r, err2 := json.Marshal(orEmpty(c.Limits.Roles))
	return string(p), string(r), errors.Join(err1, err2)
}

func clientSearch(c Client) string { return db.Fold(c.DisplayName + "\n" + c.ClientID) }

// clientsOf reads the live personal clients of a user, oldest first.
func clientsOf(q db.Q, userID directory.UserID) ([]Client, error) {
	return db.Collect(q, scanClient, `select `+clientColumns+` from client
		where user_id = $1 and kind = '`+KindPersonal+`' and deleted_at is null order by id limit $2`, string(userID), MaxClients)
}

// orEmpty makes JSON write [] and not null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func orNoBytes(b []byte) []byte { return orEmpty(b) }
