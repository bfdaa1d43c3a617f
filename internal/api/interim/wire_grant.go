package interim

import (
	"strings"
	"time"

	interimv1 "github.com/interim-access/interim/gen/interim/v1"
	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/read"
)

// state shows where a grant stands; unspecified where there is none.
func state(s grant.State) interimv1.GrantState {
	return c1.EnumValue[interimv1.GrantState](interimv1.GrantState_value, "GRANT_STATE_", strings.ToUpper(string(s)))
}

// encodeAsOf shows a grant that was in force once, and what became of it by now.
func encodeAsOf(b read.Binding, now time.Time) *interimv1.GrantAsOf {
	v := &interimv1.GrantAsOf{
		Binding:   c1.EncodeBinding(b.Grant, b.Sources),
		UserId:    c1.KSUID(b.Held.User),
		State:     state(b.State),
		ActiveAt:  c1.Moment(b.ActiveAt),
		Until:     c1.Moment(b.DeprovisionAt),
		RemovedAt: c1.Moment(b.RemovedAt),
		GrantedBy: &interimv1.Actor{
			UserId: c1.KSUID(b.Given.By.ID), DisplayName: b.Given.By.Name, TaskId: c1.KSUID(b.Given.Task),
			PolicyVersion: b.Given.PolicyVersion, DeciderUserId: c1.KSUID(b.Given.DecidedBy),
			OnBehalfOfUserId: c1.KSUID(b.Given.DecidedFor), At: c1.Moment(b.CreatedAt),
		},
	}
	if b.Over(now) {
		ended := b.Until()
		v.EndedAt = c1.Moment(ended)
		v.EndedBy = &interimv1.EndedBy{
			UserId: c1.KSUID(b.EndedBy.ID), DisplayName: b.EndedBy.Name, TaskId: c1.KSUID(b.EndedTask), At: c1.Moment(ended),
			Reason: string(b.EndReason), Comment: b.EndNote,
		}
		if b.EndReason == "" { // past its end, not noticed yet
			v.EndedBy.Reason = string(grant.Expired)
		}
	}
	return v
}
