package automation

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

const (
	askAtOnce  = 100  // people about whom one pass has somebody asked; the others come with the next, right after
	noteAtOnce = 1000 // people about whom one pass does what takes no question
	fewPeople  = 20   // about whom one transaction does what takes no question
)

// Why a task is withdrawn, for people.
const (
	goneAgain = "no longer enrolled"
	backAgain = "enrolled again"
	unasked   = "nobody has to be asked any more"
)

// person is whom a verdict is about.
type person struct {
	verdict

	user  directory.UserID
	hold  holder // through which they have it; zero: they do not
	asked *asked
	given *asked // by another binding
	why   string // of a task that is withdrawn
}

// council is what a pass found that it does about people beside giving and taking.
type council struct {
	people  []person
	have    int  // who has it, without those about whom somebody is asked whether it is to be taken
	lost    int  // of those, who are to lose it
	waiting bool // something is to be decided yet
}

// deliberate parts what a pass does at once from what people are to be asked about: p is left with the former. Nothing is changed.
func (k Keeper) deliberate(q db.Q, p *pass) (c council, err error) {
	if len(p.asked) == 0 && p.mode.ask == (Asking{}) {
		c.have, c.lost = len(p.have), len(p.surplus())
		return c, nil
	}
	stands, err := k.stands(q, p)
	if err != nil {
		return c, err
	}
	p.have, p.should.users = nil, maps.Clone(p.should.users)
	for _, user := range slices.Sorted(maps.Keys(stands)) {
		f := stands[user]
		v := p.mode.decide(f.stand)
		c.waiting = c.waiting || f.asked != nil && !v.forget || v.do == take
		counted := f.asked == nil || !f.asked.taking
		if counted {
			c.have += len(f.list)
		}
		if counted && !f.should && (v.do == plain || v.do == take) {
			c.lost += max(1, len(f.list))
		}
		if v.do == plain {
			p.have = append(p.have, f.list...)
			if f.should && f.asked != nil && !f.asked.until.IsZero() && p.mode.ask.Giving {
				p.should.users[user] = clock.Sooner(p.should.users[user], f.asked.until)
			}
		} else {
			delete(p.should.users, user)
		}
		if v != (verdict{}) && v != (verdict{do: plain}) {
			c.people = append(c.people, person{v, user, f.hold(p), f.asked, f.agreed, f.why(p.mode)})
		}
	}
	return c, nil
}

// found is how somebody stands, and the accounts through which they have it.
type found struct {
	stand

	list []holder
}

// hold is the account that is asked about: one through which they have it still, where there is one.
func (f found) hold(p *pass) (h holder) {
	if len(f.list) > 0 {
		h = f.list[max(0, slices.IndexFunc(f.list, func(h holder) bool { return !p.lapsed(h) }))]
	}
	return h
}

func (f found) why(m mode) string {
	switch {
	case f.asked != nil && f.asked.taking && f.should:
		return backAgain
	case f.should:
		return unasked
	case f.asked != nil && f.asked.taking && m.loss == Left:
		return unasked
	default:
		return goneAgain
	}
}

// crowd is how people stand.
type crowd map[directory.UserID]*found

func (c crowd) at(u directory.UserID) *found {
	if c[u] == nil {
		c[u] = &found{}
	}
	return c[u]
}

// gather is how all stand who should have it, have it, or were asked about, as far as the pass knows, and the tasks by which they were.
func (p *pass) gather() (c crowd, tasks []string) {
	c = crowd{}
	for u := range p.should.users {
		f := c.at(u)
		f.should, f.since = true, p.should.since[u]
	}
	for _, h := range p.have { // of nobody, too: nobody is asked about them
		f, over := c.at(h.user), p.lapsed(h)
		f.list = append(f.list, h)
		f.lapsed, f.has, f.other = !f.has && over, f.has || !over, f.other || h.other && !over
	}
	for n := range p.asked {
		a := &p.asked[n]
		if c.at(a.user).asked = a; a.task != "" {
			tasks = append(tasks, a.task)
		}
	}
	return c, tasks
}

// stands is how all stand whom the pass is about.
func (k Keeper) stands(q db.Q, p *pass) (crowd, error) {
	c, tasks := p.gather()
	is, err := k.standings(q, tasks)
	if err != nil {
		return nil, err
	}
	var unsure, gone []directory.UserID
	for u, f := range c {
		if f.asked != nil {
			f.is = is[f.asked.task]
		}
		if !f.has && (f.should && p.mode.ask.Giving || f.asked != nil) {
			unsure = append(unsure, u)
		}
		if !f.should {
			gone = append(gone, u)
		}
	}
	if err := k.otherwise(q, p, c, unsure); err != nil {
		return nil, err
	}
	enabled, err := enabledOf(q, gone)
	for u, f := range c {
		f.enabled = enabled[u]
	}
	return c, err
}

