package opal_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/owner"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/fault"
)

// shop is an app that Grace owns, with two things in it that everybody may ask for.
type shop struct {
	app             app.App
	grace, root     directory.User
	orders, readers string
	catalog         catalog.Catalog
}

func (d *door) shop() (s shop) {
	d.Helper()
	s.grace, s.root = d.person("Grace Hopper", iam.BasicUser), d.person("Root", iam.SuperAdministrator)
	s.app = d.app("warehouse")
	ctx := iam.AsSystem(d.Context())
	if err := d.Owners.Set(ctx, owner.OfApp(s.app.ID), owner.Primary, []directory.UserID{s.grace.ID}, nil); err != nil {
		d.Fatal(err)
	}
	var err error
	if s.catalog, err = d.Catalogs.Create(ctx, catalog.Catalog{DisplayName: "All", Published: true, Everyone: true}); err != nil {
		d.Fatal(err)
	}
	s.orders = d.thing(s, "Orders", false)
	s.readers = d.thing(s, "Readers", true)
	return s
}

// thing makes an item that everybody may ask for.
func (d *door) thing(s shop, name string, group bool) string {
	d.Helper()
	ctx := iam.AsSystem(d.Context())
	i, err := d.Items.Create(ctx, item.Draft{AppID: s.app.ID, Group: group, Name: name})
	if err != nil {
		d.Fatal(err)
	}
	d.names[string(i.ID)] = name
	if err := d.Catalogs.Add(ctx, s.catalog.ID, []app.EntitlementRef{d.level(string(i.ID))}); err != nil {
		d.Fatal(err)
	}
	return string(i.ID)
}

// holds reports whether u has the default level of an item at this moment.
func (d *door) holds(u directory.User, itemID string) bool {
	d.Helper()
	of, ctx := d.level(itemID), iam.AsSystem(d.Context())
	account, err := d.Grants.AccountFor(ctx, of.AppID, u.ID)
	if err != nil {
		d.Fatal(err)
	}
	g, err := d.Grants.Get(ctx, grant.Key{App: of.AppID, Entitlement: of.ID, Account: account})
	if err != nil && !fault.Is(err, fault.NotFound) {
		d.Fatal(err)
	}
	return err == nil && g.Live(d.clock.Now())
}

// acting is a context in which u acts outside of this door.
func (d *door) acting(u directory.User) context.Context {
	ctx := iam.WithPrincipal(d.Context(), &iam.Principal{UserID: u.ID, Name: u.DisplayName})
	return audit.With(ctx, audit.Actor{Kind: audit.KindUser, UserID: string(u.ID), Name: u.DisplayName})
}

func TestARequestIsMadeShownCommentedAndDecided(t *testing.T) {
	onDoor(t, "requests", func(d *door) {
		s := d.shop()
		ada := d.person("Ada Byron", iam.BasicUser)
		both := fmt.Sprintf(`{"resources":[{"id":%q}],"groups":[{"id":%q,"access_level_remote_id":""}],"reason":"stock-taking","duration_minutes":90,
			"support_ticket":{"ticketing_provider":"JIRA","remote_id":"1","identifier":"WH-1","url":"https://tickets.example.com/WH-1"},
			"custom_metadata":[{"name":"Floor","type":"SHORT_TEXT","value":"2"},{"name":"Urgent","type":"BOOLEAN","value":"true"}]}`, s.orders, s.readers)
		id := d.made("both", "id", "Ada asks for a resource and a group", "/requests", both)
		d.want(http.StatusConflict, "Nobody asks twice for the same", "POST", "/requests", both)
		d.want(http.StatusOK, "She sees it", "GET", "/requests/"+id, "")
		d.want(http.StatusForbidden, "And does not approve it herself", "POST", "/requests/"+id+"/approve", `{"level":"REGULAR"}`)
		d.want(http.StatusOK, "She says more about it", "POST", "/requests/"+id+"/comments", `{"comment":"It is the yearly one."}`)
		d.as(s.grace, iam.BasicUser)
		d.want(http.StatusOK, "One approval of Grace, who is asked about both, counts for both", "POST", "/requests/"+id+"/approve",
			`{"level":"REGULAR","comment":"Go ahead"}`)
		if !d.holds(ada, s.orders) || !d.holds(ada, s.readers) {
			d.Error("Ada has not got what she asked for")
		}
		d.want(http.StatusOK, "The comments", "GET", "/requests/"+id+"/comments", "")
		d.want(http.StatusConflict, "It is decided", "POST", "/requests/"+id+"/deny", `{"comment":"Too late"}`)
		d.clock.Advance(90 * time.Minute)

		d.as(ada, iam.BasicUser)
		printer := d.thing(s, "Printer", false)
		second := d.made("second", "id", "Without end", "/requests",
			fmt.Sprintf(`{"resources":[{"id":%q}],"groups":null,"reason":"I print","duration_minutes":-1}`, printer))
		d.as(s.root, iam.SuperAdministrator)
		d.want(http.StatusForbidden, "An administrator is no reviewer", "POST", "/requests/"+second+"/approve", `{"level":"REGULAR"}`)
		d.want(http.StatusOK, "But approves in place of them", "POST", "/requests/"+second+"/approve", `{"level":"ADMIN","comment":"as agreed"}`)
		d.as(ada, iam.BasicUser)
		third := d.made("third", "id", "Several again", "/requests", fmt.Sprintf(
			`{"resources":[{"id":%q},{"id":%q}],"groups":[],"reason":"once more","duration_minutes":30}`, d.thing(s, "Ledger", false), d.thing(s, "Vault", false)))
		d.as(s.grace, iam.BasicUser)
		d.want(http.StatusBadRequest, "A denial has a reason", "POST", "/requests/"+third+"/deny", `{}`)
		d.want(http.StatusOK, "A denial denies all of it", "POST", "/requests/"+third+"/deny", `{"comment":"Not again"}`)

		d.want(http.StatusOK, "Grace lists what she had a part in", "GET", "/requests?page_size=2", "")
		next := d.call("GET", "/requests?page_size=2", "").text("cursor")
		d.want(http.StatusOK, "The next page", "GET", "/requests?page_size=2&cursor="+next, "")
		d.want(http.StatusOK, "Of a group", "GET", "/requests?group_id="+s.readers+"&requester_id="+string(ada.ID), "")
		d.want(http.StatusOK, "None is pending", "GET", "/requests?show_pending_only=true", "")
		d.want(http.StatusOK, "By date", "GET", "/requests?start_date_filter=2026-05-05&end_date_filter=2026-05-06T00:00:00Z", "")
		d.want(http.StatusBadRequest, "No date", "GET", "/requests?start_date_filter=yesterday", "")
		d.want(http.StatusOK, "As a connection", "GET", "/requests/relay?first=1&status=DENIED&from="+string(ada.ID), "")
		d.person("Linus", iam.BasicUser)
		d.want(http.StatusNotFound, "Others do not see it", "GET", "/requests/"+id, "")
		d.want(http.StatusNotFound, "Nor decide it", "POST", "/requests/"+id+"/approve", `{"level":"ADMIN"}`)
		d.want(http.StatusOK, "Nor list it", "GET", "/requests", "")
		d.want(http.StatusForbidden, "Nor ask for others", "POST", "/requests", fmt.Sprintf(
			`{"resources":[{"id":%q}],"groups":[],"reason":"","duration_minutes":5,"target_user_id":%q}`, s.orders, ada.ID))
		d.want(http.StatusForbidden, "Nor for a group that they do not lead", "POST", "/requests", fmt.Sprintf(
			`{"resources":[{"id":%q}],"groups":[],"reason":"","duration_minutes":5,"target_group_id":%q}`, s.orders, s.readers))
		d.refused(http.StatusBadRequest, "POST", "/requests", map[string]string{
			"resources":        `{"resources":[],"groups":[],"reason":"","duration_minutes":5}`,
			"duration_minutes": fmt.Sprintf(`{"resources":[{"id":%q}],"groups":[],"reason":"","duration_minutes":0}`, s.orders),
			"twice":            fmt.Sprintf(`{"resources":[{"id":%q},{"id":%[1]q}],"groups":[],"reason":"","duration_minutes":5}`, s.orders),
			"reason":           fmt.Sprintf(`{"resources":[{"id":%q}],"groups":[],"duration_minutes":5}`, s.orders),
		})
	})
}

