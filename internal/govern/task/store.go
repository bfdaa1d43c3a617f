package task

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// doc is what a task's row keeps beside its columns.
type doc struct {
	Source  Source          `json:"source,omitzero"`
	Data    json.RawMessage `json:"data,omitempty"`
	Names   Names           `json:"names,omitzero"`
	StepKey string          `json:"stepKey,omitempty"`
	Plan    []policy.Step   `json:"plan"`
	Opened  int             `json:"opened"`
	Spread  bool            `json:"spread,omitempty"`
	Auto    bool            `json:"auto,omitempty"`
	Asked   bool            `json:"asked,omitempty"`
	Current *Instance       `json:"current,omitempty"`
	History []Instance      `json:"history,omitempty"`
	GiveUp  time.Time       `json:"giveUpAt,omitzero"`
}

func (t Task) doc() (string, error) {
	d := doc{t.Source, t.Data, t.Names, t.StepKey, t.Plan, t.Opened, t.Spread, t.Auto, t.Asked, t.Current, t.History, t.GiveUpAt}
	b, err := json.Marshal(d) //nolint:musttag // references to entitlements have no tags; they are written as policies write them
	if err != nil {
		return "", fmt.Errorf("the document of task %s: %w", t.ID, err)
	}
	return string(b), nil
}

// Columns are the columns [Scan] reads, for packages that join tasks; alias is the table's alias with its dot, or empty.
func Columns(alias string) string {
	a := alias
	return a + `number, ` + a + `id, ` + a + `kind, ` + a + `state, ` + a + `processing, ` + a + `outcome, ` + a + `outcome_at, ` + a +
		`origin, ` + a + `app_id, ` + a + `entitlement_id, ` + a + `resource_id, ` + a + `resource_type_id, ` + a + `account_id, ` + a +
		`subject_id, ` + a + `opener_id, ` + a + `display_name, ` + a + `description, ` + a + `duration_micros, ` + a + `emergency, ` + a +
		`extension, ` + a + `parent_id, ` + a + `first_id, ` + a + `group_id, ` + a + `group_app_id, ` + a + `group_entitlement_id, ` + a +
		`policy_id, ` + a + `generation_id, ` + a + `grant_id, ` + a + `comments, ` + a + `doc, ` + a +
		`created_at, ` + a + `updated_at, ` + a + `deleted_at, ` + a + `version`
}

// Scan reads one row of [Columns], and whatever follows them into rest.
func Scan(r *db.Rows, rest ...any) (t Task, err error) {
	var outcomeAt, deletedAt *int64
	var duration, created, updated int64
	var text string
	if err = r.Scan(append([]any{
		&t.Number, &t.ID, &t.Kind, &t.State, &t.Processing, &t.Outcome, &outcomeAt, &t.Origin, &t.App, &t.Entitlement, &t.Resource,
		&t.ResourceType, &t.Account, &t.Subject, &t.Opener, &t.DisplayName, &t.Description, &duration, &t.Emergency, &t.Extension,
		&t.Parent, &t.First, &t.Group.ID, &t.Group.Members.AppID, &t.Group.Members.ID, &t.Policy, &t.Generation, &t.Grant,
		&t.Comments, &text, &created, &updated, &deletedAt, &t.Version,
	}, rest...)...); err != nil {
		return t, err
	}
	t.Duration, t.OutcomeAt, t.DeletedAt = time.Duration(duration)*time.Microsecond, clock.FromNull(outcomeAt), clock.FromNull(deletedAt)
	t.CreatedAt, t.UpdatedAt = clock.FromMicros(created), clock.FromMicros(updated)
	var d doc
	if err := json.Unmarshal([]byte(text), &d); err != nil { //nolint:musttag // as above
		return t, fmt.Errorf("the document of task %s: %w", t.ID, err)
	}
	t.Source, t.Data, t.Names, t.StepKey, t.Plan, t.Opened = d.Source, d.Data, d.Names, d.StepKey, d.Plan, d.Opened
	t.Spread, t.Auto, t.Asked, t.Current, t.History, t.GiveUpAt = d.Spread, d.Auto, d.Asked, d.Current, d.History, d.GiveUp
	return t, nil
}

