package opal_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// staff are people around the shop: Ada is managed by Mia, for whom Linus answers from one until two; Edith and Nina are keepers.
type staff struct {
	ada, mia, linus, edith, nina directory.User
	keepers                      string
}

func (d *door) staff(s shop) (p staff) {
	d.Helper()
	p.ada, p.mia, p.linus = d.person("Ada Byron", iam.BasicUser), d.person("Mia Example", iam.BasicUser), d.person("Linus Example", iam.BasicUser)
	p.edith, p.nina = d.person("Edith Clarke", iam.BasicUser), d.person("Nina Example", iam.BasicUser)
	d.manages(p.mia, p.ada)
	d.as(s.root, iam.SuperAdministrator)
	p.keepers = d.call("POST", "/owners", fmt.Sprintf(`{"name":"Keepers","user_ids":[%q,%q]}`, p.edith.ID, p.nina.ID)).text("owner_id")
	d.names[p.keepers] = "keepers"
	d.made("window", "id", "Linus answers beside Mia from one until two", "/delegations", fmt.Sprintf(
		`{"delegator_user_id":%q,"delegate_user_id":%q,"start_time":"2026-05-04T13:00:00Z","end_time":"2026-05-04T14:00:00Z","reason":"away"}`,
		p.mia.ID, p.linus.ID))
	return p
}

func (d *door) manages(manager, of directory.User) {
	d.Helper()
	if _, err := d.Directory.Update(iam.AsSystem(d.Context()), of.ID, func(u *directory.User) error {
		u.ManagerIDs = []directory.UserID{manager.ID}
		return nil
	}); err != nil {
		d.Fatal(err)
	}
}

// configure says how an item that is no group is asked for, as an administrator.
func (d *door) configure(s shop, itemID, configurations string) answer {
	d.Helper()
	who := d.who
	defer func() { d.who = who }()
	d.as(s.root, iam.SuperAdministrator)
	return d.want(http.StatusOK, "An administrator says how it is asked for", "PUT", "/resources",
		fmt.Sprintf(`{"resources":[{"resource_id":%q,"request_configurations":%s}]}`, itemID, configurations))
}

// askFor asks for a resource for an hour.
func (d *door) askFor(u directory.User, itemID string) string {
	d.Helper()
	d.as(u, iam.BasicUser)
	return d.made("asked", "id", u.DisplayName+" asks", "/requests",
		fmt.Sprintf(`{"resources":[{"id":%q}],"groups":[],"reason":"stock-taking","duration_minutes":60}`, itemID))
}

const regular = `{"level":"REGULAR"}`

func both(keepers string) string {
	return fmt.Sprintf(`[{"allow_requests":true,"auto_approval":false,"require_mfa_to_request":false,"require_support_ticket":false,"priority":0,
		"max_duration_minutes":120,"reviewer_stages":[
			{"operator":"AND","require_manager_approval":true,"require_admin_approval":false,"owner_ids":[%q]},
			{"operator":"OR","require_manager_approval":false,"require_admin_approval":true,"owner_ids":[]}]}]`, keepers)
}

func TestAStageOfAllAsksTheOwnersAndTheManagerWhoseDelegateMayAnswer(t *testing.T) {
	onDoor(t, "stages", func(d *door) {
		s := d.shop()
		p := d.staff(s)
		d.configure(s, s.orders, both(p.keepers))
		id := d.askFor(p.ada, s.orders)
		d.want(http.StatusOK, "Keepers and the manager are asked, and then who owns the app", "GET", "/requests/"+id, "")
		d.as(s.grace, iam.BasicUser)
		d.want(http.StatusForbidden, "Whose stage is to come does not decide yet", "POST", "/requests/"+id+"/approve", regular)
		d.as(p.edith, iam.BasicUser)
		d.want(http.StatusOK, "A keeper approves", "POST", "/requests/"+id+"/approve", regular)
		d.want(http.StatusConflict, "Once", "POST", "/requests/"+id+"/approve", regular)
		d.as(p.nina, iam.BasicUser)
		d.want(http.StatusOK, "The other keeper still sees it", "GET", "/requests/"+id, "")
		d.want(http.StatusConflict, "And comes too late", "POST", "/requests/"+id+"/approve", regular)
		if d.works(p.nina, id) || d.works(p.edith, id) || !d.works(p.mia, id) {
			d.Error("what waits for the manager is not the manager's work alone")
		}
		d.as(p.linus, iam.BasicUser)
		d.want(http.StatusNotFound, "The delegate sees nothing of it before the window", "POST", "/requests/"+id+"/approve", regular)
		d.clock.Advance(time.Hour)
		d.want(http.StatusOK, "The delegate of the manager approves", "POST", "/requests/"+id+"/approve", `{"level":"REGULAR","comment":"for Mia"}`)
		if d.holds(p.ada, s.orders) {
			d.Error("given before the last stage")
		}
		d.as(s.grace, iam.BasicUser)
		d.want(http.StatusOK, "Who owns the app approves", "POST", "/requests/"+id+"/approve", regular)
		if !d.holds(p.ada, s.orders) {
			d.Error("not given")
		}
	})
}

