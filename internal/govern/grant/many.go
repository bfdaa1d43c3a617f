package grant

import (
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/platform/db"
)

// heldColumns are what scanHeld reads of grants g, left joined with their account a and entitlement e.
var heldColumns = Columns("g.") + `, e.max_grant_micros, a.user_id`

const heldFrom = ` from grants g
	left join entitlement e on e.app_id = g.app_id and e.id = g.entitlement_id
	left join account a on a.app_id = g.app_id and a.id = g.account_id `

// load reads grants and keeps them from changing until the transaction ends. Whoever locks several does it in the order of their
// identities.
func load(tx *db.Tx, list []ID) ([]held, error) {
	if len(list) == 0 {
		return nil, nil
	}
	return db.Collect(tx, scanHeld, `select `+heldColumns+heldFrom+`where g.id in `+db.In(len(list), 1)+` order by g.id`+
		locking(tx, ""), bind(list)...)
}

// locking ends a select of grants g whose rows must not change until the transaction ends; how is "" or " skip locked".
func locking(tx *db.Tx, how string) string {
	if tx.Skip() == "" {
		return ""
	}
	return " for update of g" + how
}

// writes is what each step writes when it is taken by many grants at once: the assignments, with $1 for the moment of the step.
// They are what the step of that event does in rule.go, and are compared with it by test.
var writes = map[string]string{
	"grant.activated":                `state = 'active', active_at = $1, ` + seenBy,
	"grant.provisioned":              seenBy,
	"grant.removed":                  `state = 'ended', ended_at = $1, removed_at = $1`,
	"grant.abandoned":                `state = 'ended', ended_at = $1`,
	"grant.ended_on_time":            `state = 'ending', ` + ends + `, end_reason = 'EXPIRED'`,
	"grant.ended":                    `state = 'ending', ` + ends,
	"grant.direct_ended_on_time":     `direct = '', deprovision_at = null`,
	"grant.direct_removed_in_target": `direct = '', deprovision_at = null`,
	"grant.direct_removed, put back": `direct = '', deprovision_at = null, put_back = put_back + 1`,
	"grant.put_back":                 `put_back = put_back + 1`,
	"grant.removed_in_target":        removedInTarget,
	"grant.ended_on_time, no target": `state = 'ended', ` + ends + `, end_reason = 'EXPIRED', ended_at = $1`,
	"grant.ended, no target":         `state = 'ended', ` + ends + `, ended_at = $1`,
	"grant.abandoned, never in force": `state = 'ended', ended_at = $1, ending_at = $1, end_reason = 'CONNECTOR_DELETED', derived = 0,
		kept = 0, derived_until = null`,
	"grant.direct_removed, noted only": ``,
}

// ends is the end of a grant with the last of its sources, which all are past their ends.
var ends = `ending_at = ` + UntilSQL("") + `, derived = 0, kept = 0, derived_until = null`

const seenBy = `seen_at = case when seen_at > $1 then seen_at else $1 end`

const removedInTarget = `state = 'ended', end_reason = 'REMOVED_IN_TARGET', ending_at = $1, ended_at = $1, removed_at = $1,
	derived = 0, kept = 0, derived_until = null`

// form names what a step writes, for grants that share its event and differ in the rest.
func form(before, after Grant, kind string) string {
	switch {
	case kind == "grant.abandoned" && before.State == Pending:
		return "grant.abandoned, never in force"
	case kind == "grant.direct_removed":
		return "grant.direct_removed, noted only"
	case kind == "grant.direct_removed_in_target" && after.PutBack > before.PutBack:
		return "grant.direct_removed, put back"
	case after.State == Ended && (kind == "grant.ended" || kind == "grant.ended_on_time"):
		return kind + ", no target"
	default:
		return kind
	}
}

// moved are grants that took the same step.
type moved struct {
	kind  string
	form  string // its key in writes
	steps []Step // the grants as they are afterwards

	script db.Script // what is written of them
	expiry Expiry    // and what is written besides where their ends have come
}

// movement is a step that many grants take at once.
type movement struct {
	all     []held // as they are afterwards, without those that the step leaves alone
	groups  []*moved
	steps   []Step
	calls   map[provision.Kind][]held
	sources []ID   // whose derived sources end
	lost    []held // whose access was in force
}

// move lets many grants, at most 500, take a step at once: one statement for each form of it, an event for each grant, and the
// operations that they ask for. Those that the step leaves alone are passed over. The grants have been loaded in tx.
func (s *Service) move(tx *db.Tx, actor audit.Actor, grants []held, next func(Grant) (Grant, Effect), now time.Time) ([]held, error) {
	m := take(grants, next)
	if err := s.compose(tx, actor, m, now); err != nil {
		return nil, err
	}
	return m.all, s.carryOut(tx, m, now)
}