func scan(r *db.Rows) (Task, error) { return Scan(r) }

// Get reads a task by its id, or by its number in base 10. NotFound if there is none.
func Get(q db.Q, ref string) (Task, error) { return get(q, ref, "") }

func get(q db.Q, ref, lock string) (Task, error) {
	where, key := `id = $1`, any(ref)
	if n, err := strconv.ParseInt(ref, 10, 64); err == nil {
		where, key = `number = $1`, n
	}
	t, err := db.One(q, scan, `select `+Columns("")+` from task where `+where+` and deleted_at is null`+lock, key)
	if errors.Is(err, db.ErrNoRows) {
		return Task{}, fault.Missing("task", ref)
	}
	return t, err
}

// Many reads tasks in no particular order, deleted ones too; unknown ids are left out. At most [db.MaxIn] ids.
func Many(q db.Q, ids []ID) ([]Task, error) {
	args := make([]any, len(ids))
	for i, one := range ids {
		args[i] = string(one)
	}
	return db.Collect(q, scan, `select `+Columns("")+` from task where id in `+db.In(len(ids), 1), args...)
}

// sorts are what lists of tasks are sorted and searched by beside their own columns.
type sorts struct{ search, account, resource, subject string }

// insert adds a task, which gets its number. Exists, naming the other in the details, where one of its kind is open already.
func insert(tx *db.Tx, t *Task, by sorts) error {
	text, err := t.doc()
	if err != nil {
		return err
	}
	args := insertArgs(*t, by, text)
	n, err := db.One(tx, func(r *db.Rows) (n int64, err error) { return n, r.Scan(&n) }, insertSQL+db.In(len(args), 1)+`
		on conflict (target, app_id, entitlement_id, kind) where state = 'OPEN' and origin <> 'TIME_REVOKE' do nothing returning number`, args...)
	if errors.Is(err, db.ErrNoRows) {
		switch other, err := same(tx, *t); {
		case err != nil:
			return err
		case other.id != "":
			return duplicate(other)
		}
		return fault.New(fault.Conflict, "another request for the same was open a moment ago; try again")
	}
	t.Number, t.Version = n, 1
	return err
}

const insertSQL = `insert into task (id, kind, target, origin, app_id, entitlement_id, resource_id, resource_type_id, account_id,
	subject_id, opener_id, display_name, description, search, account_sort, resource_sort, subject_sort, duration_micros, extension, parent_id,
	first_id, group_id, group_app_id, group_entitlement_id, review_id, created_at, doc, version, ` + movingColumns + `) values `

func insertArgs(t Task, by sorts, text string) []any {
	return slices.Concat([]any{
		string(t.ID), string(t.Kind), t.target(), string(t.Origin), string(t.App), string(t.Entitlement), string(t.Resource),
		string(t.ResourceType), string(t.Account), string(t.Subject), string(t.Opener), t.DisplayName, t.Description, by.search, by.account,
		by.resource, by.subject, t.Duration.Microseconds(), t.Extension, string(t.Parent), string(t.First), string(t.Group.ID),
		string(t.Group.Members.AppID), string(t.Group.Members.ID), t.Source.Review,
		clock.Micros(t.CreatedAt), text, 1,
	}, t.moving())
}

// target is of whom only one such task is open.
func (t Task) target() string {
	switch {
	case t.Group.there():
		return string(t.Group.Members.ID)
	case t.Account != "":
		return string(t.Account)
	}
	return string(t.Subject)
}

const movingColumns = `state, processing, outcome, outcome_at, emergency, policy_id, generation_id, grant_id, step_id, step, step_kind,
	tier, delegates, self, distinct_people, approval_reason, denial_reason, comments, due_at, updated_at`