// works reports whether a request waits for somebody among their work.
func (d *door) works(u directory.User, id string) bool {
	d.Helper()
	found, err := d.Tasks.Work(d.Context(), u.ID, page.Request{Size: 10})
	if err != nil {
		d.Fatal(err)
	}
	return slices.ContainsFunc(found.Items, func(t task.Task) bool { return string(t.ID) == id })
}

func (d *door) item(itemID string) item.Item {
	d.Helper()
	i, err := item.Get(d.DB.Q(d.Context()), item.ID(itemID))
	if err != nil {
		d.Fatal(err)
	}
	return i
}

func TestTheSameIsAskedOfWhatWasAskedForAtTheOtherDoor(t *testing.T) {
	onDoor(t, "", func(d *door) {
		s := d.shop()
		p := d.staff(s)
		d.configure(s, s.orders, both(p.keepers))
		of := d.level(s.orders)
		ask := task.Ask{App: of.AppID, Entitlement: of.ID, Subject: p.ada.ID, Bound: true}
		ask.Duration = 3 * time.Hour
		if _, err := d.Tasks.RequestGrant(d.acting(p.ada), ask); !fault.Is(err, fault.Invalid) {
			d.Errorf("for longer than is allowed: %v", err)
		}
		ask.Duration, ask.Endless = 0, true
		if _, err := d.Tasks.RequestGrant(d.acting(p.ada), ask); !fault.Is(err, fault.Invalid) {
			d.Errorf("for good: %v", err)
		}
		ask.Endless = false
		made, err := d.Tasks.RequestGrant(d.acting(p.ada), ask)
		if err != nil {
			d.Fatal(err)
		}
		if made.Duration != 2*time.Hour {
			d.Errorf("for as long as is allowed: %s", made.Duration)
		}
		if _, err := d.Tasks.UpdateDuration(d.acting(p.ada), string(made.ID), 3*time.Hour); !fault.Is(err, fault.Invalid) {
			d.Errorf("made longer than is allowed: %v", err)
		}
		approve := func(u directory.User) error {
			d.Helper()
			now, err := d.Tasks.Get(d.Context(), string(made.ID))
			if err == nil {
				_, err = d.Tasks.Approve(d.acting(u), string(made.ID), now.Step(), "")
			}
			return err
		}
		if err := approve(p.linus); !fault.Is(err, fault.Denied) {
			d.Errorf("the delegate before the window: %v", err)
		}
		d.clock.Advance(time.Hour)
		for _, u := range []directory.User{p.linus, p.nina, s.grace} {
			if d.holds(p.ada, s.orders) {
				d.Error("given too soon")
			}
			if err := approve(u); err != nil {
				d.Fatalf("%s: %v", u.DisplayName, err)
			}
		}
		if !d.holds(p.ada, s.orders) {
			d.Error("not given")
		}
	})
}

func configuration(more string) string {
	return `[` + oneConfiguration(0, more) + `]`
}

func oneConfiguration(priority int, more string) string {
	text := fmt.Sprintf(`{"allow_requests":true,"auto_approval":false,"require_mfa_to_request":false,"require_support_ticket":false,"priority":%d`, priority)
	for said := range strings.SplitSeq(more, ";") {
		name, _, _ := strings.Cut(said, ":")
		if at := strings.Index(text, name+":"); at > 0 && name != "" {
			end := at + strings.IndexByte(text[at:]+",", ',')
			text = text[:at] + said + text[min(end, len(text)):]
		} else if said != "" {
			text += "," + said
		}
	}
	return text + "}"
}

