package read

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// MaxWorkers is how many people one filter on whom tasks wait for may name: each is a question of its own.
const MaxWorkers = 16

// TaskFilter narrows a list of tasks. Zero members do not narrow; lists hold at most 500 values, those on whom tasks wait for at most
// [MaxWorkers]. Spans of time are half-open: from After on and before Before.
type TaskFilter struct {
	Query           string // part of the names of what, where and who, of the subject's address or the description; or the number
	IDs, ExcludeIDs []task.ID
	Kinds           []task.Kind
	States          []task.State
	Reviews         []string // the tasks that these access reviews made, or that what they found made
	IncludeDeleted  bool

	Step         string                // APPROVAL or PROVISION: what is open
	Approvals    []policy.ApproverKind // the open step is an approval of one of these kinds
	Emergency    *bool
	Pending      *bool // whether somebody has to act: to decide, to confirm, or to have tried again what failed
	WantsReason  bool  // the open step wants a reason for a yes
	WantsDenial  bool  // the open step wants a reason for a no
	GrantEnds    []task.Outcome
	RevokeEnds   []task.Outcome
	CertifyEnds  []task.Outcome
	OutcomeAfter time.Time
	OutcomeUntil time.Time
	CreatedAfter time.Time
	CreatedUntil time.Time // also: old enough

	Subjects []directory.UserID
	Openers  []directory.UserID
	Party    directory.UserID   // opened it, or is its subject
	Workers  []directory.UserID // it waits for one of these, at this moment
	ActedOn  time.Time          // with Workers: or one of them acted on it after this
	Assigned []directory.UserID // as Workers
	Decider  directory.UserID   // as Workers
	Actors   []directory.UserID // one of these acted on it
	Actor    directory.UserID   // acted on it

	Apps, ExcludeApps                 []app.ID
	Entitlements, ExcludeEntitlements []app.EntitlementID
	Resources                         []app.ResourceID
	Types, ExcludeTypes               []app.ResourceTypeID
	Accounts                          []app.AccountID

	// Of what is so now, whatever it was when the task was made.
	AccountOwners   []directory.UserID
	AccountStatuses []app.AccountStatus
	AccountKinds    []app.AccountKind
	Employments     []string // employment statuses of the subject

	// Own is the caller, if they see their own tasks alone: those they opened, are the subject of, may decide, could decide at a step that
	// is over, or acted on, those a deputy decides for them, and those about apps they own.
	Own directory.UserID
	// OwnAccounts and OwnPerson are the caller, if they may not ask about the accounts, or the employment, of others. The threat: a
	// filter tells by what is in the list what the list does not show.
	OwnAccounts directory.UserID
	OwnPerson   directory.UserID

	span span  // see inSpans
	down bool  // the list begins with the highest number
	look int64 // how many rows that ask somebody are looked at; 0: all
}

func (f TaskFilter) where(now int64) *db.Where {
	w := &db.Where{}
	if !f.IncludeDeleted {
		w.And("t.deleted_at is null")
	}
	f.text(w)
	in(w, "t.id", f.IDs)
	notIn(w, "t.id", f.ExcludeIDs)
	in(w, "t.kind", f.Kinds)
	if len(f.Reviews) > 0 {
		w.And("t.review_id <> ''") // as its index says
		in(w, "t.review_id", f.Reviews)
	}
	in(w, f.state(), f.States)
	f.stage(w)
	f.ends(w)
	f.times(w)
	if f.span != (span{}) { // hidden from SQLite's index of numbers, since the list begins with the person
		w.And("t.number + 0 >= ? and t.number + 0 < ?", f.span.from, f.span.below)
	}
	f.people(w, now)
	f.objects(w)
	f.asOfNow(w)
	return w
}

// state is the column of the state. Where the list is that of somebody it is hidden from SQLite's indices, which would go through all
// that is open rather than begin with the person.
func (f TaskFilter) state() string {
	if len(f.Workers)+len(f.Assigned)+len(f.Decider)+len(f.Own) > 0 {
		return "coalesce(t.state, '')"
	}
	return "t.state"
}

