package delegation

import (
	"context"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// Filter narrows a list of delegations. Empty members do not narrow; lists hold at most 500 values. Without States, delegations that
// are not deleted.
type Filter struct {
	Delegators []directory.UserID
	Delegates  []directory.UserID
	Modes      []Mode
	States     []State

	// Own is the caller, if they may see only delegations that they are a party of.
	Own directory.UserID
}

// Get reads one delegation, deleted ones too. NotFound if there is none. Who may see it is the door's to ask.
func (s *Service) Get(ctx context.Context, delegation ID) (Delegation, error) {
	return Get(s.DB.Q(ctx), delegation)
}

// OfUser reads the delegator's REASSIGN that is not deleted, over or not; false if there is none.
func (s *Service) OfUser(ctx context.Context, delegator directory.UserID) (Delegation, bool, error) {
	return reassignOf(s.DB.Q(ctx), delegator, "")
}

// List answers the delegations that match f as they stand now, in the order they were made.
func (s *Service) List(ctx context.Context, f Filter, r page.Request) (page.Page[Delegation], error) {
	sql, args := listSQL(f, s.Clock.Now(), r)
	rows, err := db.Collect(s.DB.Q(ctx), scan, sql, args...)
	return page.Cut(rows, r.Size, func(d Delegation) page.Key { return page.Key{string(d.ID)} }), err
}

// listSQL reads one row more than the page. The list of one's own is that of two lists, each in the order of its index; a condition
// with "or" would be read from neither.
func listSQL(f Filter, now time.Time, r page.Request) (string, []any) {
	if f.Own == "" {
		return branch(f, "", now, r)
	}
	asDelegator, args := branch(f, "d.delegator = ?", now, r)
	asDelegate, _ := branch(f, "d.delegate = ?", now, r) // the same values
	both := `select ` + columns("") + ` from (` + asDelegator + `) a union all select ` + columns("") + ` from (` + asDelegate + `) b`
	return both + ` order by id limit ` + asDelegator[strings.LastIndex(asDelegator, "$"):], args
}

func branch(f Filter, own string, now time.Time, r page.Request) (string, []any) {
	w := matching(f, own, now)
	w.After([]string{"d.id"}, r.After...)
	limit := w.Bind(r.Size + 1)
	sql, args := w.SQL()
	return `select ` + columns("d.") + ` from delegation d` + sql + ` order by d.id limit ` + limit, args
}

// matching is the condition of f, and own, if that is not empty, with the caller as its value.
func matching(f Filter, own string, now time.Time) *db.Where {
	w := &db.Where{}
	if own != "" {
		w.And(own, string(f.Own))
	}
	w.In("d.delegator", f.Delegators)
	w.In("d.delegate", f.Delegates)
	w.In("d.mode", f.Modes)
	inStates(w, f.States, now)
	return w
}

// inStates is StateAt in SQL.
func inStates(w *db.Where, states []State, now time.Time) {
	if len(states) == 0 {
		w.And("d.deleted_at is null")
		return
	}
	const live = "d.deleted_at is null and d.closed_at is null and (d.until_at is null or d.until_at > ?)"
	var conds []string
	var args []any
	for _, s := range states {
		switch us := clock.Micros(now); s {
		case Scheduled:
			conds, args = append(conds, live+" and d.from_at > ?"), append(args, us, us)
		case Open:
			conds, args = append(conds, live+" and d.from_at <= ?"), append(args, us, us)
		case Over:
			conds, args = append(conds, "d.deleted_at is null and (d.closed_at is not null or d.until_at <= ?)"), append(args, us)
		case Deleted:
			conds = append(conds, "d.deleted_at is not null")
		}
	}
	w.And("("+strings.Join(conds, " or ")+")", args...)
}

// Count is how many delegations match f as they stand now, on all pages together.
func (s *Service) Count(ctx context.Context, f Filter) (int, error) {
	sql, args := countSQL(f, s.Clock.Now())
	return db.One(s.DB.Q(ctx), func(r *db.Rows) (n int, err error) { return n, r.Scan(&n) }, sql, args...)
}

// countSQL counts each delegation of one's own once: nobody is both of its people.
func countSQL(f Filter, now time.Time) (string, []any) {
	own := []string{""}
	if f.Own != "" {
		own = []string{"d.delegator = ?", "d.delegate = ?"}
	}
	var counts []string
	var args []any
	for _, o := range own {
		var sql string
		sql, args = matching(f, o, now).SQL() // the same values for both
		counts = append(counts, `(select count(*) from delegation d`+sql+`)`)
	}
	return `select ` + strings.Join(counts, " + "), args
}
