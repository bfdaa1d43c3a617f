package c1_test

import (
	"testing"
	"time"

	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/contact"
	"github.com/interim-access/interim/internal/govern/iam"
)

func TestAnAdministratorSaysWhoIsOnCallAndWhen(t *testing.T) {
	onDoors(t, "on_call", func(d *door) {
		schedule, err := d.deps.Contacts.RegisterSchedule(t.Context(), contact.Schedule{
			Remote: contact.Remote{Provider: contact.PagerDuty, RemoteID: "P1", Name: "First line"},
		})
		if err != nil {
			t.Fatal(err)
		}
		grace := d.person("Grace", iam.BasicUser)
		d.person("Ada", iam.SuperAdministrator)
		shifts := "/api/interim/v1/on-call-schedules/" + c1.KSUID(schedule.ID) + "/shifts"
		d.want(200, "Nobody yet", "GET", shifts, "")
		shift := `{"userId":"` + c1.KSUID(grace.ID) + `","from":"2026-05-04T09:00:00Z","until":"2026-05-04T17:00:00Z"}`
		d.want(200, "A day", "POST", shifts, `{"shifts":[`+shift+`]}`)
		d.clock.Set(time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC))
		d.want(200, "From its first moment on", "GET", shifts, "")
		d.clock.Set(time.Date(2026, 5, 4, 17, 0, 0, 0, time.UTC))
		d.want(200, "And not at its end", "GET", shifts, "")
		d.want(400, "An end before the beginning", "POST", shifts,
			`{"shifts":[{"userId":"`+c1.KSUID(grace.ID)+`","from":"2026-05-04T09:00:00Z","until":"2026-05-04T08:00:00Z"}]}`)
		d.want(404, "No such schedule", "GET", "/api/interim/v1/on-call-schedules/"+stranger+"/shifts", "")
		d.as(grace, iam.BasicUser)
		d.want(403, "Who is on call does not say so", "POST", shifts, `{"shifts":[`+shift+`]}`)
	})
}
