package sync

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

const runColumns = `id, app_id, connector_id, started_at, finished_at, state, accounts, resources, entitlements, grants, added, removed,
	message`

func scanRun(r *db.Rows) (run Run, err error) {
	var started int64
	var finished *int64
	err = r.Scan(&run.ID, &run.Connector.AppID, &run.Connector.ID, &started, &finished, &run.State, &run.Accounts, &run.Resources,
		&run.Entitlements, &run.Grants, &run.Added, &run.Removed, &run.Message)
	run.StartedAt = clock.FromMicros(started)
	if finished != nil {
		run.FinishedAt = clock.FromMicros(*finished)
	}
	return run, err
}

// Get reads a live connector. NotFound.
func (s *Service) Get(ctx context.Context, ref app.ConnectorRef) (app.Connector, error) {
	return app.GetConnector(s.DB.Q(ctx), ref.AppID, ref.ID)
}

// Connectors lists the live connectors of a live app, oldest first. NotFound.
func (s *Service) Connectors(ctx context.Context, in app.ID, r page.Request) (page.Page[app.Connector], error) {
	q := s.DB.Q(ctx)
	if _, err := app.GetApp(q, in); err != nil {
		return page.Page[app.Connector]{}, err
	}
	var w db.Where
	w.And("app_id = ?", string(in))
	w.And("deleted_at is null")
	w.After([]string{"id"}, r.After...)
	limit := w.Bind(r.Size + 1)
	sql, args := w.SQL()
	list, err := db.Collect(q, app.ScanConnector,
		`select `+app.ConnectorColumns("")+` from connector`+sql+` order by id limit `+limit, args...)
	return page.Cut(list, r.Size, func(c app.Connector) page.Key { return page.Key{string(c.ID)} }), err
}

// Runs lists the newest runs of a live connector, newest first. NotFound.
func (s *Service) Runs(ctx context.Context, c app.ConnectorRef, r page.Request) (page.Page[Run], error) {
	q := s.DB.Q(ctx)
	if _, err := app.GetConnector(q, c.AppID, c.ID); err != nil {
		return page.Page[Run]{}, err
	}
	var w db.Where
	w.And("connector_id = ?", string(c.ID))
	w.Before([]string{"id"}, r.After...)
	limit := w.Bind(r.Size + 1)
	sql, args := w.SQL()
	runs, err := db.Collect(q, scanRun, `select `+runColumns+` from sync_run`+sql+` order by id desc limit `+limit, args...)
	return page.Cut(runs, r.Size, func(run Run) page.Key { return page.Key{string(run.ID)} }), err
}

// LastRuns answers the newest run of each of the connectors that has one.
func (s *Service) LastRuns(ctx context.Context, connectors []app.ConnectorID) (map[app.ConnectorID]Run, error) {
	last := make(map[app.ConnectorID]Run, len(connectors))
	for _, chunk := range db.Chunks(connectors) {
		args := make([]any, len(chunk))
		for i, c := range chunk {
			args[i] = string(c)
		}
		runs, err := db.Collect(s.DB.Q(ctx), scanRun, `select `+runColumns+` from sync_run where id in
			(select max(id) from sync_run where connector_id in `+db.In(len(chunk), 1)+` group by connector_id)`, args...)
		if err != nil {
			return nil, err
		}
		for _, run := range runs {
			last[run.Connector.ID] = run
		}
	}
	return last, nil
}

func insertRun(tx *db.Tx, run Run) {
	tx.Queue(`insert into sync_run (`+runColumns+`) values ($1,$2,$3,$4,null,$5,0,0,0,0,0,0,'')`,
		string(run.ID), string(run.Connector.AppID), string(run.Connector.ID), clock.Micros(run.StartedAt), string(run.State))
}

func closeRun(tx *db.Tx, run Run) {
	tx.Queue(`update sync_run set finished_at = $2, state = $3, accounts = $4, resources = $5, entitlements = $6, grants = $7,
			added = $8, removed = $9, message = $10 where id = $1`,
		string(run.ID), clock.Micros(run.FinishedAt), string(run.State), run.Accounts, run.Resources, run.Entitlements, run.Grants,
		run.Added, run.Removed, run.Message)
}

