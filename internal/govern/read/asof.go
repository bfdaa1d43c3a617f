package read

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// GrantsAsOf lists the grants that match f and were in force at a moment, oldest first, each as it stands now, with what passed it
// on then and with who held its account then: that is also whose it counts as. In force is from when access began until it ended; an
// end that has passed counts, noticed or not. Invalid for a moment that has not come.
func (s *Service) GrantsAsOf(ctx context.Context, at time.Time, f GrantFilter, r page.Request) (page.Page[Binding], error) {
	if at.After(s.clock.Now()) {
		return page.Page[Binding]{}, fault.InvalidField("at", "must not be in the future")
	}
	sql, args, err := asOfSQL(at, f, r)
	if err != nil {
		return page.Page[Binding]{}, err
	}
	return s.bindings(ctx, at, lookBack{then: moment(at), own: f.Own}, sql, args, r, activeKey)
}

func asOfSQL(at time.Time, f GrantFilter, r page.Request) (string, []any, error) {
	var w db.Where
	then := w.Bind(clock.Micros(at))
	w.And("g.active_at is not null and g.active_at <= " + then + " and (g.ending_at is null or g.ending_at > " + then + ")")
	w.And("(g.ending_at is not null or not (" + grant.OverSQL("g.", then) + "))")
	f.where(&w, moment(at))
	return byAge(&w, r)
}

// PastGrants lists the grants that match f, were in force and no longer are, the one that ended last first. Each counts as theirs who
// held its account when it ended: to hand an account over ends no grant.
func (s *Service) PastGrants(ctx context.Context, f GrantFilter, r page.Request) (page.Page[Binding], error) {
	sql, args, err := pastSQL(f, r)
	if err != nil {
		return page.Page[Binding]{}, err
	}
	return s.bindings(ctx, s.clock.Now(), lookBack{then: ended, own: f.Own}, sql, args, r, func(b Binding) page.Key {
		return momentKey(b.EndingAt, string(b.ID))
	})
}

func pastSQL(f GrantFilter, r page.Request) (string, []any, error) {
	var w db.Where
	w.And("g.ending_at is not null and g.active_at is not null")
	f.where(&w, ended)
	if len(r.After) > 0 {
		at, err := micros(r.After)
		if err != nil {
			return "", nil, err
		}
		w.And("(g.ending_at, g.id) < (?, ?)", at, r.After[1])
	}
	limit := w.Bind(r.Size + 1)
	where, args := w.SQL()
	return `select ` + grant.Columns("g.") + ` from grants g` + where + ` order by g.ending_at desc, g.id desc limit ` + limit, args, nil
}

// momentKey is a page key that begins with a moment.
func momentKey(at time.Time, rest ...string) page.Key {
	return append(page.Key{strconv.FormatInt(clock.Micros(at), 10)}, rest...)
}

// micros reads the moment that a key made by momentKey begins with. The token was signed by us for this list, so it is there.
func micros(k page.Key) (int64, error) {
	at, err := strconv.ParseInt(k[0], 10, 64)
	if err != nil || len(k) < 2 {
		return 0, fmt.Errorf("page key %q: %w", k, err)
	}
	return at, nil
}
