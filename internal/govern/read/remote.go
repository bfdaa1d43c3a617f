package read

import (
	"context"
	"strconv"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// RemoteFilter says which accounts that connectors have read are listed. Lists hold at most 500 values; only Apps has to have one.
type RemoteFilter struct {
	Apps        []app.ID
	Users       []directory.UserID
	ExternalIDs []string         // what the target calls them
	Own         directory.UserID // this user's only, whatever else is asked
}

// RemoteAccounts lists the live accounts that a connector has read and that are somebody's who is not deleted, person by person.
func (s *Service) RemoteAccounts(ctx context.Context, f RemoteFilter, r page.Request) (page.Page[app.Account], error) {
	if len(f.Apps) == 0 {
		return page.Page[app.Account]{}, nil
	}
	sql, args := remoteSQL(f, r)
	rows, err := db.Collect(s.db.Q(ctx), app.ScanAccount, sql, args...)
	return page.Cut(rows, r.Size, func(a app.Account) page.Key {
		return page.Key{string(a.UserID), string(a.AppID), string(a.ID)}
	}), err
}

func remoteSQL(f RemoteFilter, r page.Request) (string, []any) {
	var w db.Where
	w.And("a.deleted_at is null and a.user_id is not null and a.connector_id is not null")
	if f.Own != "" {
		w.And("a.user_id = ?", string(f.Own))
	}
	in(&w, "coalesce(a.app_id, '')", f.Apps) // no index is to be had for these: the list is in the order of people
	in(&w, "a.user_id", f.Users)
	if len(f.ExternalIDs) > 0 {
		in(&w, "a.external_id", f.ExternalIDs)
		w.And("a.connector_id in (select c.id from connector c where c.app_id in ("+marks("?", len(f.Apps))+"))", texts(f.Apps)...)
	}
	w.And("exists (select 1 from users u where u.id = a.user_id and u.status <> '" + string(directory.Deleted) + "')")
	end := order{columns: []string{"a.user_id", "a.app_id", "a.id"}}.page(&w, r)
	where, args := w.SQL()
	return `select ` + app.AccountColumns("a.") + ` from account a` + where + end, args
}

// SyncFailure is what kept a connector from reading its target, since it last could.
type SyncFailure struct {
	App         app.ID
	First, Last time.Time
	Message     string // for people
}

// SyncFailureFilter narrows a list of failures. Zero members do not narrow.
type SyncFailureFilter struct {
	App       app.ID
	Connector app.ConnectorRef
}

// MaxSyncFailures is how many failures are listed at most.
const MaxSyncFailures = 1000

// SyncFailures lists why the readings of live connectors failed or were not believed since the last that was, the latest first; those
// that say the same once.
func (s *Service) SyncFailures(ctx context.Context, f SyncFailureFilter) ([]SyncFailure, error) {
	sql, args := syncFailuresSQL(f)
	return db.Collect(s.db.Q(ctx), func(r *db.Rows) (v SyncFailure, err error) {
		var first, last int64
		err = r.Scan(&v.App, &v.Message, &first, &last)
		v.First, v.Last = clock.FromMicros(first), clock.FromMicros(last)
		return v, err
	}, sql, args...)
}

func syncFailuresSQL(f SyncFailureFilter) (string, []any) {
	var w db.Where
	w.And("c.deleted_at is null and r.state in ('failed', 'refused')")
	w.And("r.id > coalesce((select max(d.id) from sync_run d where d.connector_id = c.id and d.state = 'done'), '')")
	if f.App != "" {
		w.And("c.app_id = ?", string(f.App))
	}
	if f.Connector.ID != "" {
		w.And("c.app_id = ? and c.id = ?", string(f.Connector.AppID), string(f.Connector.ID))
	}
	where, args := w.SQL()
	return `select c.app_id, r.message, min(r.started_at), max(coalesce(r.finished_at, r.started_at)) as last
		from connector c join sync_run r on r.connector_id = c.id` + where + `
		group by c.app_id, c.id, r.message order by last desc, c.id, r.message limit ` + strconv.Itoa(MaxSyncFailures), args
}