// otherwise adds what some hold who do not hold it by this way.
func (k Keeper) otherwise(q db.Q, p *pass, c crowd, unsure []directory.UserID) error {
	holds, err := heldBy(q, p.of, unsure)
	if err != nil {
		return err
	}
	given, err := k.agreedOtherwise(q, p, slices.Collect(maps.Keys(holds)))
	for u, list := range holds {
		f := c[u]
		f.holds = true
		if a, ok := given[u]; ok && f.should {
			f.agreed = &a
		}
		if len(f.list) == 0 && (f.agreed != nil || !f.should && p.mode.loss == Revoked) {
			f.list = list
		}
	}
	return err
}

// agreedOtherwise is what some users hold since another binding was agreed about, and has not ended.
func (k Keeper) agreedOtherwise(q db.Q, p *pass, users []directory.UserID) (map[directory.UserID]asked, error) {
	given, err := givenOtherwise(q, p.by, users)
	if err != nil || len(given) == 0 {
		return nil, err
	}
	var tasks []string
	for _, a := range given {
		tasks = append(tasks, a.task)
	}
	is, err := k.standings(q, tasks)
	maps.DeleteFunc(given, func(_ directory.UserID, a asked) bool { return is[a.task] != Agreed || clock.Passed(a.until, p.now) })
	return given, err
}

func (k Keeper) standings(q db.Q, tasks []string) (map[string]Standing, error) {
	out := map[string]Standing{}
	if k.tasks == nil {
		return out, nil
	}
	for _, chunk := range db.Chunks(tasks) {
		is, err := k.tasks.Standings(q, chunk)
		if err != nil {
			return nil, err
		}
		maps.Copy(out, is)
	}
	return out, nil
}

// attend does what a pass decided about people, and says in out what came of it.
func (k Keeper) attend(ctx context.Context, p pass, c council, out *outcome) error {
	var rest, ask []person
	again := false
	for _, one := range c.people {
		if one.do == give || one.do == take {
			ask = append(ask, one)
		} else {
			rest = append(rest, one)
			again = again || one.blank || one.do == end || one.forget && one.do == nothing
		}
	}
	rest, cut := turnsOf(rest, noteAtOnce, p.now)
	done, err := inTurn(ctx, k, rest, fewPeople, func(tx *db.Tx, one person) error { return k.note(tx, p, one) })
	if err != nil {
		return err
	}
	out.refused += len(rest) - done
	out.more = done == len(rest) && (again || cut) // what fails is not tried again at once
	ask, err = k.heeded(ctx, p, ask)
	if err != nil {
		return err
	}
	ask, cut = turnsOf(ask, askAtOnce, p.now)
	for _, one := range ask {
		asked, err := k.propose(ctx, p, one)
		if err != nil {
			return err
		}
		if asked {
			out.asked++
		} else {
			out.refused++
		}
	}
	out.more = out.more || cut && out.asked > 0
	return nil
}

// turnsOf are so many people of a list, and whether others are left: other people at another time, so that those about whom nothing can be
// done do not keep the rest waiting for good.
func turnsOf(list []person, most int, now time.Time) ([]person, bool) {
	if len(list) <= most {
		return list, false
	}
	from := int(now.Unix()) % len(list)
	return slices.Concat(list[from:], list[:from])[:most], true
}

// note does what is to be done about somebody without a new question.
func (k Keeper) note(tx *db.Tx, p pass, one person) error {
	if one.withdraw && k.tasks != nil {
		if err := k.tasks.Withdraw(tx, p.by, []string{one.asked.task}, one.why); err != nil {
			return err
		}
	}
	key := p.by.grantOf(one.hold.account)
	switch one.do {
	case remember:
		return rememberAs(tx, p.by, asked{user: one.user, at: k.Clock.Now()}, "")
	case share:
		return k.share(tx, p, one)
	case end:
		has, err := passedTo(tx, p.by, []holder{one.hold})
		if err != nil || len(has) == 0 || !clock.Passed(has[0].until, k.Clock.Now()) {
			return err // another pass was faster, and it may have been given anew
		}
		if err := k.Grants.RemoveDerived(tx, audit.System(), key, p.via); err != nil {
			return err
		}
	case leave:
		if back, _, err := p.stillHolds(tx, one.hold); err != nil || back {
			return err // the next pass finds them back
		}
		if err := k.Grants.LeaveDerived(tx, audit.System(), key, p.via); err != nil {
			return err
		}
	case plain:
		if _, should := p.should.users[one.user]; one.forget && !should {
			if back, _, err := p.stillHolds(tx, one.hold); err != nil || back {
				return err // it was not taken from them, and what they were given it for still counts
			}
		}
	case nothing, give, take:
	}
	switch {
	case one.forget:
		forget(tx, p.by, one.user)
	case one.blank:
		blank(tx, p.by, one.user)
	}
	return nil
}