// text adds what people type.
func (f TaskFilter) text(w *db.Where) {
	n, err := strconv.ParseInt(strings.TrimPrefix(strings.TrimSpace(f.Query), "#"), 10, 64)
	switch {
	case db.Fold(f.Query) == "":
	case err == nil:
		w.And(`(t.number = ? or t.search like ? escape '\')`, n, db.Like(f.Query))
	default:
		w.And(`t.search like ? escape '\'`, db.Like(f.Query))
	}
}

// stage adds where the task stands.
func (f TaskFilter) stage(w *db.Where) {
	if f.Step != "" {
		w.And("t.step = ?", f.Step)
	}
	if len(f.Approvals) > 0 {
		w.And("t.step = 'APPROVAL'")
		in(w, "t.step_kind", f.Approvals)
	}
	if f.Emergency != nil {
		w.And("t.emergency = ?", *f.Emergency)
	}
	const pending = `(t.state = 'OPEN' and t.processing = 'WAITING' and t.step in ('APPROVAL', 'PROVISION')
		and (t.step_kind <> 'webhook' or t.outcome = 'ERROR'))`
	if f.Pending != nil && *f.Pending {
		w.And(pending)
	} else if f.Pending != nil {
		w.And("not " + pending)
	}
	if f.WantsReason {
		w.And("t.approval_reason")
	}
	if f.WantsDenial {
		w.And("t.denial_reason")
	}
}

// ends adds what became of tasks. The three lists speak of different kinds, so that a task need be in one of them only.
func (f TaskFilter) ends(w *db.Where) {
	var either []string
	for _, one := range []struct {
		kind task.Kind
		ends []task.Outcome
	}{{task.Grant, f.GrantEnds}, {task.Revoke, f.RevokeEnds}, {task.Certify, f.CertifyEnds}} {
		if len(one.ends) == 0 {
			continue
		}
		either = append(either, "t.kind = "+w.Bind(string(one.kind))+" and t.outcome in ("+bound(w, one.ends)+")")
	}
	if len(either) > 0 {
		w.And("(" + strings.Join(either, " or ") + ")")
	}
}

func (f TaskFilter) times(w *db.Where) {
	for _, one := range []struct {
		cond string
		at   time.Time
	}{
		{"t.outcome_at >= ?", f.OutcomeAfter}, {"t.outcome_at < ?", f.OutcomeUntil},
		{"t.created_at >= ?", f.CreatedAfter}, {"t.created_at < ?", f.CreatedUntil},
	} {
		if !one.at.IsZero() {
			w.And(one.cond, clock.Micros(one.at))
		}
	}
}

// people adds who asked, whom it is about, whom it waits for and who acted.
func (f TaskFilter) people(w *db.Where, now int64) {
	in(w, "t.subject_id", f.Subjects)
	in(w, "t.opener_id", f.Openers)
	if f.Party != "" {
		w.And("t.id in (select id from task where subject_id = ? union all select id from task where opener_id = ?)",
			string(f.Party), string(f.Party))
	}
	for _, people := range f.waiting() {
		w.And("t.id in (" + f.workOf(w, people, now, true) + ")")
	}
	if len(f.Workers) > 0 && !f.ActedOn.IsZero() {
		w.And("t.id in (" + f.workOf(w, f.Workers, now, false) + " union all select task_id from task_act where user_id in (" +
			bound(w, f.Workers) + ") and at > " + w.Bind(clock.Micros(f.ActedOn)) + ")")
	}
	for _, people := range [][]directory.UserID{f.Actors, only(f.Actor)} {
		anyOf(w, "t.id in (select task_id from task_act where user_id in %s)", people)
	}
	if f.Own != "" {
		w.And("t.id in (" + f.ownSQL(w, now) + ")")
	}
}