// take has grants take a step.
func take(grants []held, next func(Grant) (Grant, Effect)) movement {
	n, groups := len(grants), map[string]*moved{} // mostly all take the same step
	m := movement{calls: map[provision.Kind][]held{}, all: make([]held, 0, n), steps: make([]Step, 0, n)}
	for _, h := range grants {
		after, effect := next(h.Grant)
		if effect.Kind == "" {
			continue
		}
		if h.Derived > 0 && after.Derived == 0 {
			m.sources = append(m.sources, h.ID)
		}
		if over(h.Grant, after) {
			m.lost = append(m.lost, held{Grant: after, User: h.User})
		}
		name := form(h.Grant, after, effect.Kind)
		if groups[name] == nil {
			groups[name] = &moved{kind: effect.Kind, form: name, steps: make([]Step, 0, n-len(m.all))}
			m.groups = append(m.groups, groups[name])
		}
		h.Grant = after
		step := Step{after, effect.Kind, h.User}
		groups[name].steps, m.steps, m.all = append(groups[name].steps, step), append(m.steps, step), append(m.all, h)
		if m.calls[effect.Call] == nil {
			m.calls[effect.Call] = make([]held, 0, n-len(m.all)+1)
		}
		m.calls[effect.Call] = append(m.calls[effect.Call], h)
	}
	return m
}

// compose puts together what is written of a step, and reads with q what it takes.
func (s *Service) compose(q db.Q, actor audit.Actor, m movement, now time.Time) (err error) {
	for _, g := range m.groups {
		if s.notice != nil && (g.kind == OnTime || g.kind == DirectOnTime) {
			if g.expiry, err = s.notice.GrantsExpired(q, g.steps, now); err != nil {
				return err
			}
		}
		g.write(now)
		events := make([]audit.Event, len(g.steps))
		for i, one := range g.steps {
			events[i] = event(one.Grant, g.kind, one.User)
			if t := g.expiry.Tasks[one.ID]; t != "" {
				events[i].Data["taskId"] = t
			}
		}
		if err := s.Audit.RecordAll(&g.script, actor, events); err != nil {
			return err
		}
	}
	return nil
}

// write is the one statement that has all grants take the step. Those that end on time keep by which task that was; one that lives on by
// what else gives it has not ended.
func (g *moved) write(now time.Time) {
	write := writes[g.form]
	if write == "" {
		return
	}
	args := []any{us(now)}
	var from, which string
	if g.kind == OnTime && g.expiry.Tasks != nil {
		write += `, ended_task = v.column2`
		from, which = ` from (values `+db.Values(len(g.steps), 2, 2)+`) v`, `grants.id = v.column1`
		for _, h := range g.steps {
			args = append(args, h.ID, g.expiry.Tasks[h.ID])
		}
	} else {
		which = `id in ` + db.In(len(g.steps), 2)
		for _, h := range g.steps {
			args = append(args, h.ID)
		}
	}
	g.script.Queue(`update grants set `+write+`, updated_at = $1, version = version + 1`+from+` where `+which, args...)
}

// carryOut writes a step that was composed.
func (s *Service) carryOut(tx *db.Tx, m movement, now time.Time) error {
	if err := endSources(tx, m.sources, now); err != nil {
		return err
	}
	for _, g := range m.groups {
		g.script.Run(tx)
		if s.notice != nil {
			if err := s.notice.GrantsMoved(tx, g.steps, now); err != nil {
				return err
			}
		}
		if g.expiry.Write != nil {
			if err := g.expiry.Write(tx); err != nil {
				return err
			}
		}
	}
	for _, kind := range []provision.Kind{provision.Grant, provision.Revoke} {
		if err := s.Provision.Replace(tx, kind, orders(m.calls[kind]), now); err != nil {
			return err
		}
	}
	if err := s.tellEnded(tx, m.lost); err != nil {
		return err
	}
	return s.watched(tx, now, m.steps...)
}

// endSources ends the derived sources of grants that ended with all their sources.
func endSources(tx *db.Tx, of []ID, now time.Time) error {
	if len(of) == 0 {
		return nil
	}
	_, err := tx.Exec(`update grant_source set ended_at = $1 where ended_at is null and grant_id in `+db.In(len(of), 2),
		bind(of, us(now))...)
	return err
}
