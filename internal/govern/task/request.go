package task

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// Ask is what somebody asks for.
type Ask struct {
	App         app.ID
	Entitlement app.EntitlementID
	Subject     directory.UserID // whose access; may be empty where Account is set
	Account     app.AccountID    // through which; empty: the subject's, or one that is made when access is given
	Group       Group            // instead of both: the group whose members are to have the access together
	Description string           // at most MaxDescription characters
	Origin      Origin           // empty: ByAPI
	Source      Source
	Parent      ID
	Bound       bool // the caller may ask only for what the subject finds in a catalog, or for a group, what they find themself
	Ticket      bool // a ticket is named with it

	// Of a request for access.
	Duration  time.Duration // 0: the longest that the entitlement allows, without end where it allows that
	Endless   bool          // without end, and not at all where the entitlement does not allow that
	Emergency bool
	Extension bool            // of what is held already
	Data      json.RawMessage // a JSON object of at most MaxData bytes; nil: none
}

// RequestGrant asks for access for somebody. Invalid for what is missing or over a limit, and in upstream's words for a duration over
// what the entitlement allows; NotFound for an entitlement, account or user that is not there; Precondition for a subject who is not
// enabled, an emergency that the entitlement does not allow, and an extension of what is not held; Exists, naming the task in its
// details, where the same is asked for already. Who may ask for whom, and for what, is judged by the doors.
func (s *Service) RequestGrant(ctx context.Context, a Ask) (Task, error) {
	return s.request(ctx, Grant, a)
}

// RequestRevoke asks that access is taken. Faults as for [Service.RequestGrant]; NotFound also where it is not held.
func (s *Service) RequestRevoke(ctx context.Context, a Ask) (Task, error) {
	a.Duration, a.Emergency, a.Extension, a.Data, a.Group = 0, false, false, nil, Group{}
	return s.request(ctx, Revoke, a)
}

func (s *Service) request(ctx context.Context, kind Kind, a Ask) (Task, error) {
	p, _, err := s.prepare(ctx, kind, a)
	if err == nil {
		err = s.once(ctx, p.Task)
	}
	if err != nil {
		return Task{}, err
	}
	return alone(s.create(ctx, []prepared{p}, nil))
}

// alone is the task that was made alone.
func alone(made []Task, err error) (Task, error) {
	if err != nil {
		return Task{}, err
	}
	return made[0], nil
}

// prepared is a task that is about to be made, and what it begins with.
type prepared struct {
	Task

	by    sorts
	begin Created
}

// prepare finds everything that a task begins with, and what it stands on.
func (s *Service) prepare(ctx context.Context, kind Kind, a Ask) (p prepared, g ground, err error) {
	if a.Source.Via.ID == "" {
		if a, err = s.instead(ctx, kind, a); err != nil {
			return p, g, err
		}
	}
	if g, err = s.offer(ctx, kind, a); err != nil {
		return p, g, err
	}
	if p.Task, p.by, err = s.draft(ctx, kind, a, &g); err != nil {
		return p, g, err
	}
	if p.Data, err = s.fillIn(ctx, g, p.Task); err != nil {
		return p, g, err
	}
	p.begin = Created{By: Who{User: p.Opener}, Defaults: g.defaults.FromApp}
	p.begin.Plan, err = s.plan(ctx, g, p.Task)
	return p, g, err
}

// once refuses what somebody asked for before they had the account through which they ask for it now; of what is asked for through the
// same account one task is open by a unique index.
func (s *Service) once(ctx context.Context, t Task) error {
	if t.Kind != Grant || t.Account == "" || t.Subject == "" {
		return nil
	}
	other, err := same(s.DB.Q(ctx), t)
	if err == nil && other.id != "" {
		err = duplicate(other)
	}
	return err
}

// create makes tasks, all or none, and has them take their first steps. Also is done in the same transaction.
func (s *Service) create(ctx context.Context, list []prepared, also func(tx *db.Tx, made []Task) error) ([]Task, error) {
	actor, after := audit.From(ctx), make([]Task, len(list))
	err := s.writeMany(ctx, len(list), func(tx *db.Tx, known func(ID) *known) error {
		now, turns := s.Clock.Now(), make([]*turn, len(list))
		for n, p := range list {
			v := &turn{Service: s, tx: tx, actor: actor, now: now, known: known(p.ID), t: p.Task}
			v.t.CreatedAt = now
			if err := v.apply(p.begin); err != nil {
				return err
			}
			if err := insert(tx, &v.t, p.by); err != nil {
				return err
			}
			turns[n], after[n] = v, v.t
		}
		if also != nil {
			if err := also(tx, after); err != nil {
				return err
			}
		}
		return s.restOf(tx, actor, turns)
	})
	return after, err
}