// Somebody asks at the C1 door; who answers for the owner for a while approves at this one, inside the window only.
func TestADelegateApprovesWhatWasAskedForAtTheOtherDoorWhileTheWindowIsOpen(t *testing.T) {
	onDoor(t, "", func(d *door) {
		s := d.shop()
		ada, linus := d.person("Ada Byron", iam.BasicUser), d.person("Linus Example", iam.BasicUser)
		asked := func(itemID string) string {
			of := d.level(itemID)
			made, err := d.Tasks.RequestGrant(d.acting(ada), task.Ask{App: of.AppID, Entitlement: of.ID, Subject: ada.ID, Duration: time.Hour, Bound: true})
			if err != nil {
				d.Fatal(err)
			}
			return string(made.ID)
		}
		first, second := asked(s.orders), asked(s.readers)
		d.as(s.grace, iam.BasicUser)
		d.made("window", "id", "Grace is away from one until two", "/delegations", fmt.Sprintf(
			`{"delegator_user_id":%q,"delegate_user_id":%q,"start_time":"2026-05-04T13:00:00Z","end_time":"2026-05-04T14:00:00Z","reason":"away"}`,
			s.grace.ID, linus.ID))
		yes := `{"level":"REGULAR"}`
		d.as(linus, iam.BasicUser)
		d.clock.Advance(time.Hour - time.Microsecond)
		d.want(http.StatusNotFound, "The window is not open", "POST", "/requests/"+first+"/approve", yes)
		d.clock.Advance(time.Microsecond)
		shown := d.want(http.StatusOK, "Now it is", "GET", "/requests/"+first, "")
		found := false
		for n := range 2 {
			at := fmt.Sprintf("reviewer_stages.0.stages.0.reviewers.%d.", n)
			if shown.text(at+"id") == string(linus.ID) {
				found = shown.text(at+"delegated_from") == string(s.grace.ID) && shown.text(at+"full_name") == linus.DisplayName
			} else if shown.text(at+"id") != string(s.grace.ID) || shown.at(at+"delegated_from") != nil {
				d.Errorf("reviewer %v", shown.at(at))
			}
		}
		if !found {
			d.Errorf("the delegate is not shown: %v", shown.at("reviewer_stages"))
		}
		if list := d.call("GET", "/requests?show_pending_only=true", ""); len(list.body.(map[string]any)["requests"].([]any)) != 2 {
			d.Errorf("the delegate's list: %v", list.body)
		}
		done := d.want(http.StatusOK, "The delegate approves", "POST", "/requests/"+first+"/approve", yes)
		if done.text("request.status") != "APPROVED" || done.text("request.stages.stages.0.reviewers.0.delegated_from") != string(s.grace.ID) {
			d.Errorf("after the approval: %v", done.body)
		}
		if !d.holds(ada, s.orders) {
			d.Error("Ada has not got what the delegate approved")
		}
		d.clock.Advance(time.Hour)
		d.want(http.StatusNotFound, "The window has just closed", "POST", "/requests/"+second+"/approve", yes)
		if d.holds(ada, s.readers) {
			d.Error("access was given after the window")
		}
	})
}
