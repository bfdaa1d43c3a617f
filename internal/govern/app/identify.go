package app

import (
	"context"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
)

// Identify notes on each account that a connector of the app reads now what the [Matching] of the directory says of it, which
// [Service.UpsertAccounts] goes by. Where the app is no directory, or one without a Matching, it does nothing.
//
// Expressions run here, outside of every transaction. All users are read once, [MaxBatch] at a time, and only the keys are remembered
// that an account has; step is called between the batches, and an error of it ends the work. What a user is when their account is
// written is looked at again there.
func (s *Service) Identify(ctx context.Context, appID ID, seen []SeenAccount, step func(ctx context.Context) error) error {
	in, err := GetApp(s.db.Q(ctx), appID)
	if err != nil || !in.Directory || in.Source == nil || in.Source.equal(Matching{}) {
		return err
	}
	m, err := in.Source.compile()
	if err != nil {
		return err
	}
	w := &identifying{matcher: m, now: s.clock.Now(), wanted: make([]map[string]*candidate, len(m.cases))}
	for i := range w.wanted {
		w.wanted[i] = map[string]*candidate{}
	}
	keys := make([][]string, len(seen))
	for i := range seen {
		if i%MaxBatch == MaxBatch-1 {
			if err := step(ctx); err != nil {
				return err
			}
		}
		if keys[i], err = w.account(appID, &seen[i]); err != nil {
			return err
		}
	}
	if err := w.users(ctx, s.db, step); err != nil {
		return err
	}
	for i, k := range keys {
		if k != nil {
			w.settle(seen[i].identity, k)
		}
	}
	return nil
}

// identifying is one [Service.Identify] under way.
type identifying struct {
	matcher

	now    time.Time
	wanted []map[string]*candidate // for each case, what accounts have as keys
}

// account answers the keys of an account, "" where it has none; nil if it is settled already.
func (w *identifying) account(appID ID, v *SeenAccount) ([]string, error) {
	v.identity = nil
	a := v.onto(Account{AppID: appID})
	counts, failed, err := w.counts(a, w.now)
	if err != nil {
		return nil, err
	}
	if !counts {
		v.identity = &identity{}
		if failed {
			v.identity.doubt = Failed
		}
		return nil, nil
	}
	if len(w.cases) == 0 {
		return nil, nil // by the address
	}
	v.identity = &identity{}
	keys, vars := make([]string, len(w.cases)), accountVars(a)
	for i, c := range w.cases {
		if keys[i], failed, err = keyOf(c.account, vars, w.now); err != nil {
			return nil, err
		}
		if failed {
			v.identity.doubt = Failed
		}
		if keys[i] != "" {
			w.wanted[i][keys[i]] = &candidate{}
		}
	}
	return keys, nil
}

const usersToMatchSQL = ` from users where id > $1 and status <> 'DELETED' order by id limit $2`

// users finds whom the wanted keys name.
func (w *identifying) users(ctx context.Context, d *db.DB, step func(ctx context.Context) error) error {
	looked := 0
	for _, keys := range w.wanted {
		looked += len(keys)
	}
	for after := directory.UserID(""); looked > 0; {
		list, err := db.Collect(d.Q(ctx), directory.Scan, `select `+directory.Columns("")+usersToMatchSQL, string(after), MaxBatch)
		if err != nil {
			return err
		}
		for _, u := range list {
			if err := w.user(u); err != nil {
				return err
			}
		}
		if len(list) < MaxBatch {
			return nil
		}
		after = list[len(list)-1].ID
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// user notes the keys of a user that accounts have. For whom an expression fails has no key.
func (w *identifying) user(u directory.User) error {
	vars := userVars(u)
	for i, c := range w.cases {
		if len(w.wanted[i]) == 0 {
			continue
		}
		key, _, err := keyOf(c.user, vars, w.now)
		if err != nil {
			return err
		}
		if found := w.wanted[i][key]; found != nil {
			found.several = found.user != ""
			found.user, found.version = u.ID, u.Version
		}
	}
	return nil
}

// settle takes the first case that names one user. Where none does, that one names several is the doubt that counts.
func (w *identifying) settle(v *identity, keys []string) {
	for i, key := range keys {
		found := w.wanted[i][key]
		switch {
		case found == nil || found.user == "":
		case found.several:
			v.doubt = Ambiguous
		default:
			*v = identity{user: found.user, version: found.version}
			return
		}
	}
}

// whose is whose account v is from now on, what is doubtful about that, and whether a [Matching] said so. byAddress are the users of folded
// addresses, versions those of the live users that matter here. Whose it is by a matching it stays, also when there is none any more, until
// the address names another.
func (v SeenAccount) whose(
	before Account, byAddress map[string]directory.UserID, versions map[directory.UserID]int64,
) (of directory.UserID, why Doubt, matched bool) {
	_, holds := versions[before.UserID]
	if v.identity == nil {
		of = byAddress[db.Fold(clip(v.Email, MaxEmail))]
		if of == "" && holds && before.Matched {
			return before.UserID, "", true
		}
		return of, "", false
	}
	if now, live := versions[v.identity.user]; live && now == v.identity.version { // not changed since their key was worked out
		return v.identity.user, "", true
	}
	if holds {
		return before.UserID, v.identity.doubt, true
	}
	return "", v.identity.doubt, false
}

// liveVersions reads the versions of the live users whom identities name, or who hold accounts that are read where a [Matching] matters.
func liveVersions(q db.Q, seen []SeenAccount, known accounts) (map[directory.UserID]int64, error) {
	out := map[directory.UserID]int64{}
	matching := slices.ContainsFunc(seen, func(v SeenAccount) bool { return v.identity != nil })
	named := map[directory.UserID]bool{}
	for _, v := range seen {
		if v.identity != nil && v.identity.user != "" {
			named[v.identity.user] = true
		}
	}
	for _, of := range []map[string]Account{known.byExternal, known.byUsername} {
		for _, a := range of {
			if a.UserID != "" && (matching || a.Matched) {
				named[a.UserID] = true
			}
		}
	}
	args := make([]any, 0, len(named))
	for u := range named {
		args = append(args, string(u))
	}
	type standing struct {
		user    directory.UserID
		version int64
	}
	for _, chunk := range db.Chunks(args) {
		rows, err := db.Collect(q, func(r *db.Rows) (v standing, err error) { return v, r.Scan(&v.user, &v.version) },
			`select id, version from users where status <> 'DELETED' and id in `+db.In(len(chunk), 1), chunk...)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			out[r.user] = r.version
		}
	}
	return out, nil
}

// doubts are the accounts of a batch that have come to be doubtful.
type doubts map[Doubt][]string

func (d doubts) note(before, after Account) {
	if after.Doubt != "" && after.Doubt != before.Doubt {
		d[after.Doubt] = append(d[after.Doubt], string(after.ID))
	}
}

// record says which accounts have come to be doubtful; once for each account, until it is no longer.
func (d doubts) record(tx *db.Tx, s *Service, c ConnectorRef, at time.Time) error {
	if len(d) == 0 {
		return nil
	}
	e := event("account.unmatched", audit.Update, "connector", c.AppID, c.ID, "could not tell whose accounts are")
	e.At, e.Data = at, map[string]any{"ambiguous": d[Ambiguous], "failed": d[Failed]}
	return s.log.Record(tx, audit.Sync(string(c.ID)), e)
}