// share gives somebody what another binding was agreed about: they hold it for this one as well, no longer than was agreed to.
func (k Keeper) share(tx *db.Tx, p pass, one person) error {
	still, until, err := p.stillHolds(tx, one.hold)
	if err != nil || !still && p.still != nil {
		return err
	}
	old := ""
	if one.asked != nil {
		old = one.asked.task
	}
	if err := rememberAs(tx, p.by, asked{user: one.user, task: one.given.task, until: one.given.until, at: k.Clock.Now()}, old); err != nil {
		return err
	}
	return k.Grants.Keep(tx, audit.System(), p.by.grantOf(one.hold.account), p.via, clock.Sooner(until, one.given.until))
}

// stillHolds is [pass.still] where there is one.
func (p pass) stillHolds(tx *db.Tx, h holder) (bool, time.Time, error) {
	if p.still == nil {
		return false, time.Time{}, nil
	}
	return p.still(tx, h)
}

// heeded leaves out whom the target took it from again and again, see [heed].
func (k Keeper) heeded(ctx context.Context, p pass, list []person) ([]person, error) {
	var users []directory.UserID
	for _, one := range list {
		if one.do == give && one.asked != nil {
			users = append(users, one.user)
		}
	}
	yielded, err := yieldedBy(k.DB.Q(ctx), p, users)
	return slices.DeleteFunc(list, func(one person) bool { return one.do == give && yielded[one.user] }), err
}

// errOvertaken is the cause of a proposal that is not made, since something has changed meanwhile.
var errOvertaken = errors.New("overtaken")

// propose has people asked about somebody, and reports whether they are.
func (k Keeper) propose(ctx context.Context, p pass, one person) (bool, error) {
	if k.tasks == nil {
		return false, nil
	}
	proposal, old, row := Proposal{Binding: p.by, User: one.user}, "", asked{user: one.user, at: k.Clock.Now()}
	if one.do == take {
		proposal.Account, row.taking = one.hold.account, true
	}
	if one.asked != nil {
		old = one.asked.task
		row.until = one.asked.until
	}
	err := k.tasks.Propose(audit.With(ctx, audit.System()), proposal, func(tx *db.Tx, task string) error {
		row.task = task
		if err := k.stillAsks(tx, p, one.do); err != nil {
			return err
		}
		return rememberAs(tx, p.by, row, old)
	})
	f := fault.Of(err)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, errOvertaken), f.Code == fault.Conflict:
		return false, nil
	case f.Code == fault.Exists && one.do == give && len(f.Details) > 0: // somebody has asked for it: what comes of that counts
		row.task = f.Details[0].Metadata["taskId"]
		err = k.DB.Write(ctx, func(tx *db.Tx) error { return rememberAs(tx, p.by, row, old) })
		return true, overtaken(err)
	case f.Code == fault.Exists, one.asked != nil && one.asked.note == f.Message:
		return false, nil
	case f.Code != fault.Precondition && f.Code != fault.Denied && f.Code != fault.Invalid && f.Code != fault.NotFound:
		return false, err // of the moment
	}
	row.task, row.note = "", f.Message
	return false, overtaken(k.DB.Write(ctx, func(tx *db.Tx) error {
		if err := rememberAs(tx, p.by, row, old); err != nil {
			return err
		}
		e := p.by.event("enrollment.not_asked", audit.Update, "nobody can be asked about an enrollment: "+f.Message)
		e.UserID, e.Failed = string(one.user), true
		return k.Audit.Record(tx, audit.System(), e)
	}))
}

// overtaken leaves out of an error that another pass was faster.
func overtaken(err error) error {
	if errors.Is(err, errOvertaken) {
		return nil
	}
	return err
}

// stillAsks refuses to ask where the binding or rule is gone by now, or asks no more.
func (k Keeper) stillAsks(tx *db.Tx, p pass, about act) error {
	if p.by.Source == p.by.Destination {
		r, err := getRule(tx, p.of, "")
		if err == nil && r.Asks && !r.Paused {
			return nil
		}
		return errors.Join(errOvertaken, refused(err))
	}
	b, err := getAnyProxy(tx, p.by)
	if err == nil && b.DeletedAt.IsZero() && (about == give && b.Ask.Giving || about == take && b.Ask.Taking) {
		return nil
	}
	return errors.Join(errOvertaken, refused(err))
}
