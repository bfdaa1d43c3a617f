package app

import (
	"errors"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// AccountColumns are the columns [ScanAccount] reads; alias is the table's alias with its dot, or empty.
func AccountColumns(alias string) string {
	return columns(alias, []string{
		"app_id", "id", "user_id", "kind", "status", "status_details", "display_name", "email", "username", "connector_id",
		"external_id", "doc", "created_at", "updated_at", "deleted_at", "version",
	})
}

// ScanAccount reads one row of [AccountColumns].
func ScanAccount(r *db.Rows) (Account, error) {
	var (
		a               Account
		user, connector *string
		doc             string
		at              stamp
	)
	err := r.Scan(&a.AppID, &a.ID, &user, &a.Kind, &a.Status, &a.StatusDetails, &a.DisplayName, &a.Email, &a.Username, &connector,
		&a.ExternalID, &doc, &at.created, &at.updated, &at.deleted, &a.Version)
	if err != nil {
		return a, err
	}
	a.UserID, a.ConnectorID = value[directory.UserID](user), value[ConnectorID](connector)
	a.CreatedAt, a.UpdatedAt, a.DeletedAt = at.times()
	return a, undocument(doc, &a.AccountDoc)
}

// GetAccount reads a live account. NotFound if there is none.
func GetAccount(q db.Q, app ID, id AccountID) (Account, error) {
	a, err := db.One(q, ScanAccount, `select `+AccountColumns("")+` from account where app_id = $1 and id = $2`,
		string(app), string(id))
	return a, found(err, a.DeletedAt, "account", id)
}

// ManyAccounts reads the accounts that refs name, deleted ones too; unknown ones are left out.
func ManyAccounts(q db.Q, refs []AccountRef) ([]Account, error) {
	return many(q, "account", AccountColumns(""), ScanAccount, refs,
		func(r AccountRef) (string, string) { return string(r.AppID), string(r.ID) })
}

// firstAccount is the account of a user in an app, of several an enabled one, the oldest; none: no account and no error.
func firstAccount(q db.Q, app ID, of directory.UserID) (Account, error) {
	a, err := db.One(q, ScanAccount, `select `+AccountColumns("a.")+` from account a where a.user_id = $1 and a.app_id = $2
		and a.deleted_at is null order by case when a.status = 'ENABLED' then 0 else 1 end, a.id limit 1`, string(of), string(app))
	if errors.Is(err, db.ErrNoRows) {
		err = nil
	}
	return a, err
}

// usernameTaken reports whether a live account of the app other than except has this user name.
func usernameTaken(q db.Q, app ID, username string, except AccountID) (bool, error) {
	var n int
	err := q.Row(`select count(*) from account where app_id = $1 and username = $2 and id <> $3 and deleted_at is null`,
		string(app), username, string(except)).Scan(&n)
	return n > 0, err
}

func (a Account) searchText() string { return searchText(a.DisplayName, a.Email, a.Username) }

func insertAccount(tx *db.Tx, a Account) error {
	doc, err := document(a.AccountDoc)
	if err != nil {
		return err
	}
	tx.Queue(`insert into account (app_id, id, user_id, kind, status, status_details, display_name, email, username, search, sort_name,
			connector_id, external_id, doc, created_at, updated_at, deleted_at, version)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$15,null,1)`,
		string(a.AppID), string(a.ID), orNull(a.UserID), string(a.Kind), string(a.Status), a.StatusDetails, a.DisplayName, a.Email,
		a.Username, a.searchText(), SortName(a.DisplayName), orNull(a.ConnectorID), a.ExternalID, doc, clock.Micros(a.CreatedAt))
	return nil
}

func updateAccount(tx *db.Tx, a Account) error {
	doc, err := document(a.AccountDoc)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`update account set user_id = $4, kind = $5, status = $6, status_details = $7, display_name = $8, email = $9,
			username = $10, search = $11, sort_name = $12, connector_id = $13, external_id = $14, doc = $15, updated_at = $16,
			deleted_at = $17, version = version + 1
		where app_id = $1 and id = $2 and version = $3`,
		string(a.AppID), string(a.ID), a.Version, orNull(a.UserID), string(a.Kind), string(a.Status), a.StatusDetails, a.DisplayName,
		a.Email, a.Username, a.searchText(), SortName(a.DisplayName), orNull(a.ConnectorID), a.ExternalID, doc,
		clock.Micros(a.UpdatedAt), clock.Null(a.DeletedAt))
	return won(n, err, "account")
}
