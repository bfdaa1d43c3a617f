package story

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/platform/id"
)

// opal calls the Opal-compatible API with a bearer token, as its clients do.
func (s *server) opal(token, method, path string) (int, object) {
	s.t.Helper()
	req, err := http.NewRequest(method, s.boot.URL+"/v1"+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := s.client().Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	return decode(s.t, res)
}

func TestTheTokenOfTheFirstStartOpensTheOpalAPI(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		status, users := s.opal(s.boot.OpalToken, http.MethodGet, "/users")
		if people := list(users, "results"); status != http.StatusOK || len(people) != 1 || at(users, "next") != nil {
			t.Fatalf("%d %v", status, users)
		}
		admin := s.admin()
		admin.signIn()
		if status, again := s.opal(admin.token, http.MethodGet, "/users"); status != http.StatusOK || len(list(again, "results")) != 1 {
			t.Errorf("with an access token: %d %v", status, again)
		}
		admin.token = s.boot.OpalToken // the API that has a sign-in of its own takes no API tokens
		admin.refused(http.StatusUnauthorized, http.MethodGet, "/api/v1/apps", nil)
		res, err := s.client().Get(s.boot.URL + "/docs/opal.json")
		if err != nil {
			t.Fatal(err)
		}
		if status, doc := decode(t, res); status != http.StatusOK || at(doc, "paths", "/users", "get") == nil {
			t.Errorf("its description: %d", status)
		}
	})
}

// secondDoor is the company as the Opal-compatible API sees it.
type secondDoor struct {
	*company

	item string // the reporting role
}

func newSecondDoor(c *company) secondDoor {
	c.t.Helper()
	d := secondDoor{company: c}
	d.item = d.uuid(text(c.admin.get("/api/v1/apps/"+c.appID+"/entitlements/"+c.reporting), "appEntitlementView", "appEntitlement", "appResourceId"))
	return d
}

// access is the path of the asker's direct access to the role.
func (d secondDoor) access() string {
	return "/v1/resources/" + d.item + "/users/" + d.uuid(d.asker.id)
}

func (d secondDoor) uuid(ksuid string) string { d.t.Helper(); return uuid(d.t, ksuid) }

// uuid is how that API shows an identity.
func uuid(t *testing.T, ksuid string) string {
	t.Helper()
	u, err := id.FromKSUID(ksuid)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// away has the deputy answer beside the manager in a window, and answers the delegation's identity.
func (d secondDoor) away(from, until time.Time) string {
	d.t.Helper()
	made := d.admin.post("/v1/delegations", object{
		"delegator_user_id": d.uuid(d.manager.id), "delegate_user_id": d.uuid(d.deputy.id), "start_time": stamp(from), "end_time": stamp(until),
		"reason": "on holiday",
	})
	return text(made, "id")
}

// reviewers are who is shown to decide on a request.
func (d secondDoor) reviewers(r *request) (ids []string) {
	d.t.Helper()
	for _, item := range list(d.admin.get("/v1/requests/"+d.uuid(r.id)), "reviewer_stages") {
		for _, stage := range list(item, "stages") {
			for _, reviewer := range list(stage, "reviewers") {
				ids = append(ids, text(reviewer, "id"))
			}
		}
	}
	return ids
}

// decide is an approval at that door, and its HTTP status.
func (d secondDoor) decide(e *employee, r *request) int {
	d.t.Helper()
	status, _ := e.try(http.MethodPost, "/v1/requests/"+d.uuid(r.id)+"/approve", object{"level": "REGULAR", "comment": "fine with me"})
	return status
}

// end is when the asker's access ends, as the one and as the other API shows it.
func (d secondDoor) end() (here, there time.Time) {
	d.t.Helper()
	parse := func(s string) time.Time {
		at, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			d.t.Fatalf("an end of %q", s)
		}
		return at
	}
	for _, v := range list(d.admin.get("/v1/resources/"+d.item+"/users"), "results") {
		if text(v, "user_id") == d.uuid(d.asker.id) {
			here = parse(text(v, "expiration_date"))
		}
	}
	for _, v := range list(d.admin.get("/api/v1/apps/"+d.appID+"/entitlements/"+d.reporting+"/users/"+d.asker.id+"/grants"), "bindings") {
		there = parse(text(v, "deprovisionAt"))
	}
	return here, there
}

