package webhook

import (
	"context"
	"errors"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

const columns = `id, url, display_name, description, callback_timeout, created_by, created_at, updated_at, deleted_at, version`

func scan(r *db.Rows) (w Webhook, err error) {
	var timeout, created, updated int64
	var deleted *int64
	err = r.Scan(&w.ID, &w.URL, &w.DisplayName, &w.Description, &timeout, &w.CreatedBy, &created, &updated, &deleted, &w.Version)
	w.CallbackTimeout = time.Duration(timeout) * time.Microsecond
	w.CreatedAt, w.UpdatedAt, w.DeletedAt = clock.FromMicros(created), clock.FromMicros(updated), clock.FromNull(deleted)
	return w, err
}

// Get reads a live webhook. NotFound if there is none.
func Get(q db.Q, webhookID ID) (Webhook, error) {
	w, err := db.One(q, scan, `select `+columns+` from webhook where id = $1 and deleted_at is null`, string(webhookID))
	if errors.Is(err, db.ErrNoRows) {
		return Webhook{}, fault.Missing("webhook", string(webhookID))
	}
	return w, err
}

// Filter says which webhooks are searched for. The zero value is all.
type Filter struct {
	IDs   []ID   // at most 500; none: any
	Query string // part of the display name, description or address, in any case
}

// List lists live webhooks, oldest first.
func (s *Service) List(ctx context.Context, f Filter, r page.Request) (page.Page[Webhook], error) {
	var w db.Where
	w.And("deleted_at is null")
	w.In("id", f.IDs)
	if f.Query != "" {
		w.And(`search like ? escape '\'`, db.Like(f.Query))
	}
	w.After([]string{"id"}, r.After...)
	limit := w.Bind(r.Size + 1)
	sql, args := w.SQL()
	rows, err := db.Collect(s.DB.Q(ctx), scan, `select `+columns+` from webhook`+sql+` order by id limit `+limit, args...)
	if err != nil {
		return page.Page[Webhook]{}, err
	}
	return page.Cut(rows, r.Size, func(w Webhook) page.Key { return page.Key{string(w.ID)} }), nil
}

// Many reads at most 500 webhooks, deleted ones too; unknown ones are left out.
func (s *Service) Many(ctx context.Context, ids []ID) (map[ID]Webhook, error) {
	return many(s.DB.Q(ctx), ids)
}

func many(q db.Q, ids []ID) (map[ID]Webhook, error) {
	args := make([]any, len(ids))
	for i, one := range ids {
		args[i] = string(one)
	}
	found, err := db.Collect(q, scan, `select `+columns+` from webhook where id in `+db.In(len(args), 1), args...)
	all := make(map[ID]Webhook, len(found))
	for _, w := range found {
		all[w.ID] = w
	}
	return all, err
}

func insert(tx *db.Tx, w Webhook) {
	tx.Queue(`insert into webhook (id, url, display_name, description, search, callback_timeout, created_by, created_at, updated_at,
			deleted_at, version) values ($1,$2,$3,$4,$5,$6,$7,$8,$8,null,1)`,
		string(w.ID), w.URL, w.DisplayName, w.Description, searchText(w), w.CallbackTimeout.Microseconds(), string(w.CreatedBy),
		clock.Micros(w.CreatedAt))
}

// update writes w over the version it was read at. Conflict if somebody else was faster.
func update(tx *db.Tx, w Webhook) error {
	n, err := tx.Exec(`update webhook set url = $3, display_name = $4, description = $5, search = $6, callback_timeout = $7, updated_at = $8,
			deleted_at = $9, version = version + 1 where id = $1 and version = $2`,
		string(w.ID), w.Version, w.URL, w.DisplayName, w.Description, searchText(w), w.CallbackTimeout.Microseconds(),
		clock.Micros(w.UpdatedAt), clock.Null(w.DeletedAt))
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "the webhook was changed by someone else; read it again")
	}
	return err
}

func searchText(w Webhook) string {
	return db.Fold(w.DisplayName + "\n" + w.Description + "\n" + w.URL)
}
