package read

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/request"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

var taskSorts = []TaskSort{
	"", TaskByNumber, TaskByNumberDown, TaskByCreation, TaskByCreationDown, TaskByAccount, TaskByResource, TaskBySubject, TaskByAppAndObjects,
}

// Whatever is asked for together, in whatever order and pages, the database finds what a loop over all tasks finds.
func TestTasksAreFoundAsALoopOverAllFindsThem(t *testing.T) {
	onWorlds(t, func(w *world) {
		list := w.fillTasks(90)
		work := map[directory.UserID][]task.ID{}
		for _, u := range w.users {
			for _, one := range w.tasks(w, TaskFilter{Decider: u.ID}, TaskByCreation, 100) {
				work[u.ID] = append(work[u.ID], one.ID)
			}
		}
		rapid.Check(w, func(t *rapid.T) {
			f, by := w.drawTaskFilter(t, list), rapid.SampledFrom(taskSorts).Draw(t, "sort")
			w.read.width = rapid.SampledFrom([]int64{3, 20, firstSpan}).Draw(t, "width")
			w.read.look = rapid.SampledFrom([]int64{1, leastLook}).Draw(t, "look")
			want := sorted(slices.DeleteFunc(slices.Clone(list), func(one *kept) bool { return !one.matches(w, f, work) }), by)
			got := w.tasks(w, f, by, rapid.IntRange(1, 40).Draw(t, "size"))
			g, e := numbers(got, func(v task.Task) int64 { return v.Number }), numbers(want, func(v *kept) int64 { return v.Number })
			if g != e {
				t.Fatalf("%+v by %q:\n found %s\nwant %s", f, by, g, e)
			}
		})
	})
}

// However little the first statement looks at, and whatever the list is of, its pages are those of the whole list.
func TestPagesOfWorkAreThoseOfTheWholeList(t *testing.T) {
	onWorlds(t, func(w *world) {
		w.fillTasks(90)
		err := w.db.Write(w.ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`update task set subject_id = 'nobody', opener_id = 'nobody'`) // so that some wait for two
			return err
		})
		if err != nil {
			w.Fatal(err)
		}
		w.read.look = 1
		a, b, c := w.users[0].ID, w.users[1].ID, w.users[2].ID
		for name, f := range map[string]TaskFilter{
			"of one who decides":               {Decider: a},
			"of one":                           {Workers: []directory.UserID{b}},
			"of two":                           {Workers: []directory.UserID{a, b}},
			"of one, and done":                 {Workers: []directory.UserID{a}, ActedOn: start.Add(-3 * time.Hour)},
			"of two, and of one":               {Workers: []directory.UserID{a, b}, Assigned: []directory.UserID{b}, Decider: b},
			"of one, of two and own":           {Workers: []directory.UserID{a}, Assigned: []directory.UserID{a, b}, Own: a},
			"of two, and of another":           {Workers: []directory.UserID{a, b}, Assigned: []directory.UserID{c}},
			"of one, and done, and of another": {Workers: []directory.UserID{a}, ActedOn: start.Add(-6 * time.Hour), Assigned: []directory.UserID{c}},
		} {
			whole := w.tasks(w, f, TaskByCreation, 100)
			number := func(v task.Task) int64 { return v.Number }
			for _, by := range []TaskSort{TaskByNumber, TaskByNumberDown} {
				slices.SortFunc(whole, func(a, b task.Task) int { return cmp.Compare(a.Number, b.Number) })
				if by == TaskByNumberDown {
					slices.Reverse(whole)
				}
				for _, size := range []int{1, 3, 40} {
					for _, w.read.width = range []int64{3, firstSpan} {
						if got := numbers(w.tasks(w, f, by, size), number); got != numbers(whole, number) || len(whole) < 3 {
							w.Errorf("%s, by %s, %d at a time:\n found %s\nwant %s", name, by, size, got, numbers(whole, number))
						}
					}
				}
			}
		}
	})
}

// Each row that asks somebody is looked at by itself to find whether the task waits for them.
func TestAPageOfWorkLooksAtFewOfTheTasksThatAsk(t *testing.T) {
	onWorlds(t, func(w *world) {
		w.read.look = 1
		w.fillTasks(90)
		u := w.users[0].ID
		var asked int64
		if err := w.db.Q(w.ctx).Row(`select count(*) from task_slot where user_id = $1`, string(u)).Scan(&asked); err != nil {
			w.Fatal(err)
		}
		var looked []any // by the statements that read tasks, one after the other
		stop := w.db.Record(func(s db.Statement) {
			if n := len(s.Args); strings.Contains(s.SQL, "t.doc") && strings.Contains(s.SQL, "limit $"+strconv.Itoa(n)) {
				looked = append(looked, s.Args[n-1])
			}
		})
		found, err := w.read.Tasks(w.ctx, TaskFilter{Decider: u}, TaskByNumberDown, page.Request{Size: 1})
		stop()
		if need(w, found, err); len(found.Items) != 1 || len(looked) == 0 || looked[0].(int64) > asked/4 {
			w.Errorf("found %d, looked at %v of %d", len(found.Items), looked, asked)
		}
	})
}