// ownSQL is a select of the ids of the tasks that f.Own sees, as package task says how people stand to tasks.
func (f TaskFilter) ownSQL(w *db.Where, now int64) string {
	me, at := w.Bind(string(f.Own)), w.Bind(now)
	owned := owner.OwnedSQL("("+me+")", w.Bind(owner.Primary), at)
	return "select id from task where subject_id = " + me + " union all select id from task where opener_id = " + me +
		" union all select task_id from task_act where user_id = " + me +
		" union all select task_id from task_asked where user_id = " + me +
		" union all select task_id from task_stand where for_id = " + me +
		" union all select x.id from (" + owned + ") o join task x on x.app_id = o.app_id where o.kind = 'app'" +
		" union all select id from (" + f.workSQL(w, me, at, false) + ") work"
}

// bound takes the values of a list and returns their placeholders.
func bound[T ~string](w *db.Where, list []T) string {
	at := make([]string, len(list))
	for i, v := range list {
		at[i] = w.Bind(string(v))
	}
	return strings.Join(at, ",")
}

// workOf is a select of the ids of the tasks that wait for one of the people; alone if the list holds nothing else.
func (f TaskFilter) workOf(w *db.Where, people []directory.UserID, now int64, alone bool) string {
	at := w.Bind(now)
	parts := make([]string, len(people))
	for i, u := range people {
		parts[i] = "select id from (" + f.workSQL(w, w.Bind(string(u)), at, alone && len(people) == 1) + ") work"
	}
	return strings.Join(parts, " union all ")
}

// workSQL is a select of the ids of the tasks that wait for one person, in the span of f. It is cut at f.look only where nothing else
// is found beside it: what follows the cut of one may come before that of another.
func (f TaskFilter) workSQL(w *db.Where, user, now string, alone bool) string {
	if f.span == (span{}) {
		return task.WorkSQL(user, now)
	}
	p := task.Part{From: w.Bind(f.span.from), Below: w.Bind(f.span.below), Down: f.down}
	if alone && f.look > 0 {
		p.Most = w.Bind(f.look)
	}
	return task.WorkWithinSQL(user, now, p)
}

// only is a list of u, or of nobody.
func only(u directory.UserID) []directory.UserID {
	return slices.DeleteFunc([]directory.UserID{u}, func(u directory.UserID) bool { return u == "" })
}

// objects adds what it is about.
func (f TaskFilter) objects(w *db.Where) {
	in(w, "t.app_id", f.Apps)
	notIn(w, "t.app_id", f.ExcludeApps)
	in(w, "t.entitlement_id", f.Entitlements)
	notIn(w, "t.entitlement_id", f.ExcludeEntitlements)
	in(w, "t.resource_id", f.Resources)
	in(w, "t.resource_type_id", f.Types)
	notIn(w, "t.resource_type_id", f.ExcludeTypes)
	in(w, "t.account_id", f.Accounts)
}

// asOfNow adds what is looked up in the objects as they are now.
func (f TaskFilter) asOfNow(w *db.Where) {
	const of = "exists (select 1 from account a where a.app_id = t.app_id and a.id = t.account_id and "
	anyOf(w, "t.account_id in (select a.id from account a where a.user_id in %s)", f.AccountOwners)
	anyOf(w, of+"a.status in %s)", f.AccountStatuses)
	anyOf(w, of+"a.kind in %s)", f.AccountKinds)
	if f.OwnAccounts != "" && len(f.AccountOwners)+len(f.AccountStatuses)+len(f.AccountKinds) > 0 {
		w.And(of+"a.user_id = ?)", string(f.OwnAccounts))
	}
	anyOf(w, "exists (select 1 from users u where u.id = t.subject_id and u.employment_status in %s)", f.Employments)
	if f.OwnPerson != "" && len(f.Employments) > 0 {
		w.And("t.subject_id = ?", string(f.OwnPerson))
	}
}