// endsAt fails the story unless both APIs show this end.
func (d secondDoor) endsAt(want time.Time) {
	d.t.Helper()
	if here, there := d.end(); !here.Equal(there) || here.Sub(want).Abs() > time.Second {
		d.t.Errorf("the access ends %s and %s, want %s", here, there, want)
	}
}

// What is asked for through one API is decided through the other by who answers for the manager, for as long as they do, and the end
// that one of the two moves is where the other shows it.
func TestWhatIsDelegatedAtOneAPIIsDecidedForTheOther(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		c := newCompany(newOffice(t, s))
		d := newSecondDoor(c)
		c.decides(byManager, thenProvision)
		leave := s.now().Add(time.Hour)
		back := leave.Add(2 * time.Hour)
		d.away(leave, back)

		r := c.asks(c.asker, anHour)
		r.waitsFor(c.manager)
		if got := d.decide(c.deputy, r); got != http.StatusForbidden && got != http.StatusNotFound {
			t.Errorf("before the window: %d", got)
		}
		s.advance(time.Hour)
		if got := d.reviewers(r); !slices.Contains(got, d.uuid(c.manager.id)) || !slices.Contains(got, d.uuid(c.deputy.id)) {
			t.Errorf("in the window %v are shown to decide", got)
		}
		if got := d.decide(c.asker, r); got == http.StatusOK {
			t.Error("who asks decides")
		}
		if got := d.decide(c.deputy, r); got != http.StatusOK {
			t.Fatalf("in the window: %d", got)
		}
		r.ends(granted)
		if by := r.decisions(); len(by) == 0 || text(by[0], "userId") != c.deputy.id || text(by[0], "forUserId") != c.manager.id {
			t.Errorf("decided by %v", by)
		}
		c.await("Grace may", c.allowed)
		if !c.target.holds("reporting", c.asker.login) {
			t.Error("the database does not know")
		}
		d.endsAt(s.now().Add(time.Hour))

		c.admin.do(http.MethodPut, d.access(), object{"duration_minutes": 240})
		d.endsAt(s.now().Add(4 * time.Hour))
		end := s.now().Add(3 * time.Hour).Truncate(time.Second)
		c.admin.post(c.bindingPath("update-grant-duration"), object{"newDeprovisionAt": stamp(end)})
		d.endsAt(end)

		late := c.asks(c.deputy, anHour) // by somebody else, and no decision of theirs
		if got := d.decide(c.deputy, late); got == http.StatusOK {
			t.Error("a delegate decides what they asked for")
		}
		late.withdrawn(c.deputy)
		s.advance(back.Sub(s.now()))
		again := c.asks(c.owner, anHour)
		c.reports(c.owner, c.manager)
		c.await("the manager is asked", func() bool { return slices.Equal(again.deciders(), []string{c.manager.id}) })
		if got := d.decide(c.deputy, again); got != http.StatusForbidden && got != http.StatusNotFound {
			t.Errorf("after the window: %d", got)
		}
		if got := d.decide(c.manager, again); got != http.StatusOK {
			t.Errorf("the manager, back again: %d", got)
		}

		s.advance(end.Sub(s.now()))
		if c.allowed() {
			t.Error("Grace may at the end")
		}
		c.await("the database took it away", func() bool { return !c.target.holds("reporting", c.asker.login) })
		if status, answer := c.admin.try(http.MethodGet, d.access(), nil); status == http.StatusOK && len(list(answer, "data")) > 0 {
			t.Errorf("at the end the other API shows %v", answer)
		}
	})
}
