package delegation

import (
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// OpenSQL is the condition that a delegation covers a moment: Covers in SQL. alias is the table's alias with its dot; the two ? stand
// for the moment. It implies the conditions of the indexes delegation_for and delegation_by.
func OpenSQL(alias string) string {
	return alias + "deleted_at is null and " + alias + "closed_at is null and " + alias + "from_at <= ? and (" +
		alias + "until_at is null or " + alias + "until_at > ?)"
}

// Answering works out who may answer where the people are asked, at a moment that is not past, for steps that allow delegation; see
// the function of that name. Two statements for each 500 people. Nobody is there for those who are not enabled.
func (s *Service) Answering(q db.Q, persons []directory.UserID, at time.Time) (map[directory.UserID][]Stand, error) {
	var able []directory.UserID
	for _, chunk := range db.Chunks(persons) {
		list, err := enabled(q, chunk)
		if err != nil {
			return nil, err
		}
		able = append(able, list...)
	}
	answering, err := s.StandIns(q, able, at)
	if err != nil {
		return nil, err
	}
	for _, p := range able {
		if answering[p] == nil {
			answering[p] = []Stand{{For: p, User: p}}
		}
	}
	return answering, nil
}

// StandIns is Answering for people who are known to be enabled, without those who answer for themselves alone. One statement for each
// 500 people.
func (*Service) StandIns(q db.Q, persons []directory.UserID, at time.Time) (map[directory.UserID][]Stand, error) {
	answering := map[directory.UserID][]Stand{}
	for _, chunk := range db.Chunks(persons) {
		windows := map[directory.UserID][]Delegation{}
		sql, args := answeringSQL(chunk, at)
		list, err := db.Collect(q, scan, sql, args...)
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			windows[d.Delegator] = append(windows[d.Delegator], d)
		}
		able := func(directory.UserID) bool { return true } // the delegates are, or their windows were not read
		for p, own := range windows {
			answering[p] = Answering(p, own, able, at)
		}
	}
	return answering, nil
}

// answeringSQL reads the open windows of the people whose delegate is enabled.
func answeringSQL(persons []directory.UserID, at time.Time) (string, []any) {
	w := &db.Where{}
	w.In("d.delegator", persons)
	open(w, at)
	sql, args := w.SQL()
	return `select ` + columns("d.") + ` from delegation d join users u on u.id = d.delegate and u.status = 'ENABLED'` + sql, args
}

// StandsInFor reads the delegations by which a user answers for others at a moment that is not past: open windows of enabled people,
// oldest first. None for a user who is not enabled. Which of them matter to a step that is open already is the step's to say: a
// REASSIGN acts when a step opens.
func (s *Service) StandsInFor(q db.Q, user directory.UserID, at time.Time) ([]Delegation, error) {
	sql, args := standsInSQL(user, at)
	return db.Collect(q, scan, sql, args...)
}

func standsInSQL(user directory.UserID, at time.Time) (string, []any) {
	w := &db.Where{}
	w.And("d.delegate = ?", string(user))
	open(w, at)
	sql, args := w.SQL()
	return `select ` + columns("d.") + ` from delegation d join users u on u.id = d.delegator and u.status = 'ENABLED'
		join users me on me.id = d.delegate and me.status = 'ENABLED'` + sql + ` order by d.id`, args
}

// Delegates reads who answers instead of whom at a moment, for showing it: the delegates of open REASSIGN windows, enabled or not.
func Delegates(q db.Q, users []directory.UserID, at time.Time) (map[directory.UserID]directory.UserID, error) {
	delegates := map[directory.UserID]directory.UserID{}
	for _, chunk := range db.Chunks(users) {
		sql, args := delegatesSQL(chunk, at)
		type edge struct{ from, to directory.UserID }
		edges, err := db.Collect(q, func(r *db.Rows) (e edge, err error) { return e, r.Scan(&e.from, &e.to) }, sql, args...)
		if err != nil {
			return nil, err
		}
		for _, e := range edges {
			delegates[e.from] = e.to
		}
	}
	return delegates, nil
}

func delegatesSQL(users []directory.UserID, at time.Time) (string, []any) {
	w := &db.Where{}
	w.And("d.mode = 'REASSIGN'")
	w.In("d.delegator", users)
	open(w, at)
	sql, args := w.SQL()
	return `select d.delegator, d.delegate from delegation d` + sql, args
}

func open(w *db.Where, at time.Time) { w.And(OpenSQL("d."), clock.Micros(at), clock.Micros(at)) }

// enabled reads which of the users are enabled.
func enabled(q db.Q, users []directory.UserID) ([]directory.UserID, error) {
	w := &db.Where{}
	w.In("id", users)
	w.And("status = 'ENABLED'")
	sql, args := w.SQL()
	return db.Collect(q, func(r *db.Rows) (u directory.UserID, err error) { return u, r.Scan(&u) }, `select id from users`+sql, args...)
}
