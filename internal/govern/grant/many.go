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
	kind   string
	grants []held // as they are afterwards
}

// move lets many grants, at most 500, take a step at once: one statement for each form of it, an event for each grant, and the
// operations that they ask for. Those that the step leaves alone are passed over. The grants have been loaded in tx.
func (s *Service) move(tx *db.Tx, actor audit.Actor, grants []held, next func(Grant) (Grant, Effect), now time.Time) ([]held, error) {
	groups, order := map[string]*moved{}, []string{}
	calls := map[provision.Kind][]held{}
	var sources []ID
	var all, lost []held
	var steps []Step
	tells := s.tells()
	for _, h := range grants {
		after, effect := next(h.Grant)
		if effect.Kind == "" {
			continue
		}
		if h.Derived > 0 && after.Derived == 0 {
			sources = append(sources, h.ID)
		}
		if tells && over(h.Grant, after) {
			lost = append(lost, held{Grant: after, User: h.User})
		}
		name := form(h.Grant, after, effect.Kind)
		if groups[name] == nil {
			groups[name], order = &moved{kind: effect.Kind}, append(order, name)
		}
		h.Grant = after
		groups[name].grants, all = append(groups[name].grants, h), append(all, h)
		steps = append(steps, Step{after, effect.Kind, h.User})
		calls[effect.Call] = append(calls[effect.Call], h)
	}
	if err := endSources(tx, sources, now); err != nil {
		return nil, err
	}
	for _, name := range order {
		if err := s.writeMoved(tx, actor, *groups[name], writes[name], now); err != nil {
			return nil, err
		}
		if err := s.tell(tx, *groups[name], now); err != nil {
			return nil, err
		}
	}
	for _, kind := range []provision.Kind{provision.Grant, provision.Revoke} {
		if err := s.Provision.Replace(tx, kind, orders(calls[kind]), now); err != nil {
			return nil, err
		}
	}
	if err := s.tellEnded(tx, lost); err != nil {
		return nil, err
	}
	return all, s.watched(tx, now, steps...)
}

func (s *Service) writeMoved(tx *db.Tx, actor audit.Actor, m moved, write string, now time.Time) error {
	if write != "" {
		list := make([]ID, len(m.grants))
		for i, h := range m.grants {
			list[i] = h.ID
		}
		tx.Queue(`update grants set `+write+`, updated_at = $1, version = version + 1 where id in `+db.In(len(list), 2),
			bind(list, us(now))...)
	}
	events := make([]audit.Event, len(m.grants))
	for i, h := range m.grants {
		events[i] = event(h.Grant, m.kind, h.User)
	}
	return s.Audit.RecordAll(tx, actor, events)
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
