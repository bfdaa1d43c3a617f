package story

import (
	"net/http"
	"slices"
	"testing"
	"time"
)

// movesTo is what personnel writes down: Grace works elsewhere from now on.
func (o *office) movesTo(department string) {
	o.t.Helper()
	o.admin.post("/api/interim/v1/users/"+o.graceID, object{"user": object{"department": department}})
}

// sources are the entitlements by which Grace holds the role, as she sees them.
func (o *office) sources() (ids []string) {
	o.t.Helper()
	mine := o.grace.get("/api/v1/apps/" + o.appID + "/entitlements/" + o.reporting + "/users/" + o.graceID + "/grants")
	for _, b := range list(mine, "bindings") {
		for _, via := range list(b, "grantSources") {
			ids = append(ids, text(via, "id"))
		}
	}
	return ids
}

// Nobody asks: who comes into the department has the role in the real database, and who leaves it has it no more. What was given
// besides, and what somebody does in the database, changes nothing about it.
func TestARuleKeepsARoleInTheRealDatabase(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		o := newOffice(t, s)
		held := func() bool { return o.target.holds("reporting", "Grace H.") }
		automation := "/api/v1/apps/" + o.appID + "/entitlements/" + o.reporting + "/automation"
		o.admin.post(automation+"/create", object{"automation": object{"cel": object{"expression": `subject.department == "Reporting"`}}})
		s.await("the first pass is over", func() bool {
			return text(o.admin.get(automation), "AppEntitlementAutomation", "lastRunStatus", "lastCompletedAt") != ""
		})
		if o.allowed() || held() {
			t.Fatal("Grace has the role, and works elsewhere")
		}

		o.movesTo("Reporting")
		s.await("Grace may, says Interim", o.allowed)
		if !held() {
			t.Fatal("Interim says Grace may, the database does not know")
		}
		if got := o.sources(); !slices.Equal(got, []string{o.reporting}) {
			t.Errorf("she holds it by %v", got)
		}

		// Given by hand, too, for an hour; a reading on the way takes nothing for a gift.
		o.admin.post(o.grantsPath(), object{"appUserId": o.account, "deprovisionAt": stamp(s.now().Add(time.Hour))})
		o.sync()
		s.advance(time.Hour + time.Second)
		s.await("the hour is over", func() bool { return slices.Contains(o.events(), "grant.direct_ended_on_time") })
		o.sync()
		if !o.allowed() || o.target.members("reporting", "Grace H.") != 1 {
			t.Fatal("the end of what was given took what the rule keeps")
		}
		o.admin.refused(http.StatusBadRequest, http.MethodPost, o.bindingPath("update-grant-duration"), object{"newDeprovisionAt": stamp(s.now().Add(time.Hour))})

		// Taken in the database itself: the next reading has it put back.
		o.target.exec(`revoke reporting from "Grace H."`)
		o.sync()
		s.await("the role is back", held)
		if !slices.Contains(o.events(), "grant.put_back") {
			t.Error("the system log does not tell that it was put back")
		}

		o.movesTo("Sales")
		s.await("the role is gone from the database", func() bool { return !held() })
		s.await("nothing is past its end", func() bool { return len(o.overdue()) == 0 && len(o.past()) == 1 })
		if o.allowed() {
			t.Error("Grace left, and may")
		}
	})
}
