package policy

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

const columns = `p.id, p.doc, p.builtin, p.generation_id, p.created_at, p.updated_at, p.deleted_at, p.version`

func scan(r *db.Rows) (Policy, error) {
	var (
		p                Policy
		doc              string
		created, updated int64
		deleted          *int64
	)
	if err := r.Scan(&p.ID, &doc, &p.Builtin, &p.Generation, &created, &updated, &deleted, &p.Version); err != nil {
		return p, err
	}
	if err := json.Unmarshal([]byte(doc), &p); err != nil { //nolint:musttag // references to entitlements have no tags
		return p, fmt.Errorf("policy %s: %w", p.ID, err)
	}
	p.CreatedAt, p.UpdatedAt = clock.FromMicros(created), clock.FromMicros(updated)
	if deleted != nil {
		p.DeletedAt = clock.FromMicros(*deleted)
	}
	return p, nil
}

// get reads one policy, a deleted one too. NotFound if there is none.
func get(q db.Q, id ID) (Policy, error) {
	p, err := db.One(q, scan, `select `+columns+` from policy p where p.id = $1`, string(id))
	if errors.Is(err, db.ErrNoRows) {
		err = fault.Missing("policy", string(id))
	}
	return p, err
}

// live is get without the deleted.
func live(q db.Q, id ID) (Policy, error) {
	p, err := get(q, id)
	if err == nil && !p.DeletedAt.IsZero() {
		err = fault.Missing("policy", string(id))
	}
	return p, err
}

func many(q db.Q, ids []ID) ([]Policy, error) {
	var out []Policy
	for _, chunk := range db.Chunks(ids) {
		rows, err := db.Collect(q, scan, `select `+columns+` from policy p where p.id in `+db.In(len(chunk), 1), anys(chunk)...)
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	return out, nil
}

func anys[T ~string](list []T) []any {
	out := make([]any, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

func generation(q db.Q, id GenerationID) (Policy, error) {
	p, err := db.One(q, func(r *db.Rows) (Policy, error) {
		var p Policy
		var doc string
		var at int64
		if err := r.Scan(&p.ID, &doc, &at); err != nil {
			return p, err
		}
		p.Generation, p.CreatedAt = id, clock.FromMicros(at)
		return p, json.Unmarshal([]byte(doc), &p) //nolint:musttag // references to entitlements have no tags
	}, `select policy_id, doc, created_at from policy_generation where id = $1`, string(id))
	if errors.Is(err, db.ErrNoRows) {
		err = fault.Missing("policy generation", string(id))
	}
	return p, err
}

func document(p Policy) (string, error) {
	raw, err := json.Marshal(p) //nolint:musttag // references to entitlements have no tags
	if err == nil && len(raw) > MaxDoc {
		err = fault.InvalidField("policySteps", "the policy has %d bytes; at most %d are allowed", len(raw), MaxDoc)
	}
	return string(raw), err
}

// insert adds a policy and its first generation; false: there was one of this id already.
func insert(tx *db.Tx, p Policy) (bool, error) {
	doc, err := document(p)
	if err != nil {
		return false, err
	}
	n, err := tx.Exec(`insert into policy (id, kind, display_name, search, sort_name, scope_app_id, scope_id, scope_slot, doc, builtin,
			generation_id, created_at, updated_at, deleted_at, version)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$12,null,1) on conflict (id) do nothing`,
		string(p.ID), string(p.Kind), p.DisplayName, p.search(), app.SortName(p.DisplayName), string(p.Scope.App),
		string(p.Scope.Entitlement), string(p.Scope.Slot), doc, p.Builtin, string(p.Generation), clock.Micros(p.CreatedAt))
	if err != nil || n == 0 {
		return false, err
	}
	return true, insertGeneration(tx, p, doc)
}

// update writes p over the version it was read at, as a new generation unless it was deleted.
func update(tx *db.Tx, p Policy) error {
	doc, err := document(p)
	if err != nil {
		return err
	}
	var deleted *int64
	if !p.DeletedAt.IsZero() {
		at := clock.Micros(p.DeletedAt)
		deleted = &at
	}
	n, err := tx.Exec(`update policy set display_name = $3, search = $4, sort_name = $5, scope_app_id = $6, scope_id = $7, scope_slot = $8,
			doc = $9, generation_id = $10, updated_at = $11, deleted_at = $12, version = version + 1
		where id = $1 and version = $2`,
		string(p.ID), p.Version, p.DisplayName, p.search(), app.SortName(p.DisplayName), string(p.Scope.App), string(p.Scope.Entitlement),
		string(p.Scope.Slot), doc, string(p.Generation), clock.Micros(p.UpdatedAt), deleted)
	switch {
	case err != nil:
		return err
	case n == 0:
		return fault.New(fault.Conflict, "the policy was changed by someone else; read it again")
	case deleted != nil:
		return nil
	}
	return insertGeneration(tx, p, doc)
}

func insertGeneration(tx *db.Tx, p Policy, doc string) error {
	_, err := tx.Exec(`insert into policy_generation (id, policy_id, doc, created_at) values ($1,$2,$3,$4)`,
		string(p.Generation), string(p.ID), doc, clock.Micros(p.UpdatedAt))
	return err
}

func (p Policy) search() string {
	return strings.Join([]string{db.Fold(p.DisplayName), db.Fold(p.Description)}, "\n")
}
