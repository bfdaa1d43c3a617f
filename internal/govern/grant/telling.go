package grant

import (
	"github.com/interim-access/interim/internal/govern/notify"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/id"
)

// Notices tell people; package notify does.
type Notices interface {
	Tell(tx *db.Tx, notices ...notify.Notice) error
	Reachable() bool // whether anybody can be told
}

// tells reports whether it is worth finding out what to tell.
func (s *Service) tells() bool { return s.Notices != nil && s.Notices.Reachable() }

// over reports whether the step from before to after took access that was in force.
func over(before, after Grant) bool {
	return before.State == Active && (after.State == Ending || after.State == Ended)
}

// tellEnded tells people that their access has ended; who ended it themself knows. The grants are as they are afterwards.
func (s *Service) tellEnded(tx *db.Tx, ended []held) error {
	return s.inform(tx, notify.Ended, ended, func(h held) bool { return h.EndedBy.ID != h.User })
}

// inform queues a notice for each grant of somebody of whom want says so, in few statements for all of them.
func (s *Service) inform(tx *db.Tx, kind notify.Kind, grants []held, want func(held) bool) error {
	if !s.tells() {
		return nil
	}
	var list []held
	for _, h := range grants {
		if h.User != "" && want(h) {
			list = append(list, h)
		}
	}
	for _, chunk := range db.Chunks(list) {
		names, err := called(tx, chunk)
		if err != nil {
			return err
		}
		notices := make([]notify.Notice, len(chunk))
		for i, h := range chunk {
			n := names[h.ID]
			notices[i] = notify.Notice{User: h.User, Kind: kind, Data: notify.Data{
				App: n[0], Entitlement: n[1], AppID: id.KSUID(string(h.App)), EntitlementID: id.KSUID(string(h.Entitlement)),
				By: h.EndedBy.Name, Reason: h.EndNote, Until: h.Until(),
			}}
		}
		if err := s.Notices.Tell(tx, notices...); err != nil {
			return err
		}
	}
	return nil
}

// called reads what people call the apps and entitlements of grants.
func called(tx *db.Tx, grants []held) (map[ID][2]string, error) {
	args := make([]any, len(grants))
	for i, h := range grants {
		args[i] = h.ID
	}
	names := make(map[ID][2]string, len(grants))
	rows, err := tx.Query(`select g.id, p.display_name, e.display_name from grants g join app p on p.id = g.app_id
		join entitlement e on e.app_id = g.app_id and e.id = g.entitlement_id where g.id in `+db.In(len(args), 1), args...)
	if err != nil {
		return nil, err
	}
	return names, each(rows, func() error {
		var g ID
		var n [2]string
		err := rows.Scan(&g, &n[0], &n[1])
		names[g] = n
		return err
	})
}
