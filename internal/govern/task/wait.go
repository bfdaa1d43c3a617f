package task

import (
	"time"

	"github.com/interim-access/interim/internal/govern/policy"
)

// Recheck is how long after the last look the condition of a wait is looked at again.
const Recheck = time.Minute

// wait begins a wait and reports whether it was over at once.
func (m *machine) wait() bool {
	i, w := m.Current, m.Current.Step.Wait
	i.State, m.Processing = Pending, Waiting
	if w.Timeout > 0 {
		i.TimeoutAt = m.now.Add(w.Timeout)
	}
	kind := WaitUntil
	switch {
	case w.Condition != "":
		kind, i.CheckAt = WaitBegan, m.now.Add(Recheck)
		defer m.do(Check{i.ID, w.Condition})
	case w.Until != nil:
		i.DueAt = nextTime(*w.Until, m.now)
	default:
		i.DueAt = m.now.Add(w.Duration)
	}
	m.audit(kind, system, w.CommentOnFirst, map[string]any{"name": w.Name, "until": shown(i.DueAt), "timeout": shown(i.TimeoutAt)})
	return false
}

// nextTime is when the time of day next comes after now. A zone that is not known is UTC; an hour that a change of clocks leaves out
// is the one after it.
func nextTime(c policy.ClockTime, now time.Time) time.Time {
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		zone = time.UTC
	}
	day := now.In(zone)
	at := time.Date(day.Year(), day.Month(), day.Day(), int(c.Hours), int(c.Minutes), 0, 0, zone)
	if !at.After(now) {
		at = time.Date(day.Year(), day.Month(), day.Day()+1, int(c.Hours), int(c.Minutes), 0, 0, zone)
	}
	return at.UTC()
}

// Reached says that a time of the task has come: an escalation, the end of a wait, a look at its condition, or that the request has
// waited for as long as it may. Of what has come meanwhile, the earliest happens first.
type Reached struct{}

func (Reached) apply(m *machine) error {
	i := m.Current
	if m.State != Open || i == nil {
		return nil
	}
	switch {
	case m.outwaited(m.now) && !earlier(i.next(), m.GiveUpAt):
		m.giveUp()
	case passed(i.TimeoutAt, m.now) && (!passed(i.DueAt, m.now) || i.DueAt.After(i.TimeoutAt)):
		w := i.Step.Wait
		m.audit(WaitTimedOut, system, w.CommentOnTimeout, map[string]any{"name": w.Name})
		m.leave(Result{Kind: Late, Text: w.CommentOnTimeout})
		m.end(TimedOut, system)
	case passed(i.DueAt, m.now) && i.Step.Wait != nil:
		m.waited(system, "")
	case passed(i.DueAt, m.now) && i.Step.Approval != nil:
		m.escalate()
	case passed(i.CheckAt, m.now):
		i.CheckAt = m.now.Add(Recheck)
		m.do(Check{i.ID, i.Step.Wait.Condition})
	}
	return nil
}

// giveUp closes a request that nobody decided in time. Upstream has no line of its own for it; the one of an approval that took too long
// comes nearest.
func (m *machine) giveUp() {
	text := "nobody decided within " + m.GiveUpAt.Sub(m.CreatedAt).Round(time.Second).String() + "; the request is closed"
	m.audit(Escalated, system, text, map[string]any{"kind": "expired", "giveUpAt": shown(m.GiveUpAt)})
	m.leave(Result{Kind: Late, Text: text})
	m.end(TimedOut, system)
}

func (m *machine) waited(by Who, text string) {
	m.audit(WaitOver, by, text, map[string]any{"name": m.Current.Step.Wait.Name})
	m.leave(Result{Kind: Succeeded, By: by.User, Text: text})
	m.forth()
}

// Checked says whether the condition of a wait holds. One that cannot be evaluated does not.
type Checked struct {
	Step  StepID
	Holds bool
	Error string
}

func (e Checked) apply(m *machine) error {
	if m.stale(e.Step) || m.Current.Step.Wait == nil {
		return nil
	}
	if e.Holds {
		m.waited(system, "")
	} else if e.Error != "" && m.Current.Error != e.Error { // not again at each look
		m.Current.Error = e.Error
		m.audit(ExpressionFailed, system, "", map[string]any{"error": e.Error})
	}
	return nil
}

// passed reports whether the moment is set and has come: intervals are half-open.
func passed(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }

// shown is a time as the history shows it, nil for none.
func shown(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Format(time.RFC3339Nano)
}
