package app

import (
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// AppColumns are the columns [ScanApp] reads; alias is the table's alias with its dot, or empty.
func AppColumns(alias string) string {
	return columns(alias, []string{
		"id", "display_name", "description", "is_manually_managed", "is_directory", "doc", "created_by",
		"grant_policy_id", "revoke_policy_id", "certify_policy_id",
		"created_at", "updated_at", "deleted_at", "version",
	})
}

// ScanApp reads one row of [AppColumns].
func ScanApp(r *db.Rows) (App, error) {
	var (
		a   App
		doc string
		by  string
		at  stamp
	)
	err := r.Scan(&a.ID, &a.DisplayName, &a.Description, &a.ManuallyManaged, &a.Directory, &doc, &by,
		&a.GrantPolicyID, &a.RevokePolicyID, &a.CertifyPolicyID, &at.created, &at.updated,
		&at.deleted, &a.Version)
	if err != nil {
		return a, err
	}
	a.CreatedBy = directory.UserID(by)
	a.CreatedAt, a.UpdatedAt, a.DeletedAt = at.times()
	return a, undocument(doc, &a.Settings)
}

// GetApp reads a live app. NotFound if there is none.
func GetApp(q db.Q, id ID) (App, error) {
	a, err := db.One(q, ScanApp, `select `+AppColumns("")+` from app where id = $1`, string(id))
	return a, found(err, a.DeletedAt, "app", id)
}

// ManyApps reads the apps with the given ids, deleted ones too, in no particular order; unknown ids are left out.
func ManyApps(q db.Q, ids []ID) ([]App, error) {
	var out []App
	for _, chunk := range db.Chunks(ids) {
		rows, err := db.Collect(q, ScanApp, `select `+AppColumns("")+` from app where id in `+db.In(len(chunk), 1), strs(chunk)...)
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	return out, nil
}

func insertApp(tx *db.Tx, a App) error {
	doc, err := document(a.Settings)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into app (id, display_name, description, search, sort_name, is_manually_managed, is_directory, doc,
			created_by, created_at, updated_at, deleted_at, version, grant_policy_id, revoke_policy_id, certify_policy_id)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$10,null,1,$11,$12,$13)`,
		string(a.ID), a.DisplayName, a.Description, searchText(a.DisplayName, a.Description), SortName(a.DisplayName),
		a.ManuallyManaged, a.Directory, doc, string(a.CreatedBy), clock.Micros(a.CreatedAt),
		string(a.GrantPolicyID), string(a.RevokePolicyID), string(a.CertifyPolicyID))
	return err
}

func updateApp(tx *db.Tx, a App) error {
	doc, err := document(a.Settings)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`update app set display_name = $3, description = $4, search = $5, sort_name = $6, is_manually_managed = $7,
			is_directory = $8, doc = $9, updated_at = $10, deleted_at = $11, grant_policy_id = $12, revoke_policy_id = $13,
			certify_policy_id = $14, version = version + 1
		where id = $1 and version = $2`,
		string(a.ID), a.Version, a.DisplayName, a.Description, searchText(a.DisplayName, a.Description), SortName(a.DisplayName),
		a.ManuallyManaged, a.Directory, doc, clock.Micros(a.UpdatedAt), clock.Null(a.DeletedAt),
		string(a.GrantPolicyID), string(a.RevokePolicyID), string(a.CertifyPolicyID))
	return won(n, err, "app")
}