func TestConfigurationsSayWhatCanBeAskedForAndHow(t *testing.T) {
	onDoor(t, "configurations", func(d *door) {
		s := d.shop()
		p := d.staff(s)
		asks := func(more string) string {
			return fmt.Sprintf(`{"resources":[{"id":%q}],"groups":[],"reason":"stock-taking"%s}`, s.orders, more)
		}
		d.configure(s, s.orders, configuration(`"auto_approval":true;"max_duration_minutes":60`))
		d.as(p.ada, iam.BasicUser)
		d.want(http.StatusBadRequest, "Longer than is allowed", "POST", "/requests", asks(`,"duration_minutes":61`))
		d.want(http.StatusBadRequest, "Without end", "POST", "/requests", asks(`,"duration_minutes":-1`))
		id := d.made("auto", "id", "What is approved by itself", "/requests", asks(`,"duration_minutes":60`))
		d.want(http.StatusOK, "Is approved", "GET", "/requests/"+id, "")
		if !d.holds(p.ada, s.orders) {
			d.Error("not given")
		}
		for _, c := range []struct {
			title, said string
			status      int
		}{
			{"What cannot be asked for", `"allow_requests":false`, http.StatusForbidden},
			{"What needs a ticket", `"require_support_ticket":true`, http.StatusBadRequest},
			{"What needs a second factor", `"require_mfa_to_request":true`, http.StatusForbidden},
		} {
			d.configure(s, s.orders, configuration(c.said))
			d.as(p.nina, iam.BasicUser)
			d.want(c.status, c.title, "POST", "/requests", asks(`,"duration_minutes":60`))
			d.as(s.root, iam.SuperAdministrator)
			d.want(c.status, c.title+", whoever asks", "POST", "/requests", asks(fmt.Sprintf(`,"duration_minutes":60,"target_user_id":%q`, p.nina.ID)))
		}
		d.configure(s, s.orders, configuration(`"require_support_ticket":true`))
		d.as(p.nina, iam.BasicUser)
		id = d.made("ticket", "id", "With a ticket", "/requests", asks(`,"duration_minutes":60,
			"support_ticket":{"ticketing_provider":"JIRA","remote_id":"1","identifier":"WH-1","url":"https://tickets.example.com/WH-1"}`))
		d.want(http.StatusOK, "Where nobody says who decides, the policy does", "GET", "/requests/"+id, "")
	})
}

func TestTheHighestConfigurationCountsWhoseConditionHolds(t *testing.T) {
	onDoor(t, "", func(d *door) {
		s := d.shop()
		p := d.staff(s)
		of := d.level(s.readers)
		account, err := d.Grants.AccountFor(iam.AsSystem(d.Context()), of.AppID, p.edith.ID)
		if err != nil {
			d.Fatal(err)
		}
		if _, err := d.Grants.Create(iam.AsSystem(d.Context()), grant.Key{App: of.AppID, Entitlement: of.ID, Account: account}, noon.Add(time.Hour)); err != nil {
			d.Fatal(err)
		}
		if _, err := d.Apps.CreateEntitlement(iam.AsSystem(d.Context()), app.Entitlement{
			AppID: s.app.ID, TypeID: d.item(s.orders).TypeID, ResourceID: app.ResourceID(s.orders), DisplayName: "Write", Slug: "write",
		}); err != nil {
			d.Fatal(err)
		}
		d.configure(s, s.orders, `[`+oneConfiguration(0, `"reviewer_stages":[{"operator":"AND","owner_ids":[],"require_manager_approval":true}]`)+`,`+
			oneConfiguration(1, fmt.Sprintf(`"auto_approval":true;"condition":{"group_ids":[%q]}`, s.readers))+`,`+
			oneConfiguration(2, `"allow_requests":false;"condition":{"role_remote_ids":["write"]}`)+`]`)
		d.as(p.edith, iam.BasicUser)
		ask := func(level string) answer {
			return d.call("POST", "/requests", fmt.Sprintf(
				`{"resources":[{"id":%q,"access_level_remote_id":%q}],"groups":[],"reason":"","duration_minutes":5}`, s.orders, level))
		}
		if a := ask("write"); a.status != http.StatusForbidden {
			d.Errorf("a level that nobody asks for: %d %v", a.status, a.body)
		}
		if a := ask(""); a.status != http.StatusOK || !d.holds(p.edith, s.orders) {
			d.Errorf("for a member of the group: %v", a.body)
		}
		id := d.askFor(p.ada, s.orders)
		d.as(p.mia, iam.BasicUser)
		if a := d.call("POST", "/requests/"+id+"/approve", regular); a.text("request.status") != "APPROVED" {
			d.Errorf("for others the manager decides: %v", a.body)
		}
		d.clock.Advance(time.Hour) // Edith is a reader no longer
		if a := ask(""); a.status == http.StatusOK && d.call("GET", "/requests/"+a.text("id"), "").text("status") == "APPROVED" {
			d.Error("a condition held of who has no access any more")
		}
	})
}