// draft makes a task of what is asked for, without its plan, on its ground, to which it adds the people.
func (s *Service) draft(ctx context.Context, kind Kind, a Ask, g *ground) (Task, sorts, error) {
	if err := errors.Join(checkText("description", a.Description, MaxDescription), checkData(a.Data)); err != nil {
		return Task{}, sorts{}, err
	}
	q, now, e := s.DB.Q(ctx), s.Clock.Now(), g.of
	t := Task{
		ID: ID(id.New(now)), Kind: kind, Origin: a.Origin, App: a.App, Entitlement: a.Entitlement, Resource: e.ResourceID,
		ResourceType: e.TypeID, Subject: a.Subject, Account: a.Account, Group: a.Group, Opener: directory.UserID(audit.From(ctx).UserID),
		Description: a.Description, Duration: a.Duration, Emergency: a.Emergency, Extension: a.Extension, Source: a.Source, Data: a.Data,
		Parent: a.Parent, CreatedAt: now, DisplayName: e.DisplayName,
	}
	t.Names = Names{App: g.in.DisplayName, Entitlement: e.DisplayName, Opener: audit.From(ctx).Name}
	if t.Origin == "" {
		t.Origin = ByAPI
	}
	by := sorts{resource: app.SortName(e.DisplayName)}
	about := g.about
	if a.Group.there() {
		about = s.aboutGroup
	}
	if err := about(q, &t, &by); err != nil {
		return Task{}, sorts{}, err
	}
	if kind == Grant {
		if err := s.configure(q, g, t); err != nil {
			return Task{}, sorts{}, err
		}
		if err := g.permits(a); err != nil {
			return Task{}, sorts{}, err
		}
		switch {
		case a.Endless:
			t.Duration = 0
		case t.Duration == 0:
			t.Duration = g.defaults.Duration
		}
		if err := checkDuration("grantDuration", t.Duration, g.defaults.Max, now); err != nil {
			return Task{}, sorts{}, err
		}
	}
	if kind == Revoke || t.Extension {
		if err := held(q, t); err != nil {
			return Task{}, sorts{}, err
		}
	}
	var err error
	t.GiveUpAt, err = s.giveUpAt(q, kind, now)
	return t, by, err
}

// giveUpAt is until when a task may wait that begins now: requests for access as the settings say. A revocation waits for as long as it
// takes, because to give up on it would leave the access.
func (s *Service) giveUpAt(q db.Q, kind Kind, now time.Time) (time.Time, error) {
	if kind != Grant || s.Offers == nil {
		return time.Time{}, nil
	}
	longest, err := s.Offers.LongestWait(q)
	if err != nil || longest == 0 {
		return time.Time{}, err
	}
	return now.Add(longest), nil
}

// about fills in whose access it is, and through which account.
func (g *ground) about(q db.Q, t *Task, by *sorts) error {
	if t.Account != "" {
		a, err := app.GetAccount(q, t.App, t.Account)
		g.account = a
		switch {
		case err != nil:
			return err
		case t.Subject != "" && t.Subject != a.UserID:
			return fault.InvalidField("appUserId", "is not an account of that user")
		}
		t.Subject, by.account, t.Names.Subject = a.UserID, app.SortName(a.DisplayName), a.DisplayName
	}
	if t.Subject == "" {
		if t.Account == "" {
			return fault.New(fault.Invalid, "user_id is required")
		}
		by.search = db.Fold(t.Names.Entitlement + " " + t.Names.App + " " + t.Names.Subject + " " + t.Description)
		return nil
	}
	u, err := directory.Get(q, t.Subject)
	g.subject = u
	switch {
	case err != nil:
		return err
	case u.Status == directory.Deleted:
		return fault.Missing("user", string(t.Subject))
	case u.Status != directory.Enabled && t.Kind == Grant:
		return fault.New(fault.Precondition, "the user is disabled")
	}
	if t.Account == "" {
		if err := g.accountOf(q, t, by); err != nil {
			return err
		}
	}
	t.Names.Subject, by.subject = u.DisplayName, app.SortName(u.DisplayName)
	by.search = db.Fold(t.Names.Entitlement + " " + t.Names.App + " " + u.DisplayName + " " + u.Email + " " + t.Description)
	return nil
}