// drawTaskFilter sets a few members, so that something is left to be found.
func (w *world) drawTaskFilter(t *rapid.T, list []*kept) TaskFilter {
	one := rapid.SampledFrom(list).Draw(t, "like")
	user := func() directory.UserID { return rapid.SampledFrom(w.users).Draw(t, "user").ID }
	at := func() time.Time { return start.Add(-time.Duration(rapid.IntRange(0, 9).Draw(t, "hours")) * time.Hour) }
	yes := func() *bool { return new(rapid.Bool().Draw(t, "flag")) }
	var f TaskFilter
	set := []func(){
		func() {
			f.Query = rapid.SampledFrom([]string{"wiki", "%", strconv.FormatInt(one.Number, 10), "ünï"}).Draw(t, "query")
		},
		func() { f.IDs = []task.ID{one.ID, list[0].ID, "nobody"} },
		func() { f.ExcludeIDs = []task.ID{one.ID} },
		func() { f.Kinds = []task.Kind{one.Kind, "nobody"} },
		func() { f.States = []task.State{one.State} },
		func() { f.Reviews = []string{"spring", "nobody's"} },
		func() { f.IncludeDeleted = true },
		func() { f.Step = rapid.SampledFrom([]string{"APPROVAL", "PROVISION"}).Draw(t, "step") },
		func() { f.Approvals = []policy.ApproverKind{policy.Users, policy.Manager} },
		func() { f.Emergency = yes() },
		func() { f.Pending = yes() },
		func() { f.WantsReason = true },
		func() { f.WantsDenial = true },
		func() { f.GrantEnds = []task.Outcome{task.Granted, task.Denied} },
		func() { f.RevokeEnds = []task.Outcome{task.Revoked} },
		func() { f.CertifyEnds = []task.Outcome{task.Denied} },
		func() { f.OutcomeAfter = at() },
		func() { f.OutcomeUntil = at() },
		func() { f.CreatedAfter = at() },
		func() { f.CreatedUntil = at() },
		func() { f.Subjects = []directory.UserID{one.Subject} },
		func() { f.Openers = []directory.UserID{one.Opener} },
		func() { f.Party = user() },
		func() { f.Workers = []directory.UserID{user(), user()} },
		func() { f.Workers, f.ActedOn = []directory.UserID{user()}, at() },
		func() { f.Workers, f.ActedOn = []directory.UserID{user()}, time.Time{} },
		func() { f.Assigned = []directory.UserID{user()} },
		func() { f.Assigned = []directory.UserID{user(), user()} },
		func() { f.Decider = user() },
		func() { f.Actors = []directory.UserID{user(), user()} },
		func() { f.Actor = user() },
		func() { f.Apps = []app.ID{one.App} },
		func() { f.ExcludeApps = []app.ID{one.App} },
		func() { f.Entitlements = []app.EntitlementID{one.Entitlement} },
		func() { f.ExcludeEntitlements = []app.EntitlementID{one.Entitlement} },
		func() { f.Resources = []app.ResourceID{one.Resource} },
		func() { f.Types = []app.ResourceTypeID{one.ResourceType} },
		func() { f.ExcludeTypes = []app.ResourceTypeID{one.ResourceType} },
		func() { f.Accounts = []app.AccountID{one.Account} },
		func() { f.AccountOwners = []directory.UserID{one.Subject} },
		func() { f.AccountStatuses = []app.AccountStatus{app.Enabled} },
		func() { f.AccountKinds = []app.AccountKind{app.KindUser} },
		func() { f.Employments = []string{""} },
		func() { f.Own = user() },
	}
	for range rapid.IntRange(0, 4).Draw(t, "members") {
		rapid.SampledFrom(set).Draw(t, "member")()
	}
	return f
}

// What people may not ask about others, they find nothing by.
func TestAFilterOnHiddenThingsFindsOnesOwnTasksAlone(t *testing.T) {
	onWorlds(t, func(w *world) {
		w.fillTasks(60)
		me := w.users[0].ID
		for name, f := range map[string]TaskFilter{
			"statuses":   {AccountStatuses: []app.AccountStatus{app.Enabled}, OwnAccounts: me},
			"kinds":      {AccountKinds: []app.AccountKind{app.KindUser, app.KindService}, OwnAccounts: me},
			"owners":     {AccountOwners: []directory.UserID{me, w.users[1].ID}, OwnAccounts: me},
			"employment": {Employments: []string{""}, OwnPerson: me},
		} {
			found := w.tasks(w, f, "", 100)
			if len(found) == 0 || slices.ContainsFunc(found, func(v task.Task) bool { return v.Subject != me }) {
				w.Errorf("%s: %d tasks, and not of the caller's alone", name, len(found))
			}
		}
		if found := w.tasks(w, TaskFilter{OwnPerson: me, OwnAccounts: me}, "", 100); len(found) < 50 {
			w.Errorf("without such a filter %d are found", len(found))
		}
	})
}

