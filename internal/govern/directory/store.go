package directory

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Columns are the columns [Scan] reads, for packages that join users; alias is the table's alias with its dot, or empty.
func Columns(alias string) string {
	names := []string{
		"id", "kind", "origin", "status", "display_name", "email", "username", "job_title", "department",
		"employment_status", "employment_type", "doc", "created_at", "updated_at", "deleted_at", "version",
	}
	return alias + strings.Join(names, ", "+alias)
}

// Scan reads one row of [Columns]; managers are read apart, see [Managers].
func Scan(r *db.Rows) (User, error) { return scan(r) }

// scan is Scan, and whatever follows the columns into rest.
func scan(r *db.Rows, rest ...any) (User, error) {
	var (
		u                User
		doc              string
		created, updated int64
		deleted          *int64
	)
	err := r.Scan(append([]any{
		&u.ID, &u.Kind, &u.Origin, &u.Status, &u.DisplayName, &u.Email, &u.Username, &u.JobTitle, &u.Department,
		&u.EmploymentStatus, &u.EmploymentType, &doc, &created, &updated, &deleted, &u.Version,
	}, rest...)...)
	if err != nil {
		return u, err
	}
	u.CreatedAt, u.UpdatedAt = clock.FromMicros(created), clock.FromMicros(updated)
	if deleted != nil {
		u.DeletedAt = clock.FromMicros(*deleted)
	}
	if err := json.Unmarshal([]byte(doc), &u.Profile); err != nil {
		return u, fmt.Errorf("profile of user %s: %w", u.ID, err)
	}
	return u, nil
}

// Get reads one user, deleted ones too. NotFound if there is none.
func Get(q db.Q, userID UserID) (User, error) {
	var managers []UserID
	rows, err := db.Collect(q, func(r *db.Rows) (User, error) {
		var manager *UserID
		u, err := scan(r, &manager)
		if manager != nil {
			managers = append(managers, *manager)
		}
		return u, err
	}, `select `+Columns("u.")+`, m.manager_id from users u left join user_manager m on m.user_id = u.id where u.id = $1
		order by m.manager_id`, string(userID))
	if err != nil {
		return User{}, err
	}
	if len(rows) == 0 {
		return User{}, fault.Missing("user", string(userID))
	}
	u := rows[0]
	u.ManagerIDs = managers
	return u, nil
}

// Many reads the users with the given ids, in no particular order; unknown ids are left out.
func Many(q db.Q, ids []UserID) ([]User, error) {
	var all []User
	for _, chunk := range db.Chunks(ids, 500) {
		args := make([]any, len(chunk))
		for i, v := range chunk {
			args[i] = string(v)
		}
		users, err := db.Collect(q, Scan, `select `+Columns("")+` from users where id in `+db.In(len(chunk), 1), args...)
		if err != nil {
			return nil, err
		}
		all = append(all, users...)
	}
	return all, Managers(q, all)
}

// Managers fills in the managers of users, in one statement for each 500.
func Managers(q db.Q, users []User) error {
	at := make(map[UserID]int, len(users))
	for i := range users {
		at[users[i].ID] = i
	}
	type edge struct{ user, manager UserID }
	for _, chunk := range db.Chunks(users, 500) {
		args := make([]any, len(chunk))
		for i := range chunk {
			args[i] = string(chunk[i].ID)
		}
		edges, err := db.Collect(q, func(r *db.Rows) (e edge, err error) { return e, r.Scan(&e.user, &e.manager) },
			`select user_id, manager_id from user_manager where user_id in `+db.In(len(chunk), 1)+` order by user_id, manager_id`, args...)
		if err != nil {
			return err
		}
		for _, e := range edges {
			u := &users[at[e.user]]
			u.ManagerIDs = append(u.ManagerIDs, e.manager)
		}
	}
	return nil
}

func insert(tx *db.Tx, u User) error {
	doc, err := json.Marshal(u.Profile)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`insert into users (id, kind, origin, status, display_name, email, email_folded, username, job_title, department,
			employment_status, employment_type, doc, search, created_at, updated_at, deleted_at, version)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$15,null,1)`,
		string(u.ID), string(u.Kind), string(u.Origin), string(u.Status), u.DisplayName, u.Email, db.Fold(u.Email), u.Username,
		u.JobTitle, u.Department, u.EmploymentStatus, u.EmploymentType, string(doc), searchText(u), clock.Micros(u.CreatedAt))
	if err != nil {
		return err
	}
	return setManagers(tx, u.ID, u.ManagerIDs)
}

// update writes u over the version it was read at. Conflict if somebody else was faster.
func update(tx *db.Tx, u User) error {
	doc, err := json.Marshal(u.Profile)
	if err != nil {
		return err
	}
	var deleted *int64
	if !u.DeletedAt.IsZero() {
		at := clock.Micros(u.DeletedAt)
		deleted = &at
	}
	n, err := tx.Exec(`update users set status = $3, display_name = $4, email = $5, email_folded = $6, username = $7, job_title = $8,
			department = $9, employment_status = $10, employment_type = $11, doc = $12, search = $13, updated_at = $14, deleted_at = $15,
			kind = $16, version = version + 1
		where id = $1 and version = $2`,
		string(u.ID), u.Version, string(u.Status), u.DisplayName, u.Email, db.Fold(u.Email), u.Username, u.JobTitle, u.Department,
		u.EmploymentStatus, u.EmploymentType, string(doc), searchText(u), clock.Micros(u.UpdatedAt), deleted, string(u.Kind))
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.Conflict, "the user was changed by someone else; read it again")
	}
	return nil
}

func setManagers(tx *db.Tx, userID UserID, managers []UserID) error {
	if _, err := tx.Exec(`delete from user_manager where user_id = $1`, string(userID)); err != nil {
		return err
	}
	for _, m := range slices.Compact(slices.Sorted(slices.Values(managers))) {
		if _, err := tx.Exec(`insert into user_manager (user_id, manager_id) values ($1, $2)`, string(userID), string(m)); err != nil {
			return err
		}
	}
	return nil
}

func searchText(u User) string {
	return db.Fold(u.DisplayName + "\n" + u.Email + "\n" + u.Username)
}

// taken reports whether another user that is not deleted has this address.
func taken(q db.Q, email string, except UserID) (bool, error) {
	if email == "" {
		return false, nil
	}
	var n int
	err := q.Row(`select count(*) from users where email_folded = $1 and email_folded <> '' and status <> 'DELETED' and id <> $2`,
		db.Fold(email), string(except)).Scan(&n)
	return n > 0, err
}