func TestAGrantPolicyThatIsChosenLaterDecidesUntilConfigurationsAreWrittenAgain(t *testing.T) {
	onDoor(t, "", func(d *door) {
		s := d.shop()
		p := d.staff(s)
		ctx := iam.AsSystem(d.Context())
		made, err := d.Policies.Create(ctx, policy.Policy{Kind: policy.Grant, DisplayName: "Nina decides", Steps: map[string][]policy.Step{
			"grant": {{Approval: &policy.Approval{Kind: policy.Users, UserIDs: []directory.UserID{p.nina.ID}}}},
		}})
		if err != nil {
			d.Fatal(err)
		}
		of := d.level(s.orders)
		choose := func(id policy.ID, again bool) {
			if _, err := d.Apps.UpdateEntitlement(ctx, of.AppID, of.ID, func(e *app.Entitlement) error {
				e.GrantPolicyID = app.PolicyID(id)
				e.Overruled = e.Overruled && !again
				return nil
			}); err != nil {
				d.Fatal(err)
			}
		}
		decides := func(want directory.User) {
			d.Helper()
			dry, err := d.Tasks.DryRun(d.acting(p.ada), task.Grant, task.Ask{App: of.AppID, Entitlement: of.ID, Subject: p.ada.ID, Duration: time.Hour})
			if err != nil {
				d.Fatal(err)
			}
			if got := dry.Steps[0].Users(); !slices.Equal(got, []directory.UserID{want.ID}) {
				d.Errorf("%v decide, want %s", got, want.DisplayName)
			}
		}
		manager := configuration(`"reviewer_stages":[{"operator":"AND","owner_ids":[],"require_manager_approval":true}]`)
		choose(made.ID, false)
		decides(p.nina)
		d.configure(s, s.orders, manager)
		decides(p.mia)
		choose(made.ID, true)
		decides(p.nina)
		d.configure(s, s.orders, manager) // the same, and said again
		decides(p.mia)
		choose("", false)
		decides(p.mia)
		choose(made.ID, false)
		decides(p.nina)
		if _, err := d.Tasks.RequestGrant(d.acting(p.ada), task.Ask{App: of.AppID, Entitlement: of.ID, Subject: p.ada.ID, Duration: time.Hour}); err != nil {
			d.Fatal(err)
		}
		d.configure(s, s.orders, configuration(`"max_duration_minutes":30;"reviewer_stages":[{"operator":"AND","owner_ids":[],"require_manager_approval":true}]`))
		choose(made.ID, true)
		if _, err := d.Tasks.DryRun(d.acting(p.ada), task.Grant, task.Ask{App: of.AppID, Entitlement: of.ID, Subject: p.ada.ID, Duration: time.Hour}); !fault.Is(err, fault.Invalid) {
			d.Errorf("the policy decides and the limit is gone: %v", err)
		}
		d.configure(s, s.orders, `[]`)
		decides(p.nina)
	})
}

func TestAConfigurationNamesWhoIsThere(t *testing.T) {
	onDoor(t, "", func(d *door) {
		s := d.shop()
		d.as(s.root, iam.SuperAdministrator)
		nobody := "0197a1b2-0000-7000-8000-000000000000"
		for field, said := range map[string]string{
			"owner_ids":        fmt.Sprintf(`"owner_ids":[%q]`, nobody),
			"service_user_ids": fmt.Sprintf(`"owner_ids":[],"service_user_ids":[%q]`, nobody),
		} {
			d.refused(http.StatusBadRequest, "PUT", "/resources", map[string]string{
				field: fmt.Sprintf(`{"resources":[{"resource_id":%q,"request_configurations":%s}]}`, s.orders,
					configuration(`"reviewer_stages":[{"operator":"OR",`+said+`}]`)),
			})
		}
		d.configure(s, s.orders, configuration(fmt.Sprintf(`"reviewer_stages":[{"operator":"OR","owner_ids":[%q]}]`, string(s.app.ID))))
	})
}

func TestAnEmergencyWithoutAPolicyOfItsOwnIsDecidedAsTheItemIsConfigured(t *testing.T) {
	onDoor(t, "", func(d *door) {
		s := d.shop()
		p := d.staff(s)
		of := d.level(s.orders)
		d.configure(s, s.orders, configuration(`"reviewer_stages":[{"operator":"AND","owner_ids":[],"require_manager_approval":true}]`))
		ask := task.Ask{App: of.AppID, Entitlement: of.ID, Subject: p.ada.ID, Duration: time.Hour, Emergency: true}
		if _, err := d.Tasks.DryRun(d.acting(p.ada), task.Grant, ask); !fault.Is(err, fault.Precondition) {
			d.Errorf("an emergency that is not allowed: %v", err)
		}
		if _, err := d.Apps.UpdateEntitlement(iam.AsSystem(d.Context()), of.AppID, of.ID, func(e *app.Entitlement) error {
			e.EmergencyGrantEnabled = true
			return nil
		}); err != nil {
			d.Fatal(err)
		}
		dry, err := d.Tasks.DryRun(d.acting(p.ada), task.Grant, ask)
		if err != nil {
			d.Fatal(err)
		}
		if got := dry.Steps[0].Users(); !slices.Equal(got, []directory.UserID{p.mia.ID}) {
			d.Errorf("%v decide, want the manager", got)
		}
	})
}
