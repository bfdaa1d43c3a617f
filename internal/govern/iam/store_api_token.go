package iam

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

func scanToken(rows *db.Rows) (APIToken, error) {
	c, err := scanClient(rows)
	return apiTokenOf(c), err
}

// clientOfToken is the name of the live client with that proof. Unauthenticated if there is none: the words are the same for a token
// that never was and one that was deleted.
func clientOfToken(q db.Q, hash []byte) (string, error) {
	var (
		clientID string
		kept     []byte
	)
	err := q.Row(`select client_id, token_hash from client where token_hash = $1 and deleted_at is null`, hash).Scan(&clientID, &kept)
	if errors.Is(err, db.ErrNoRows) || err == nil && subtle.ConstantTimeCompare(kept, hash) != 1 {
		return "", badToken()
	}
	if err != nil {
		return "", fault.Wrap(fault.Unavailable, err, "the caller's rights cannot be read now; try again")
	}
	return clientID, nil
}

func insertToken(tx *db.Tx, t APIToken, hash []byte) error {
	c := t.client()
	if _, err := insertClient(tx, c); err != nil {
		return err
	}
	_, err := tx.Exec(`update client set token_hash = $2, preview = $3, read_only = $4 where id = $1`,
		string(c.Key), hash, c.Preview, c.ReadOnly)
	return err
}

// endToken deletes a live token. Conflict if somebody else was faster.
func endToken(tx *db.Tx, tokenID ClientKey, at time.Time) error {
	n, err := tx.Exec(`update client set deleted_at = $2, updated_at = $2, version = version + 1 where id = $1 and deleted_at is null`,
		string(tokenID), clock.Micros(at))
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "the token was deleted by someone else")
	}
	return err
}

// liveToken reads a token that was not deleted. NotFound if there is none.
func liveToken(q db.Q, tokenID ClientKey) (APIToken, error) {
	t, err := db.One(q, scanToken, `select `+clientColumns+` from client where id = $1 and kind = 'token' and deleted_at is null`,
		string(tokenID))
	if errors.Is(err, db.ErrNoRows) {
		err = fault.Missing("API token", string(tokenID))
	}
	return t, err
}

// tokensByID reads at most db.MaxIn tokens, deleted ones too.
func tokensByID(q db.Q, ids []ClientKey) ([]APIToken, error) {
	var w db.Where
	w.And("kind = 'token'")
	w.In("id", ids)
	where, args := w.SQL()
	return db.Collect(q, scanToken, `select `+clientColumns+` from client`+where, args...)
}

func apiTokensSQL(f APITokenFilter, r page.Request) (sql string, args []any) {
	var w db.Where
	w.And("kind = 'token'") // spelled out, so that the index of these rows can be taken
	w.And("deleted_at is null")
	w.In("id", f.IDs)
	w.In("user_id", f.Users)
	if f.Own != "" {
		w.And("user_id = ?", string(f.Own))
	}
	w.After([]string{"id"}, r.After...)
	where, args := w.SQL()
	return `select ` + clientColumns + ` from client` + where + fmt.Sprintf(` order by id limit %d`, r.Size+1), args
}
