package contact

import (
	"errors"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

const (
	channelColumns  = `c.id, c.provider, c.remote_id, c.name, c.private, c.created_at`
	scheduleColumns = `c.id, c.provider, c.remote_id, c.name, c.created_at`
)

func scanChannel(r *db.Rows) (c Channel, err error) {
	var created int64
	err = r.Scan(&c.ID, &c.Provider, &c.RemoteID, &c.Name, &c.Private, &created)
	c.CreatedAt = clock.FromMicros(created)
	return c, err
}

func scanSchedule(r *db.Rows) (c Schedule, err error) {
	var created int64
	err = r.Scan(&c.ID, &c.Provider, &c.RemoteID, &c.Name, &created)
	c.CreatedAt = clock.FromMicros(created)
	return c, err
}

func found(err error, kind, what string) error {
	if errors.Is(err, db.ErrNoRows) {
		return fault.Missing(kind, what)
	}
	return err
}

// GetChannel reads a channel. NotFound.
func GetChannel(q db.Q, channel ChannelID) (Channel, error) {
	c, err := db.One(q, scanChannel, `select `+channelColumns+` from message_channel c where c.id = $1`, string(channel))
	return c, found(err, "message channel", string(channel))
}

func getSchedule(q db.Q, schedule ScheduleID) (Schedule, error) {
	c, err := db.One(q, scanSchedule, `select `+scheduleColumns+` from on_call_schedule c where c.id = $1`, string(schedule))
	return c, found(err, "on-call schedule", string(schedule))
}

const (
	findChannelSQL  = `select ` + channelColumns + ` from message_channel c where c.provider = $1 and c.remote_id = $2`
	findScheduleSQL = `select ` + scheduleColumns + ` from on_call_schedule c where c.provider = $1 and c.remote_id = $2`
)

func findChannel(q db.Q, r Remote) (Channel, error) {
	c, err := db.One(q, scanChannel, findChannelSQL, string(r.Provider), r.RemoteID)
	return c, found(err, "message channel", r.RemoteID)
}

func findSchedule(q db.Q, r Remote) (Schedule, error) {
	c, err := db.One(q, scanSchedule, findScheduleSQL, string(r.Provider), r.RemoteID)
	return c, found(err, "on-call schedule", r.RemoteID)
}

func insertChannel(tx *db.Tx, c Channel) error {
	if err := room(tx, "message_channel"); err != nil {
		return err
	}
	_, err := tx.Exec(`insert into message_channel (id, provider, remote_id, name, private, created_at) values ($1, $2, $3, $4, $5, $6)`,
		string(c.ID), string(c.Provider), c.RemoteID, c.Name, c.Private, clock.Micros(c.CreatedAt))
	return err
}

func insertSchedule(tx *db.Tx, c Schedule) error {
	if err := room(tx, "on_call_schedule"); err != nil {
		return err
	}
	_, err := tx.Exec(`insert into on_call_schedule (id, provider, remote_id, name, created_at) values ($1, $2, $3, $4, $5)`,
		string(c.ID), string(c.Provider), c.RemoteID, c.Name, clock.Micros(c.CreatedAt))
	return err
}

// room refuses one more row of a table that is read whole.
func room(tx *db.Tx, table string) error {
	var n int
	err := tx.Row(`select count(*) from (select id from `+table+` order by id limit $1) t`, MaxRecords).Scan(&n)
	if err == nil && n >= MaxRecords {
		err = fault.New(fault.Precondition, "there are %d of them, which is the most", MaxRecords)
	}
	return err
}

// standing keeps an item from being deleted until tx ends. NotFound.
func standing(tx *db.Tx, item app.ResourceRef) error {
	sql := `select 1 from resource where app_id = $1 and id = $2 and deleted_at is null`
	if tx.Skip() != "" { // one writer at a time needs no lock
		sql += " for share"
	}
	var one int
	err := tx.Row(sql, string(item.AppID), string(item.ID)).Scan(&one)
	return found(err, "resource", string(item.ID))
}

const channelsOfSQL = `select ` + channelColumns + ` from message_channel_item i join message_channel c on c.id = i.channel_id
	where i.app_id = $1 and i.resource_id = $2 order by c.id`

func setChannels(tx *db.Tx, item app.ResourceRef, channels []ChannelID) error {
	of := []any{string(item.AppID), string(item.ID)}
	if _, err := tx.Exec(`delete from message_channel_item where app_id = $1 and resource_id = $2`, of...); err != nil {
		return err
	}
	for _, c := range channels {
		tx.Queue(`insert into message_channel_item (app_id, resource_id, channel_id) values ($1, $2, $3)`, of[0], of[1], string(c))
	}
	return nil
}

const shiftsSQL = `select user_id, from_at, until_at from on_call_shift where schedule_id = $1 order by place`

func scanShift(r *db.Rows) (s Shift, err error) {
	var from int64
	var until *int64
	err = r.Scan(&s.User, &from, &until)
	s.From, s.Until = clock.FromMicros(from), clock.FromNull(until)
	return s, err
}

// everybody refuses shifts of people who are not there.
func everybody(q db.Q, list []Shift) error {
	known, err := directory.Many(q, once(each(list, func(s Shift) directory.UserID { return s.User })))
	if err != nil {
		return err
	}
	live := map[directory.UserID]bool{}
	for _, u := range known {
		live[u.ID] = u.Status != directory.Deleted
	}
	for _, s := range list {
		if !live[s.User] {
			return fault.InvalidField("shifts", "there is no such user")
		}
	}
	return nil
}

func setShifts(tx *db.Tx, schedule ScheduleID, list []Shift) error {
	if _, err := tx.Exec(`delete from on_call_shift where schedule_id = $1`, string(schedule)); err != nil {
		return err
	}
	for n, s := range list {
		var until any
		if !s.Until.IsZero() {
			until = clock.Micros(s.Until)
		}
		tx.Queue(`insert into on_call_shift (schedule_id, place, user_id, from_at, until_at) values ($1, $2, $3, $4, $5)`,
			string(schedule), n, string(s.User), clock.Micros(s.From), until)
	}
	return nil
}

const dropShiftsSQL = `delete from on_call_shift where user_id = $1`

const schedulesOfSQL = `select ` + scheduleColumns + ` from on_call_duty d join on_call_schedule c on c.id = d.schedule_id
	where d.app_id = $1 and d.resource_id = $2 and d.deleted_at is null order by c.id`

// setDuties makes the duties of a group be those of the schedules, and due.
func setDuties(tx *db.Tx, g Group, schedules []ScheduleID, now time.Time) error {
	of, at := []any{string(g.AppID), string(g.ID)}, clock.Micros(now)
	keep := &db.Where{}
	keep.And("app_id = ? and resource_id = ? and deleted_at is null", of...)
	if len(schedules) > 0 {
		keep.And("(entitlement_id <> ? or schedule_id not in "+db.In(len(schedules), 4)+")", string(g.Gives))
		for _, c := range schedules {
			keep.Bind(string(c))
		}
	}
	when := keep.Bind(at)
	sql, args := keep.SQL()
	if _, err := tx.Exec(`update on_call_duty set deleted_at = `+when+`, due_at = `+when+sql, args...); err != nil {
		return err
	}
	for _, c := range schedules {
		if _, err := tx.Exec(`insert into on_call_duty (app_id, resource_id, schedule_id, entitlement_id, due_at, updated_at, deleted_at)
				values ($1, $2, $3, $4, $5, $5, null)
			on conflict (app_id, resource_id, schedule_id, entitlement_id) do update set due_at = $5, updated_at = $5, deleted_at = null
			where on_call_duty.deleted_at is not null`, of[0], of[1], string(c), string(g.Gives), at); err != nil {
			return err
		}
		var n int
		if err := tx.Row(groupsSQL, string(c)).Scan(&n); err != nil {
			return err
		}
		if n > MaxGroups {
			return fault.InvalidField("scheduleIds", "one of them belongs to %d groups, which is the most", MaxGroups)
		}
	}
	return nil
}

const groupsSQL = `select count(*) from on_call_duty where schedule_id = $1 and deleted_at is null`

// forget takes away what belongs to the resources of an app that are deleted; what their entitlements gave ends with those.
func forget(tx *db.Tx, appID app.ID) error {
	for _, table := range []string{"message_channel_item", "on_call_duty"} {
		if _, err := tx.Exec(forgetSQL(table), string(appID)); err != nil {
			return err
		}
	}
	return nil
}

func forgetSQL(table string) string {
	return `delete from ` + table + ` where app_id = $1 and exists (select 1 from resource r
		where r.app_id = ` + table + `.app_id and r.id = ` + table + `.resource_id and r.deleted_at is not null)`
}