// The main lists come from an index in their order; what is looked up by something else reads no table whole.
func TestTasksAreReadFromIndexes(t *testing.T) {
	two := []directory.UserID{"a", "b"}
	inOrder := map[string]TaskFilter{
		"all": {}, "ever": {IncludeDeleted: true}, "open": {States: []task.State{task.Open}},
		"of a subject": {Subjects: []directory.UserID{"a"}}, "of an opener": {Openers: []directory.UserID{"a"}},
		"of an account":     {Accounts: []app.AccountID{"a"}},
		"of an entitlement": {Apps: []app.ID{"a"}, Entitlements: []app.EntitlementID{"e"}},
	}
	lookups := map[string]TaskFilter{
		"by name": {IDs: []task.ID{"a", "b"}}, "party": {Party: "a"}, "acted": {Actors: two}, "actor": {Actor: "a"},
		"my work": {Workers: two[:1]}, "our work, and what we did": {Workers: two, ActedOn: start}, "to decide": {Decider: "a"},
		"of a review": {Reviews: []string{"a", "b"}},
		"one's own":   {Own: "a"}, "one's own of an app": {Own: "a", Apps: []app.ID{"b"}}, "ended lately": {OutcomeAfter: start},
		"of an owner of accounts": {AccountOwners: two}, "my work in a span": {Workers: two[:1], span: span{5, 4000}},
		"the first of my work": {Workers: two[:1], span: span{5, 4000}, look: 50, down: true},
	}
	onWorlds(t, func(w *world) {
		w.fillTasks(30)
		plan := func(f TaskFilter, by TaskSort, after page.Key) string {
			sql, args, err := tasksSQL(f, by, clock.Micros(start), page.Request{Size: 25, After: after})
			return w.plan(need(w, sql, err), args)
		}
		for _, by := range taskSorts {
			row := taskRow{}
			for _, after := range []page.Key{nil, taskKey(by.order(), row)} {
				if p := plan(TaskFilter{}, by, after); scans(p) || sorts(p) {
					w.Errorf("by %q after %v:\n%s", by, after, p)
				}
			}
		}
		for name, f := range inOrder {
			for _, after := range []page.Key{nil, {"7"}} {
				if p := plan(f, TaskByNumberDown, after); scans(p) || sorts(p) {
					w.Errorf("%s:\n%s", name, p)
				}
			}
		}
		for name, f := range lookups {
			if p := plan(f, TaskByNumber, nil); scans(p) || strings.Contains(p, "SCAN t\n") {
				w.Errorf("%s:\n%s", name, p)
			}
		}
		for name, f := range map[string]TaskHistoryFilter{"all": {Task: "t"}, "comments, newest first": {Task: "t", Comments: true, Newest: true}} {
			sql, args := taskHistorySQL(f, page.Request{Size: 25, After: page.Key{"e"}})
			if p := w.plan(sql, args); scans(p) || sorts(p) {
				w.Errorf("history, %s:\n%s", name, p)
			}
		}
	})
}

// wholeTable is a line of a plan that reads a table from end to end. Tasks in the order of their numbers are the table itself on SQLite.
var wholeTable = regexp.MustCompile(`Seq Scan|SCAN (task|task_act|task_slot|task_stand|s|st|g|a|u|d|m|e|p|users|account|delegation|user_manager)\n`)

func scans(plan string) bool { return wholeTable.MatchString(plan + "\n") }

// Lists of requests come from an index in their order, and what narrows them to one person, item or state reads no table whole.
func TestRequestsAreReadFromIndexes(t *testing.T) {
	inOrder := map[string]RequestFilter{"all": {}, "of whoever asked": {Requester: "a"}, "for somebody": {Target: "a"}}
	lookups := map[string]RequestFilter{
		"about an item": {Resource: app.ResourceRef{AppID: "a", ID: "r"}}, "to review": {Reviewer: "a"}, "one's own": {Own: "a"},
		"in a span": {After: start, Until: start}, "pending": {Status: request.Pending}, "pending, to review": {Status: request.Pending, Reviewer: "a"},
	}
	onWorlds(t, func(w *world) {
		w.fillTasks(30)
		plan := func(f RequestFilter, after page.Key) string {
			sql, args, err := requestsSQL(f, clock.Micros(start), page.Request{Size: 25, After: after})
			return w.plan(need(w, sql, err), args)
		}
		for name, f := range inOrder {
			for _, oldest := range []bool{false, true} {
				f.Oldest = oldest
				for _, after := range []page.Key{nil, RequestKey(f, task.Task{})} {
					if p := plan(f, after); scans(p) || sorts(p) {
						w.Errorf("%s after %v:\n%s", name, after, p)
					}
				}
			}
		}
		for name, f := range lookups {
			if p := plan(f, nil); scans(p) {
				w.Errorf("%s:\n%s", name, p)
			}
		}
	})
}
