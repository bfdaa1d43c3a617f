package story

import (
	"net/http"
	"slices"
	"testing"
	"time"
)

// The whole story: an administrator gives a person a role in a real database, moves its end, and at that moment it is gone.
func TestAGrantEndsOnTimeInTheRealDatabase(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		o := newOffice(t, s)
		if o.allowed() || o.target.holds("reporting", "Grace H.") {
			t.Fatal("Grace may before anybody said so")
		}

		first := s.now().Add(8 * time.Hour)
		o.grant(first)

		// The end is moved nearer; the database is not asked, and shows the same single membership.
		sooner := s.now().Add(time.Hour).Truncate(time.Microsecond).UTC()
		moved := o.admin.post(o.bindingPath("update-grant-duration"), object{"newDeprovisionAt": sooner.Format(time.RFC3339Nano)})
		if got, _ := time.Parse(time.RFC3339Nano, text(moved, "binding", "deprovisionAt")); !got.Equal(sooner) {
			t.Fatalf("the end is %v, want %v", got, sooner)
		}
		if n := o.target.members("reporting", "Grace H."); n != 1 {
			t.Fatalf("%d memberships, want 1", n)
		}
		// Grace sees her own grant, and may not move its end.
		mine := o.grace.get("/api/v1/apps/" + o.appID + "/entitlements/" + o.reporting + "/users/" + o.graceID + "/grants")
		if b := list(mine, "bindings"); len(b) != 1 || text(b[0], "appEntitlementId") != o.reporting {
			t.Fatalf("Grace sees %v", mine)
		}
		o.grace.refused(http.StatusForbidden, http.MethodPost, o.bindingPath("update-grant-duration"),
			object{"newDeprovisionAt": first.UTC().Format(time.RFC3339Nano)})

		before := s.now()
		s.advance(time.Hour + time.Second)
		if o.allowed() {
			t.Fatal("the end has come and Grace still may")
		}
		s.await("the role is gone from the database", func() bool { return !o.target.holds("reporting", "Grace H.") })
		s.await("nothing is past its end", func() bool { return len(o.overdue()) == 0 && len(o.past()) == 1 })

		tasks := list(o.admin.post("/api/v1/search/tasks", object{"subjectIds": []string{o.graceID}}), "list")
		if len(tasks) != 1 || text(tasks[0], "task", "origin") != "TASK_ORIGIN_TIME_REVOKE" ||
			text(tasks[0], "task", "type", "revoke", "outcome") != "REVOKE_OUTCOME_REVOKED" {
			t.Errorf("the tasks about her: %v", tasks)
		}

		// History, evidence and audit.
		if got := o.asOf(before); len(got) != 1 || text(got[0], "grantedBy", "userId") != s.boot.UserID {
			t.Errorf("as of %v: %v", before, got)
		}
		if got := o.asOf(s.now()); len(got) != 0 {
			t.Errorf("as of now: %v", got)
		}
		past := o.past()[0]
		if text(past, "history", "grantedAt") == "" || text(past, "history", "revokedAt") == "" {
			t.Errorf("history: %v", past)
		}
		feed := list(o.admin.post("/api/v1/grants/feed", object{"appRefs": []object{{"id": o.appID}}}), "list")
		var kinds []string
		for _, f := range feed {
			kinds = append(kinds, text(f, "feed", "eventType"))
		}
		if !slices.Contains(kinds, "GRANT_EVENT_TYPE_ADDED") || !slices.Contains(kinds, "GRANT_EVENT_TYPE_REMOVED") {
			t.Errorf("feed: %v", kinds)
		}
		log := o.events()
		for _, want := range []string{"grant.created", "grant.end_moved", "grant.ended_on_time"} {
			if !slices.Contains(log, want) {
				t.Errorf("the system log lacks %s: %v", want, log)
			}
		}
		// What has ended cannot be moved.
		o.admin.refused(http.StatusNotFound, http.MethodPost, o.bindingPath("update-grant-duration"),
			object{"newDeprovisionAt": s.now().Add(time.Hour).UTC().Format(time.RFC3339Nano)})
	})
}

func TestAnEndedGrantIsDeniedWhileTheTargetIsDownAndRemovedWhenItIsBack(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		o := newOffice(t, s)
		o.grant(s.now().Add(time.Hour))
		o.target.down()
		s.advance(2 * time.Hour)

		if o.allowed() {
			t.Fatal("the end has come and Grace still may")
		}
		s.await("the grant is shown as past its end, with the failed attempt", func() bool {
			late := o.overdue()
			return len(late) == 1 && at(late[0], "attempts") != float64(0) && text(late[0], "lastError") != ""
		})
		if age := text(o.overdue()[0], "age"); age == "" || age == "0s" {
			t.Errorf("age %q", age)
		}
		s.await("metrics count it", func() bool { return s.metric("interim_grants_overdue") == "1" })
		// Still ending: neither extended nor given again.
		o.admin.refused(http.StatusConflict, http.MethodPost, o.bindingPath("update-grant-duration"),
			object{"newDeprovisionAt": s.now().Add(time.Hour).UTC().Format(time.RFC3339Nano)})

		o.target.up()
		s.advance(10 * time.Minute) // past every retry's wait
		s.await("the role is gone from the database", func() bool { return !o.target.holds("reporting", "Grace H.") })
		s.await("nothing is past its end", func() bool { return len(o.overdue()) == 0 })
	})
}

func TestAKillBetweenEndAndRevokeLosesNothing(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		o := newOffice(t, s)
		o.grant(s.now().Add(time.Hour))
		o.target.down() // holds the story between the end and the revoke
		s.advance(2 * time.Hour)
		s.await("the grant is ending", func() bool { return len(o.overdue()) == 1 })
		s.kill()
		o.target.up()
		s.up()
		if o.allowed() {
			t.Fatal("the restart gave access back")
		}
		s.advance(10 * time.Minute)
		s.await("the role is gone from the database", func() bool { return !o.target.holds("reporting", "Grace H.") })
		s.await("the grant is history", func() bool { return len(o.overdue()) == 0 && len(o.past()) == 1 })
	})
}

func TestAGrantMadeBehindInterimsBackIsDiscovered(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		o := newOffice(t, s)
		o.target.exec(`grant reporting to "Grace H."`)
		o.sync()
		if !o.allowed() {
			t.Fatal("the database gives Grace the role and Interim says she has none")
		}
		o.admin.post(o.bindingPath("update-grant-duration"),
			object{"newDeprovisionAt": s.now().Add(time.Hour).UTC().Format(time.RFC3339Nano)})
		s.advance(2 * time.Hour)
		s.await("the discovered grant ended on time too", func() bool { return !o.target.holds("reporting", "Grace H.") })
	})
}

func TestARevokeMadeBehindInterimsBackIsNoticed(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		o := newOffice(t, s)
		o.grant(time.Time{})
		o.target.exec(`revoke reporting from "Grace H."`)
		s.advance(time.Minute)
		o.sync()
		if o.allowed() {
			t.Fatal("the database took the role and Interim says Grace has it")
		}
		log := o.events()
		if !slices.Contains(log, "grant.removed_in_target") {
			t.Errorf("the system log lacks grant.removed_in_target: %v", log)
		}
	})
}