// accountOf finds the subject's account in the app: for a revocation the one that holds the entitlement, else the first enabled one.
// There may be none yet.
func (g *ground) accountOf(q db.Q, t *Task, by *sorts) error {
	const of = ` from account a where a.user_id = $1 and a.app_id = $2 and a.deleted_at is null`
	first := func(sql string, args ...any) (app.Account, error) {
		return db.One(q, app.ScanAccount, `select `+app.AccountColumns("a.")+of+sql+` limit 1`,
			append([]any{string(t.Subject), string(t.App)}, args...)...)
	}
	err := db.ErrNoRows
	if t.Kind == Revoke || t.Extension {
		g.account, err = first(` and exists (select 1 from grants g where g.app_id = a.app_id and g.account_id = a.id
			and g.entitlement_id = $3 and g.ended_at is null) order by a.id`, string(t.Entitlement))
	}
	if errors.Is(err, db.ErrNoRows) {
		g.account, err = first(` order by case when a.status = 'ENABLED' then 0 else 1 end, a.id`)
	}
	if errors.Is(err, db.ErrNoRows) {
		return nil
	}
	t.Account, by.account = g.account.ID, app.SortName(g.account.DisplayName)
	return err
}

// held refuses to take, or to extend, what is not held.
func held(q db.Q, t Task) error {
	var n int
	err := q.Row(`select count(*) from grants where app_id = $1 and entitlement_id = $2 and account_id = $3 and ended_at is null
		and ending_at is null`, string(t.App), string(t.Entitlement), string(t.Account)).Scan(&n)
	switch {
	case err != nil || n > 0:
		return err
	case t.Extension:
		return fault.New(fault.Precondition, "there is no grant to extend")
	default:
		return fault.New(fault.NotFound, "grant not found: the account does not hold the entitlement")
	}
}

// Dry is what would become of a request.
type Dry struct {
	Task     Task // as it would be, without a number
	Plan     Plan
	Steps    []DryStep
	Warnings []string // in words for people
}

// DryStep is who would decide one step of the plan if it opened now.
type DryStep struct {
	Index int
	Resolution
	Error string // an expression cannot be worked out
	Skip  bool   // an expression named nobody
}

// DryRun says what would become of a request for access, and changes nothing. Faults as for [Service.RequestGrant]; a request that is
// open already is a warning.
func (s *Service) DryRun(ctx context.Context, kind Kind, a Ask) (Dry, error) {
	p, g, err := s.prepare(ctx, kind, a)
	if err != nil {
		return Dry{}, err
	}
	q, now, t := s.DB.Q(ctx), s.Clock.Now(), p.Task
	facts, d := s.policyFacts(g, t), Dry{Task: t, Plan: p.begin.Plan}
	switch other, err := same(q, t); {
	case err != nil:
		return Dry{}, err
	case other.id != "":
		d.Warnings = append(d.Warnings, "the same is asked for already: task #"+strconv.FormatInt(other.number, 10))
	}
	for n, step := range d.Plan.Steps {
		i := &Instance{Index: n, Step: step, State: Init}
		switch {
		case step.Provision != nil:
			i.Means, i.Target = ParseMeans(step.Provision.Doc), app.EntitlementRef{AppID: t.App, ID: t.Entitlement}
			if i.Means.Kind != "manual" {
				continue
			}
		case step.Approval == nil || step.Approval.Kind == "webhook":
			continue
		}
		one := DryStep{Index: n}
		var named []directory.UserID
		if p := step.Approval; p != nil && len(p.Expressions) > 0 {
			named, err = s.Policies.Approvers(ctx, p.Expressions, facts)
			if one.Error, err = words(err); err != nil {
				return Dry{}, err
			}
			one.Skip = one.Error == "" && len(named) == 0
		}
		if one.Resolution, err = s.answer(q, t.Question(i, named), now); err != nil {
			return Dry{}, err
		}
		d.warn(one)
		d.Steps = append(d.Steps, one)
	}
	return d, nil
}

func (d *Dry) warn(s DryStep) {
	step := "step " + strconv.Itoa(s.Index+1)
	switch {
	case s.Error != "":
		d.Warnings = append(d.Warnings, step+": "+s.Error)
	case s.Skip:
		d.Warnings = append(d.Warnings, step+" would be skipped: its expression names nobody")
	case s.Tier == Nobody:
		d.Warnings = append(d.Warnings, step+": nobody would be eligible to decide")
	case s.Tier == Admins:
		d.Warnings = append(d.Warnings, step+": only Super Administrators would be eligible to decide")
	}
}

// offboarding is the task that a person's offboarding is.
func offboarding(ctx context.Context, a Ask, now time.Time) Task {
	t := Task{
		ID: ID(id.New(now)), Kind: Offboarding, Origin: a.Origin, Subject: a.Subject, Opener: directory.UserID(audit.From(ctx).UserID),
		Description: a.Description, Source: a.Source, CreatedAt: now, DisplayName: "Offboarding", Names: Names{Opener: audit.From(ctx).Name},
	}
	if t.Origin == "" {
		t.Origin = ByAPI
	}
	return t
}
