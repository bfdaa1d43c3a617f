package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// The figures at the Opal door, and their targets.
const (
	manyItems   = 100_000
	onePage     = 200
	pageWithin  = 10 * time.Millisecond
	atOnce      = 40     // what Terraform makes at once, and more
	delegations = 10_000 // more than can be made in a second
)

// items measures pages of resources, one after the other and from anywhere, among a hundred thousand.
func (b *bench) items(ctx context.Context, h *house) error {
	if err := b.fillItems(ctx, h.DB); err != nil {
		return err
	}
	var cursors []string
	path := func(cursor string) string {
		return fmt.Sprintf("/v1/resources?page_size=%d&cursor=%s", onePage, url.QueryEscape(cursor))
	}
	for cursor, more := "", true; more; more = cursor != "" {
		cursors = append(cursors, cursor)
		text, err := h.ask(ctx, h.full, request{http.MethodGet, path(cursor), ""}, h.as())
		if err != nil {
			return err
		}
		var list struct {
			Results []struct{}
			Next    string
		}
		if err := json.Unmarshal(text, &list); err != nil {
			return err
		}
		if cursor = list.Next; cursor != "" && len(list.Results) != onePage {
			return fmt.Errorf("a page of %d resources", len(list.Results))
		}
	}
	if len(cursors) < manyItems/onePage {
		return fmt.Errorf("%d pages", len(cursors))
	}
	m, err := b.contest(ctx, "items", side{name: "full", round: func(ctx context.Context, length time.Duration) (sample, error) {
		return crowd(ctx, 1, length, func(ctx context.Context) error {
			_, err := h.ask(ctx, h.full, request{http.MethodGet, path(cursors[rand.IntN(len(cursors))]), ""}, h.as())
			return err
		})
	}})
	if err != nil {
		return err
	}
	b.add(result{
		name: fmt.Sprintf("page of %d resources, of %s", onePage, thousands(manyItems)), target: "≤ 10 ms", met: m[0].p99 <= pageWithin,
		figure: fmt.Sprintf("p99 %s, p50 %s, %s CPU each", millis(m[0].p99), millis(m[0].p50), micros(m[0].cpu)),
	})
	return nil
}

// fillItems writes the resources, and an entitlement of each, into the apps in turn.
func (b *bench) fillItems(ctx context.Context, d *db.DB) error {
	s := &seeder{ctx: ctx, DB: d, now: time.Now().Add(-time.Minute)}
	ids, levels, at := s.ids(manyItems), s.ids(manyItems), clock.Micros(s.now)
	of := func(i int) string { return string(b.world.apps[i%apps].app) }
	err := s.unindexed("resource", func() error {
		return s.bulk(`insert into resource (app_id, id, resource_type_id, parent_resource_id, display_name, description, search, sort_name,
				connector_id, external_id, doc, created_at, updated_at, deleted_at, version, is_group)`,
			`(?,?,?,null,?,'',?,?,null,'','{}',?,?,null,1,false)`, manyItems, func(i int) []any {
				name := fmt.Sprintf("Resource %d", i)
				return []any{of(i), ids[i], string(app.CredentialType), name, db.Fold(name), app.SortName(name), at, at}
			})
	})
	if err != nil {
		return err
	}
	err = s.unindexed("entitlement", func() error {
		return s.bulk(`insert into entitlement (app_id, id, resource_type_id, resource_id, display_name, description, alias, slug, purpose,
				max_grant_micros, connector_id, external_id, builtin, search, sort_name, doc, created_at, updated_at, deleted_at, version)`,
			`(?,?,?,?,?,'','','access','ASSIGNMENT',null,null,'',false,?,?,'{}',?,?,null,1)`, manyItems, func(i int) []any {
				name := fmt.Sprintf("Resource %d", i)
				return []any{of(i), levels[i], string(app.CredentialType), ids[i], name, db.Fold(name), app.SortName(name), at, at}
			})
	})
	if err != nil || b.postgres == nil {
		return err
	}
	return b.postgres.tidy(ctx, b.home.Database)
}

// delegate measures delegations that are made beside the same statements without a request around them.
func (b *bench) delegate(ctx context.Context, h *house) error {
	users := b.world.users
	pair := func(i int) (string, string) { // a limit is set to how many one person has
		i *= stride
		return users[i%len(users)], users[(i+1)%len(users)]
	}
	v := volley{address: h.full, headers: h.as(), most: delegations, make: func(i int) request {
		from, to := pair(i)
		now := time.Now().UTC().Truncate(time.Second)
		return request{http.MethodPost, "/v1/delegations", fmt.Sprintf(
			`{"delegator_user_id":%q,"delegate_user_id":%q,"start_time":%q,"end_time":%q,"reason":"away"}`,
			from, to, now.Format(time.RFC3339), now.Add(time.Hour).Format(time.RFC3339))}
	}}
	t, err := record(h.DB, func() error { return h.says(ctx, v, `"delegator_user_id"`) })
	if err != nil {
		return err
	}
	b.say("delegation: %s", t)
	raw := side{name: "raw", round: func(ctx context.Context, length time.Duration) (sample, error) {
		return crowd(ctx, connections, length, func(ctx context.Context) error {
			was, is := pair(0)
			from, to := pair(rand.IntN(len(users)))
			return t.play(ctx, h.DB, was, from, is, to)
		})
	}}
	m, err := b.contest(ctx, "delegation", b.fires("full", v), raw)
	if err != nil {
		return err
	}
	b.add(against("create a delegation", m[0], "raw", m[1]))
	return h.DB.Write(ctx, func(tx *db.Tx) error { // what is measured next counts who decides
		_, err := tx.Exec(`delete from delegation`)
		return err
	})
}

// parallel has many groups made at once, as Terraform does, and looks for each of them afterwards.
func (b *bench) parallel(ctx context.Context, h *house) error {
	var made struct {
		sync.Mutex

		ids  []string
		errs []error
	}
	var all sync.WaitGroup
	began := time.Now()
	for i := range atOnce {
		all.Go(func() {
			var group struct {
				ID string `json:"group_id"`
			}
			text, err := h.ask(ctx, h.full, request{http.MethodPost, "/v1/groups", fmt.Sprintf(
				`{"name":"At once %d","group_type":"OPAL_GROUP","app_id":%q}`, i, b.world.apps[0].app)}, h.as())
			if err == nil {
				err = json.Unmarshal(text, &group)
			}
			made.Lock()
			defer made.Unlock()
			made.ids, made.errs = append(made.ids, group.ID), append(made.errs, err)
		})
	}
	all.Wait()
	took := time.Since(began)
	if err := errors.Join(made.errs...); err != nil {
		return err
	}
	found := map[string]bool{}
	for _, one := range made.ids {
		if _, err := h.ask(ctx, h.full, request{http.MethodGet, "/v1/groups/" + one, ""}, h.as()); err == nil {
			found[one] = true
		}
	}
	b.add(result{
		name:   fmt.Sprintf("%d groups made at once", atOnce),
		figure: fmt.Sprintf("%d there, after %s", len(found), millis(took)), target: "none lost", met: len(found) == atOnce,
	})
	return nil
}
