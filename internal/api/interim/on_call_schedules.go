package interim

import (
	"context"
	"fmt"
	"time"

	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/contact"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// onCallSchedules serves interim.v1.OnCallSchedules.
type onCallSchedules struct {
	interimv1.UnimplementedOnCallSchedulesServer
	*c1.Deps
}

// GetShifts answers the shifts of a schedule.
func (s onCallSchedules) GetShifts(ctx context.Context, r *interimv1.GetOnCallShiftsRequest) (*interimv1.OnCallShiftsResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	schedule, err := either[contact.ScheduleID]("scheduleId", "on-call schedule", r.GetScheduleId())
	if err != nil {
		return nil, err
	}
	return s.shifts(ctx, schedule)
}

// SetShifts sets the shifts of a schedule; see [contact.Service.SetShifts].
func (s onCallSchedules) SetShifts(ctx context.Context, r *interimv1.SetOnCallShiftsRequest) (*interimv1.OnCallShiftsResponse, error) {
	if err := iam.RequireAll(ctx); err != nil {
		return nil, err
	}
	schedule, err := either[contact.ScheduleID]("scheduleId", "on-call schedule", r.GetScheduleId())
	if err != nil {
		return nil, err
	}
	if err := c1.CheckList("shifts", len(r.GetShifts()), contact.MaxShifts); err != nil {
		return nil, err
	}
	list := make([]contact.Shift, len(r.GetShifts()))
	for n, shift := range r.GetShifts() {
		if list[n], err = decodeShift(fmt.Sprintf("shifts[%d].", n), shift); err != nil {
			return nil, err
		}
	}
	if err := s.Contacts.SetShifts(ctx, schedule, list); err != nil {
		return nil, err
	}
	return s.shifts(ctx, schedule)
}

func decodeShift(at string, r *interimv1.OnCallShift) (s contact.Shift, err error) {
	if s.User, err = either[directory.UserID](at+"userId", "user", r.GetUserId()); err != nil {
		return s, err
	}
	if r.GetFrom() == nil {
		return s, fault.InvalidField(at+"from", "is required")
	}
	if s.From, err = moment(at+"from", r.GetFrom().AsTime(), r.GetFrom().IsValid()); err != nil || r.GetUntil() == nil {
		return s, err
	}
	s.Until, err = moment(at+"until", r.GetUntil().AsTime(), r.GetUntil().IsValid())
	return s, err
}

// moment refuses what is no time, and truncates what is one to what is kept.
func moment(field string, t time.Time, valid bool) (time.Time, error) {
	if !valid || t.Year() < 1970 {
		return time.Time{}, fault.InvalidField(field, "is not a time from 1970 on")
	}
	return t.Truncate(time.Microsecond), nil
}

func (s onCallSchedules) shifts(ctx context.Context, schedule contact.ScheduleID) (*interimv1.OnCallShiftsResponse, error) {
	list, err := s.Contacts.Shifts(ctx, schedule)
	if err != nil {
		return nil, err
	}
	enabled, err := contact.EnabledShifts(s.DB.Q(ctx), schedule)
	if err != nil {
		return nil, err
	}
	out := &interimv1.OnCallShiftsResponse{}
	for _, t := range contact.OnCall(enabled, s.Clock.Now()) {
		out.OnCallUserIds = append(out.OnCallUserIds, c1.KSUID(t.User))
	}
	for _, v := range list {
		out.Shifts = append(out.Shifts, &interimv1.OnCallShift{
			UserId: c1.KSUID(v.User), From: c1.Moment(v.From), Until: c1.Moment(v.Until),
		})
	}
	return out, nil
}

// either decodes an id as this API spells it or as the Opal-compatible one does, where schedules are registered.
func either[T ~string](field, kind, s string) (T, error) {
	if id.Valid(s) {
		return T(s), nil
	}
	return c1.ID[T](field, kind, s)
}