// cutShort closes the runs of a connector that nobody makes any more: their server died.
func cutShort(tx *db.Tx, c app.ConnectorID, now time.Time) {
	tx.Queue(`update sync_run set finished_at = $2, state = 'failed', message = 'cut short: the server stopped'
		where connector_id = $1 and state = 'running'`, string(c), clock.Micros(now))
}

// keptRuns is how many runs of a connector are kept. What they changed is in the audit.
const keptRuns = 1000

func prune(tx *db.Tx, c app.ConnectorID) {
	tx.Queue(`delete from sync_run where connector_id = $1 and id <= (
		select id from sync_run where connector_id = $1 order by id desc limit 1 offset $2)`, string(c), keptRuns)
}

// The lease of a connector is a token in sync_lease; while there is one, sync_due_at is when it ends, so that the run of a server
// that died is found like any other that is due.

// claim takes the lease of a live connector, if its time has come or, where somebody asked, if nobody has it. It counts as a change of
// the row: whoever is about to write the plan they read does not.
func claim(tx *db.Tx, c app.ConnectorRef, token string, now time.Time, asked bool) (bool, error) {
	n, err := tx.Exec(`update connector set sync_lease = $3, sync_due_at = $4, version = version + 1
		where app_id = $1 and id = $2 and deleted_at is null and status <> 'DISABLED'
			and (sync_due_at <= $5 or $6 and sync_lease = '')`,
		string(c.AppID), string(c.ID), token, clock.Micros(now.Add(lease)), clock.Micros(now), asked)
	return n == 1, err
}

// renew keeps the lease, and reports whether it was still held.
func renew(tx *db.Tx, c app.ConnectorRef, token string, now time.Time) (bool, error) {
	n, err := tx.Exec(`update connector set sync_due_at = $4 where app_id = $1 and id = $2 and sync_lease = $3 and deleted_at is null`,
		string(c.AppID), string(c.ID), token, clock.Micros(now.Add(lease)))
	return n == 1, err
}

// settle writes down which target a connector reads.
func settle(tx *db.Tx, c app.ConnectorRef, identity string) error {
	_, err := tx.Exec(`update connector set target_identity = $3, version = version + 1 where app_id = $1 and id = $2`,
		string(c.AppID), string(c.ID), identity)
	return err
}

// release gives the lease back, and plans the next run, so many intervals from now, where any are planned; how often, somebody may
// have changed during the run. A connector that was disabled meanwhile stays so.
func release(
	tx *db.Tx, c app.ConnectorRef, token string, status app.ConnectorStatus, text string, now time.Time, intervals int,
) (bool, error) {
	n, err := tx.Exec(`update connector set sync_lease = '', version = version + 1,
			status = case when status = 'DISABLED' then status else $4 end, status_text = $5,
			sync_due_at = case when sync_every_micros > 0 then $6 + $7 * sync_every_micros else null end
		where app_id = $1 and id = $2 and sync_lease = $3 and deleted_at is null`,
		string(c.AppID), string(c.ID), token, string(status), text, clock.Micros(now), intervals)
	return n == 1, err
}

// abandon takes back a lease that ran out, without a run to follow.
func abandon(tx *db.Tx, c app.ConnectorRef, token string, now time.Time) error {
	n, err := tx.Exec(`update connector set sync_lease = '', sync_due_at = null, version = version + 1
		where app_id = $1 and id = $2 and sync_lease = $3 and sync_due_at <= $4`,
		string(c.AppID), string(c.ID), token, clock.Micros(now))
	if err == nil && n == 1 {
		cutShort(tx, c.ID, now)
	}
	return err
}

// recoverLeases takes back all leases and closes their runs. Planned ones are made up for at once.
func recoverLeases(tx *db.Tx, now int64) error {
	_, err := tx.Exec(`update connector set sync_lease = '', version = version + 1,
		sync_due_at = case when sync_every_micros > 0 then $1 else null end where sync_lease <> ''`, now)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`update sync_run set finished_at = $1, state = 'failed', message = 'cut short: the server stopped'
		where state = 'running'`, now)
	return err
}