// moving are the columns that say where a task stands.
func (t Task) moving() []any {
	var a policy.Approval
	var step, kind, tier string
	if i := t.Current; i != nil {
		tier = string(i.Tier)
		switch {
		case i.Step.Approval != nil:
			a = *i.Step.Approval
			step, kind = "APPROVAL", string(a.Kind)
		case i.Step.Provision != nil:
			step, kind = "PROVISION", string(i.Means.Kind)
		case i.Step.Wait != nil:
			step = "WAIT"
		}
	}
	return []any{
		string(t.State), string(t.Processing), string(t.Outcome), moment(t.OutcomeAt), t.Emergency, string(t.Policy), string(t.Generation),
		string(t.Grant), string(t.Step()), step, kind, tier, a.AllowDelegation && a.Kind != policy.Self,
		a.AllowSelfApproval || a.Kind == policy.Self && tier == string(Named), a.RequireDistinctApprovers && a.Kind != policy.Self,
		a.RequireApprovalReason, a.RequireDenialReason, t.Comments, moment(t.DueAt()), clock.Micros(t.UpdatedAt),
	}
}

// moment is a time to bind that can be compared; nil for none.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return clock.Micros(t)
}

// savedColumns are those that change after a task was made, beside its document, as an update names them.
var savedColumns = func() (list []string) {
	for name := range strings.SplitSeq(`account_id, duration_micros, `+movingColumns, ",") {
		list = append(list, `, `+strings.TrimSpace(name)+` = $`)
	}
	return list
}()

func (t Task) saved() []any {
	return append([]any{string(t.Account), t.Duration.Microseconds()}, t.moving()...)
}

// saveSQL writes what is different in t than before, over the version that was read. What stays as it was is not named: of the indexes of
// a task an update touches those of the columns that it names, whether or not their values change.
func saveSQL(before, t Task) (sql string, args []any, err error) {
	text, err := t.doc()
	old, now := before.saved(), t.saved()
	set := append(make([]byte, 0, 512), `update task set doc = $3`...)
	args = append(make([]any, 0, 3+len(now)), string(t.ID), t.Version, text)
	for i, column := range savedColumns {
		if old[i] != now[i] {
			args = append(args, now[i])
			set = strconv.AppendInt(append(set, column...), int64(len(args)), 10)
		}
	}
	return string(set) + `, version = version + 1 where id = $1 and version = $2`, args, err
}

// saveLocked is save for a task that was locked when it was read, with which nobody else can have been faster.
func saveLocked(tx *db.Tx, before Task, t *Task) error {
	sql, args, err := saveSQL(before, *t)
	if err != nil {
		return err
	}
	tx.Queue(sql, args...)
	t.Version++
	return nil
}

// save writes where t stands over the version that was read. Conflict if somebody was faster.
func save(tx *db.Tx, before Task, t *Task) error {
	sql, args, err := saveSQL(before, *t)
	if err != nil {
		return err
	}
	n, err := tx.Exec(sql, args...)
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "the task was changed by someone else; read it again")
	}
	t.Version++
	return err
}

// same is the open task by which the same is asked for: through the same account, or by somebody before they had it. None: no id. The
// kind, a constant, stands in the statement: of one that an index names, SQLite would prepare a parameter anew each time.
func same(q db.Q, t Task) (numbered, error) {
	found, err := db.Collect(q, func(r *db.Rows) (n numbered, err error) { return n, r.Scan(&n.id, &n.number) },
		`select id, number from task where target in ($1, $2) and app_id = $3 and entitlement_id = $4 and kind = '`+string(t.Kind)+`'
			and state = 'OPEN' and origin <> 'TIME_REVOKE' order by number limit 1`,
		t.target(), string(t.Subject), string(t.App), string(t.Entitlement))
	if err != nil || len(found) == 0 {
		return numbered{}, err
	}
	return found[0], nil
}

// duplicate is the refusal of a task of which another is open. Upstream's words; cone looks for them.
func duplicate(other numbered) error {
	f := fault.New(fault.Exists, "duplicate ticket found")
	return f.With(fault.Detail{Reason: "DUPLICATE_TASK", Metadata: map[string]string{"taskId": string(other.id)}})
}
