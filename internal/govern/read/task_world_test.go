package read

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/id"
	"github.com/interim-access/interim/internal/platform/page"
)

// kept is a task as the tests keep it beside the database.
type kept struct {
	taskRow

	search, step, kind string
	reason, denial     bool
	acts               []acted
}

type acted struct {
	user directory.UserID
	at   time.Time
}

// pick goes through a list in a fixed pattern.
func pick[T any](list []T, n int) T { return list[n%len(list)] }

// fillTasks makes tasks of every sort about the world's objects. What does not occur together in life may here.
func (w *world) fillTasks(count int) []*kept {
	w.Helper()
	accounts := slices.DeleteFunc(slices.Clone(w.accounts), func(a app.Account) bool { return a.UserID == "" })
	var list []*kept
	for n := range count {
		a := pick(accounts, n*7)
		e := pick(slices.DeleteFunc(slices.Clone(w.entitlements), func(e app.Entitlement) bool { return e.AppID != a.AppID }), n)
		t := &kept{
			step: pick([]string{"APPROVAL", "PROVISION", "WAIT", ""}, n/2),
			kind: pick([]string{"users", "webhook", "appOwners", "manual", "manager"}, n/3), reason: n%4 == 1, denial: n%5 == 2,
		}
		t.Task = task.Task{
			ID: task.ID(id.New(start.Add(time.Duration(n) * time.Second))), Kind: pick([]task.Kind{task.Grant, task.Revoke, task.Certify, task.Offboarding}, n/3),
			State: pick([]task.State{task.Open, task.Closed}, n/5), Processing: pick([]task.Processing{task.Waiting, task.Working, task.Done}, n),
			Outcome: pick([]task.Outcome{task.NoOutcome, task.Granted, task.Revoked, task.Denied, task.Failed}, n/2), Origin: task.ByTime,
			App: a.AppID, Entitlement: e.ID, Resource: e.ResourceID, ResourceType: e.TypeID, Account: a.ID, Subject: a.UserID,
			Opener: pick(w.users, n).ID, DisplayName: e.DisplayName, Emergency: n%6 == 0,
			CreatedAt: start.Add(-time.Duration(n%9) * time.Hour), UpdatedAt: start,
		}
		t.Source.Review = pick([]string{"", "spring", "", "autumn"}, n)
		if n%3 > 0 {
			t.OutcomeAt = start.Add(-time.Duration(n%5) * time.Hour)
		}
		if n%13 == 12 {
			t.DeletedAt = start
		}
		t.account, t.resource, t.subject = app.SortName(a.DisplayName), app.SortName(e.DisplayName), strconv.Itoa(n%3)
		t.search = db.Fold(e.DisplayName + " " + a.DisplayName)
		for m := range n % 3 {
			t.acts = append(t.acts, acted{pick(w.users, n/2+m).ID, start.Add(-time.Duration(n%7) * time.Hour)})
		}
		list = append(list, t)
	}
	err := w.db.Write(w.ctx, func(tx *db.Tx) error {
		for n, t := range list {
			asks, too := pick(w.users, n/4).ID, pick(w.users, n/2+1).ID
			if err := t.insert(tx, asks); err != nil {
				return err
			}
			if t.State == task.Open && too != asks {
				if err := t.ask(tx, too); err != nil {
					return err
				}
			}
		}
		// One of them is asked in the place of another besides, which tasks here do not let them be.
		_, err := tx.Exec(`insert into delegation (id, delegator, delegate, from_at, mode, reason, created_by, created_at, updated_at, doc, version)
			values ('away', $1, $2, 0, 'ADD', '', '', 0, 0, '{}', 1)`, string(w.users[1].ID), string(w.users[0].ID))
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return list
}

// insert writes the row, what was done to it, and whom it asks.
func (t *kept) insert(tx *db.Tx, asks directory.UserID) error {
	us := func(at time.Time) any {
		if at.IsZero() {
			return nil
		}
		return clock.Micros(at)
	}
	values := []any{
		string(t.ID), string(t.Kind), string(t.State), string(t.Processing), string(t.Outcome), us(t.OutcomeAt), string(t.Origin), string(t.App),
		string(t.Entitlement), string(t.Resource), string(t.ResourceType), string(t.Account), string(t.Account), string(t.Subject),
		string(t.Opener), t.DisplayName, "", t.search, t.account, t.resource, t.subject, 0, t.Emergency, false, "", t.Source.Review, "", "", "", "step",
		t.step, t.kind, "named", false, false, false, t.reason, t.denial, 0, `{"plan":[],"opened":0}`, us(t.CreatedAt), us(t.UpdatedAt),
		us(t.DeletedAt), 1,
	}
	err := tx.Row(`insert into task (id, kind, state, processing, outcome, outcome_at, origin, app_id, entitlement_id, resource_id,
		resource_type_id, account_id, target, subject_id, opener_id, display_name, description, search, account_sort, resource_sort,
		subject_sort, duration_micros, emergency, extension, parent_id, review_id, policy_id, generation_id, grant_id, step_id, step,
		step_kind, tier, delegates, self, distinct_people, approval_reason, denial_reason, comments, doc, created_at, updated_at,
		deleted_at, version) values `+db.In(len(values), 1)+` returning number`, values...).Scan(&t.Number)
	if err != nil {
		return err
	}
	if t.State == task.Open {
		err = t.ask(tx, asks)
	}
	for _, a := range t.acts {
		if err == nil {
			_, err = tx.Exec(`insert into task_act (task_id, step_id, user_id, for_id, kind, at) values ($1, '', $2, '', 'comment', $3)`,
				string(t.ID), string(a.user), clock.Micros(a.at))
		}
	}
	return err
}

func (t *kept) ask(tx *db.Tx, u directory.UserID) error {
	_, err := tx.Exec(`insert into task_slot (task_id, kind, user_id, of_kind, app_id, object_id, number) values ($1, 'user', $2, '', '', '', $3)`,
		string(t.ID), string(u), t.Number)
	return err
}

// by reports whether one of the people acted on t after a moment.
func (t *kept) by(people []directory.UserID, after time.Time) bool {
	return slices.ContainsFunc(t.acts, func(a acted) bool { return has(people, a.user) && a.at.After(after) })
}

// matches is the filter in plain words. work are the tasks that wait for people, by person.
func (t *kept) matches(w *world, f TaskFilter, work map[directory.UserID][]task.ID) bool {
	pending := t.State == task.Open && t.Processing == task.Waiting && (t.step == "APPROVAL" || t.step == "PROVISION") &&
		(t.kind != "webhook" || t.Outcome == task.Failed)
	var a app.Account
	for _, one := range w.accounts {
		if one.AppID == t.App && one.ID == t.Account {
			a = one
		}
	}
	waits := func(people []directory.UserID) bool {
		return slices.ContainsFunc(people, func(u directory.UserID) bool { return has(work[u], t.ID) })
	}
	ends := slices.Concat(f.GrantEnds, f.RevokeEnds, f.CertifyEnds)
	ended := map[task.Kind][]task.Outcome{task.Grant: f.GrantEnds, task.Revoke: f.RevokeEnds, task.Certify: f.CertifyEnds}
	number, notNumber := strconv.ParseInt(f.Query, 10, 64)
	mine := f.Own == "" || t.Party(f.Own) || t.by([]directory.UserID{f.Own}, time.Time{}) || waits(only(f.Own))
	return (f.IncludeDeleted || t.DeletedAt.IsZero()) &&
		(f.Query == "" || strings.Contains(t.search, db.Fold(f.Query)) || notNumber == nil && number == t.Number) &&
		among(f.IDs, t.ID) && without(f.ExcludeIDs, t.ID) && among(f.Kinds, t.Kind) &&
		among(f.Reviews, t.Source.Review) && among(f.States, t.State) &&
		(f.Step == "" || f.Step == t.step) && (len(f.Approvals) == 0 || t.step == "APPROVAL" && has(f.Approvals, policy.ApproverKind(t.kind))) &&
		(f.Emergency == nil || *f.Emergency == t.Emergency) && (f.Pending == nil || *f.Pending == pending) &&
		(!f.WantsReason || t.reason) && (!f.WantsDenial || t.denial) && (len(ends) == 0 || has(ended[t.Kind], t.Outcome)) &&
		(f.OutcomeAfter.IsZero() || !t.OutcomeAt.IsZero() && !t.OutcomeAt.Before(f.OutcomeAfter)) &&
		(f.OutcomeUntil.IsZero() || !t.OutcomeAt.IsZero() && t.OutcomeAt.Before(f.OutcomeUntil)) &&
		(f.CreatedAfter.IsZero() || !t.CreatedAt.Before(f.CreatedAfter)) && (f.CreatedUntil.IsZero() || t.CreatedAt.Before(f.CreatedUntil)) &&
		among(f.Subjects, t.Subject) && among(f.Openers, t.Opener) && (f.Party == "" || t.Party(f.Party)) &&
		(len(f.Workers) == 0 || waits(f.Workers) || !f.ActedOn.IsZero() && t.by(f.Workers, f.ActedOn)) &&
		(len(f.Assigned) == 0 || waits(f.Assigned)) && (f.Decider == "" || waits(only(f.Decider))) &&
		(len(f.Actors) == 0 || t.by(f.Actors, time.Time{})) && (f.Actor == "" || t.by(only(f.Actor), time.Time{})) &&
		among(f.Apps, t.App) && without(f.ExcludeApps, t.App) && among(f.Entitlements, t.Entitlement) &&
		without(f.ExcludeEntitlements, t.Entitlement) && among(f.Resources, t.Resource) && among(f.Types, t.ResourceType) &&
		without(f.ExcludeTypes, t.ResourceType) && among(f.Accounts, t.Account) && among(f.AccountOwners, a.UserID) &&
		among(f.AccountStatuses, a.Status) && among(f.AccountKinds, a.Kind) && (len(f.Employments) == 0 || has(f.Employments, "")) && mine
}

func among[T comparable](list []T, v T) bool   { return len(list) == 0 || has(list, v) }
func without[T comparable](list []T, v T) bool { return !has(list, v) }

// sorted brings tasks into an order, by plain comparison.
func sorted(list []*kept, by TaskSort) []*kept {
	out := slices.Clone(list)
	o := by.order()
	slices.SortFunc(out, func(a, b *kept) int {
		c := 0
		for i, v := range taskKey(o, a.taskRow) {
			other := taskKey(o, b.taskRow)[i]
			if m, err := strconv.ParseInt(v, 10, 64); err == nil && (o.columns[i] == "t.number" || o.columns[i] == "t.created_at") {
				n, _ := strconv.ParseInt(other, 10, 64)
				c = cmp.Compare(m, n)
			} else {
				c = strings.Compare(v, other)
			}
			if c != 0 {
				break
			}
		}
		if o.desc {
			return -c
		}
		return c
	})
	return out
}

func numbers[T any](list []T, of func(T) int64) string {
	out := make([]int64, len(list))
	for i, v := range list {
		out[i] = of(v)
	}
	return fmt.Sprint(out)
}

func (w *world) tasks(t testing.TB, f TaskFilter, by TaskSort, size int) []task.Task {
	return pages(t, size, func(r page.Request) (page.Page[task.Task], error) { return w.read.Tasks(w.ctx, f, by, r) })
}
