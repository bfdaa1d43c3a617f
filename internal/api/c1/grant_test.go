package c1_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// granting adds to a door what grants stand on, with a target that is a set of memberships.
type granting struct {
	*door

	target *granttest.Set
}

func onGrantDoors(t *testing.T, name string, test func(d granting)) {
	t.Helper()
	onDoors(t, name, func(d *door) { test(d.granting()) })
}

// granting adds grants to the door.
func (d *door) granting() granting {
	d.Helper()
	g := granting{d, granttest.NewSet()}
	d.deps.Provision = provision.New(provision.Deps{
		DB: d.deps.DB, Clock: d.clock, Log: slog.New(slog.DiscardHandler), Targets: g.target,
	})
	d.deps.Grants = grant.New(grant.Deps{
		DB: d.deps.DB, Clock: d.clock, Audit: d.deps.Audit, Apps: d.deps.Apps, Provision: d.deps.Provision,
	})
	d.deps.Provision.Tell(d.deps.Grants)
	d.deps.Directory.Tell(d.deps.Grants)
	d.deps.Apps.Tell(d.deps.Grants)
	d.nameBuiltins()
	return g
}

// settle does what is due.
func (d granting) settle() {
	d.Helper()
	for {
		ended, err := d.deps.Grants.Ender().Run(d.Context(), d.clock.Now())
		if err != nil {
			d.Fatal(err)
		}
		done, err := d.deps.Provision.Sources()[0].Run(d.Context(), d.clock.Now())
		if err != nil {
			d.Fatal(err)
		}
		if ended+done == 0 {
			return
		}
	}
}

// account makes an account of a user in an app.
func (d granting) account(name, appID string, of directory.UserID) string {
	d.Helper()
	return d.made(name, "appUser.id", "An account", "/api/interim/v1/apps/"+appID+"/accounts",
		`{"identityUserId":"`+c1.KSUID(of)+`","username":"`+name+`","email":"`+name+`@example.com"}`)
}

// connected is an app whose connector has one account and one entitlement.
func (d granting) connected(of directory.User) (appID, entitlementID, accountID string) {
	d.Helper()
	appID = d.made("vault", "app.id", "An app with a connector", "/api/v1/apps", `{"displayName":"Vault"}`)
	uuid, err := c1.ID[app.ID]("appId", "app", appID)
	d.ok(err)
	c, err := d.deps.Apps.CreateConnector(d.Context(), app.Connector{AppID: uuid, Kind: "set", Config: []byte("sealed")})
	d.ok(err)
	d.ok(d.deps.DB.Write(d.Context(), func(tx *db.Tx) error {
		accounts, _, err := d.deps.Apps.UpsertAccounts(tx, c.Ref(), []app.SeenAccount{{ExternalID: "a", Username: "grace", Email: of.Email}})
		if err != nil {
			return err
		}
		entitlements, _, err := d.deps.Apps.UpsertEntitlements(tx, c.Ref(), []app.SeenEntitlement{{
			ExternalID: "e", TypeID: app.CredentialType, ResourceID: app.AccessResource, DisplayName: "Openers", Slug: "member",
		}})
		accountID, entitlementID = c1.KSUID(accounts["a"]), c1.KSUID(entitlements["e"])
		return err
	}))
	d.names[accountID], d.names[entitlementID] = "grace in vault", "openers"
	return appID, entitlementID, accountID
}

// instant spells a moment after the door opened.
func (d granting) instant(after time.Duration) string {
	return time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC).Add(after).Format(time.RFC3339Nano)
}

func TestAGrantFromItsGivingToItsEnd(t *testing.T) {
	onGrantDoors(t, "grants", func(d granting) {
		grace := d.person("Grace", "system:user")
		d.person("Ada", "system:owner")
		wiki, _, writers, member := d.catalog()
		account := d.account("grace-in-wiki", wiki, grace.ID)
		d.account("spare", wiki, grace.ID)
		give := "/api/interim/v1/apps/" + wiki + "/entitlements/" + member + "/grants"
		one := "/api/v1/apps/" + wiki + "/entitlements/" + member + "/users/" + account
		of := "/api/v1/apps/" + wiki + "/entitlements/" + member + "/users/" + c1.KSUID(grace.ID) + "/grants"
		check := func(title string) {
			d.want(200, title, "POST", "/api/interim/v1/access/check",
				`{"userId":"`+c1.KSUID(grace.ID)+`","appId":"`+wiki+`","appEntitlementId":"`+member+`"}`)
		}

		check("Nothing was given yet")
		d.want(200, "Give until ten", "POST", give, `{"appUserId":"`+account+`","deprovisionAt":"`+d.instant(2*time.Hour)+`"}`)
		check("Held until ten")
		d.want(200, "Who has it is seen from the person", "GET", of, "")
		d.want(200, "Move the end", "POST", one+"/update-grant-duration", `{"newDeprovisionAt":"`+d.instant(3*time.Hour)+`"}`)
		d.want(200, "Clear the end", "POST", one+"/remove-grant-duration", `{}`)
		d.want(200, "Set it again, sooner", "POST", one+"/update-grant-duration", `{"newDeprovisionAt":"`+d.instant(time.Hour)+`"}`)
		d.want(200, "Search", "POST", "/api/v1/search/grants", `{"userId":"`+c1.KSUID(grace.ID)+`","appIds":["`+wiki+`"],
			"appUserIds":["`+account+`"],"entitlementRefs":[{"appId":"`+wiki+`","id":"`+member+`"}],"resourceIds":["`+writers+`"],
			"expandMask":{"paths":["*"]}}`)
		d.want(200, "Holders", "GET", "/api/v1/apps/"+wiki+"/entitlements/"+member+"/users", "")

		d.clock.Advance(time.Hour)
		check("At the end, before anybody noticed")
		d.want(200, "The person no longer has it", "GET", of, "")
		if a := d.call("POST", "/api/v1/search/grants", `{}`); len(a.list()) != 0 {
			t.Errorf("still found: %v", a.body)
		}
		d.want(409, "What has ended cannot be moved", "POST", one+"/update-grant-duration", `{"newDeprovisionAt":"`+d.instant(3*time.Hour)+`"}`)
		d.settle()
		d.want(404, "Nor can what is gone", "POST", one+"/update-grant-duration", `{"newDeprovisionAt":"`+d.instant(3*time.Hour)+`"}`)
		d.clock.Advance(time.Hour)
		d.want(200, "Give again without an end", "POST", give, `{"appUserId":"`+account+`"}`)
		d.clock.Advance(time.Hour)
		d.want(200, "Take it", "DELETE", give+"/"+account, `{"reason":"moved to another team"}`)
		d.want(200, "Its whole history", "GET", "/api/v1/apps/"+wiki+"/entitlements/"+member+"/grants", "")
		d.want(200, "What is past", "POST", "/api/v1/search/past-grants", `{"appIds":["`+wiki+`"],"expandMask":{"paths":["*"]}}`)
		d.want(200, "The feed, newest first", "POST", "/api/v1/grants/feed", `{"appRefs":[{"id":"`+wiki+`"}],"pageSize":3,"expandMask":{"paths":["app_user_id"]}}`)
		d.want(200, "As of half past eight", "POST", "/api/interim/v1/search/grants_as_of",
			`{"at":"`+d.instant(30*time.Minute)+`","appIds":["`+wiki+`"],"userIds":["`+c1.KSUID(grace.ID)+`"]}`)
		d.want(200, "As of half past nine, when nobody had it", "POST", "/api/interim/v1/search/grants_as_of", `{"at":"`+d.instant(90*time.Minute)+`"}`)
		d.want(200, "As of half past ten", "POST", "/api/interim/v1/search/grants_as_of",
			`{"at":"`+d.instant(150*time.Minute)+`","appEntitlementRefs":[{"appId":"`+wiki+`","id":"`+member+`"}]}`)
	})
}

func TestAGrantWhoseTargetIsDownIsOverdue(t *testing.T) {
	onGrantDoors(t, "grants_overdue", func(d granting) {
		grace := d.person("Grace", "system:user")
		d.person("Ada", "system:owner")
		vault, openers, account := d.connected(grace)
		give := "/api/interim/v1/apps/" + vault + "/entitlements/" + openers + "/grants"
		ask := `{"appUserId":"` + account + `","appId":"` + vault + `","appEntitlementId":"` + openers + `"}`
		d.want(200, "Give", "POST", give, `{"appUserId":"`+account+`","deprovisionAt":"`+d.instant(time.Hour)+`"}`)
		d.want(200, "Not provisioned yet", "POST", "/api/interim/v1/access/check", ask)
		d.settle()
		d.want(200, "In force", "POST", "/api/interim/v1/access/check", ask)
		d.target.Down(fault.New(fault.Unavailable, "the target cannot be reached"))
		d.clock.Advance(time.Hour)
		d.settle()
		d.clock.Advance(90 * time.Second)
		d.want(200, "Denied, whatever the target does", "POST", "/api/interim/v1/access/check", ask)
		d.want(200, "Seen as overdue", "POST", "/api/interim/v1/search/overdue_grants", `{"appIds":["`+vault+`"]}`)
		d.want(409, "Not to be given while it is being removed", "POST", give, `{"appUserId":"`+account+`"}`)
		d.target.Down(nil)
		d.clock.Advance(10 * time.Minute)
		d.settle()
		if a := d.call("POST", "/api/interim/v1/search/overdue_grants", `{}`); len(a.list()) != 0 {
			t.Errorf("still overdue: %v", a.body)
		}
		d.want(200, "Removed at last, long after the end", "POST", "/api/interim/v1/search/grants_as_of", `{"at":"`+d.instant(time.Minute)+`"}`)
	})
}

func TestMembersAreAddedThroughTheirAccounts(t *testing.T) {
	onGrantDoors(t, "grants_members", func(d granting) {
		grace, linus, gone := d.person("Grace", "system:user"), d.person("Linus", "system:user"), d.person("Gone", "system:user")
		d.person("Ada", "system:owner")
		if _, err := d.deps.Directory.Disable(d.Context(), gone.ID, ""); err != nil {
			t.Fatal(err)
		}
		wiki, _, _, member := d.catalog()
		d.account("grace-in-wiki", wiki, grace.ID)
		add := "/api/v1/apps/" + wiki + "/entitlements/" + member + "/add-manual-user"
		users := func(ids ...string) string { return `{"userIds":["` + strings.Join(ids, `","`) + `"]}` }
		stranger := "000000000000000000000000000"
		a := d.want(200, "Two have it, two cannot", "POST", add, users(c1.KSUID(grace.ID), c1.KSUID(linus.ID), c1.KSUID(gone.ID), stranger))
		if failed, _ := a.at("failedUsersErrorMap").(map[string]any); len(failed) != 2 || failed[c1.KSUID(gone.ID)] == nil || failed[stranger] == nil {
			t.Errorf("failed: %v", failed)
		}
		d.want(200, "Holders", "GET", "/api/v1/apps/"+wiki+"/entitlements/"+member+"/users", "")
		d.invalid("POST", add, map[string]string{"userIds": `{}`, "userIds'": users("x")})
		vault, openers, _ := d.connected(grace)
		d.want(400, "Not where a connector says who has it", "POST", "/api/v1/apps/"+vault+"/entitlements/"+openers+"/add-manual-user", users(c1.KSUID(grace.ID)))
	})
}

func TestBadInputAboutGrantsIsNamed(t *testing.T) {
	onGrantDoors(t, "", func(d granting) {
		grace := d.person("Grace", "system:user")
		d.person("Ada", "system:application-admin")
		wiki, _, _, member := d.catalog()
		account := d.account("grace-in-wiki", wiki, grace.ID)
		d.call("POST", "/api/v1/apps/"+wiki+"/entitlements/"+member, `{"entitlement":{"durationGrant":"28800s"}}`)
		give := "/api/interim/v1/apps/" + wiki + "/entitlements/" + member + "/grants"
		one := "/api/v1/apps/" + wiki + "/entitlements/" + member + "/users/" + account
		d.invalid("POST", give, map[string]string{
			"appUserId": `{}`, "appUserId'": `{"appUserId":"x"}`,
			"deprovisionAt":   `{"appUserId":"` + account + `","deprovisionAt":"` + d.instant(-time.Second) + `"}`,
			"deprovisionAt'":  `{"appUserId":"` + account + `","deprovisionAt":"` + d.instant(9*time.Hour) + `"}`,
			"deprovisionAt''": `{"appUserId":"` + account + `"}`,
			"color":           `{"color":"red"}`,
		})
		d.want(200, "", "POST", give, `{"appUserId":"`+account+`","deprovisionAt":"`+d.instant(time.Hour)+`"}`)
		d.invalid("POST", one+"/update-grant-duration", map[string]string{
			"newDeprovisionAt": `{}`, "newDeprovisionAt'": `{"newDeprovisionAt":"` + d.instant(0) + `"}`,
			"newDeprovisionAt''": `{"newDeprovisionAt":"` + d.instant(8*time.Hour+time.Microsecond) + `"}`,
			"grant duration must be less than or equal to max provision time)": `{"newDeprovisionAt":"` + d.instant(100*time.Hour) + `"}`,
		})
		d.invalid("POST", one+"/remove-grant-duration", map[string]string{"max provision time)": `{}`})
		d.invalid("DELETE", give+"/"+account, map[string]string{"reason": `{"reason":"` + strings.Repeat("x", 1025) + `"}`})
		d.invalid("POST", "/api/v1/search/grants", map[string]string{
			"appIds": `{"appIds":["x"]}`, "appUserIds": `{"appUserIds":["x"]}`, "userId": `{"userId":"x"}`, "entitlementRefs.appId": `{"entitlementRefs":[{"id":"` + member + `"}]}`,
			"resourceIds": `{"resourceIds":["x"]}`, "resourceTypeIds": `{"resourceTypeIds":["x"]}`, "purpose": `{"purpose":[0]}`,
			"entitlementSlugs": `{"entitlementSlugs":["` + strings.Repeat("x", 1025) + `"]}`, "expandMask": `{"expandMask":{"paths":["color"]}}`,
			"pageToken": `{"pageToken":"x"}`, "filter": `{"filter":"x"}`,
		})
		d.invalid("POST", "/api/v1/grants/feed", map[string]string{
			"appRefs.id": `{"appRefs":[{}]}`, "userRefs.id": `{"userRefs":[{"id":"x"}]}`, "appUserRefs.appId": `{"appUserRefs":[{"id":"` + account + `"}]}`, "expandMask": `{"expandMask":{"paths":["color"]}}`,
		})
		d.invalid("POST", "/api/v1/search/past-grants", map[string]string{"appIds": `{"appIds":["x"]}`, "appEntitlementRefs.id": `{"appEntitlementRefs":[{"appId":"` + wiki + `"}]}`})
		d.invalid("POST", "/api/interim/v1/search/grants_as_of", map[string]string{
			"at": `{}`, "at'": `{"at":"` + d.instant(time.Second) + `"}`, "appIds": `{"at":"` + d.instant(0) + `","appIds":["x"]}`, "userIds": `{"at":"` + d.instant(0) + `","userIds":["x"]}`,
		})
		d.invalid("POST", "/api/interim/v1/search/overdue_grants", map[string]string{"appIds": `{"appIds":["x"]}`})
		d.invalid("POST", "/api/interim/v1/access/check", map[string]string{
			"appId": `{}`, "userId": `{"appId":"` + wiki + `","appEntitlementId":"` + member + `"}`, "appEntitlementId": `{"appId":"` + wiki + `","userId":"` + account + `"}`,
		})
		stranger := "000000000000000000000000000"
		for _, path := range []string{
			strings.Replace(one, account, stranger, 1) + "/remove-grant-duration", strings.Replace(one, member, stranger, 1) + "/remove-grant-duration",
			strings.Replace(one, wiki, stranger, 1) + "/remove-grant-duration",
		} {
			if a := d.call("POST", path, `{}`); a.status != http.StatusNotFound {
				t.Errorf("%s: %d %v", path, a.status, a.body)
			}
		}
	})
}

// Under Own scope every list is the caller's own, and nobody else can be asked about.
func TestAColleagueSeesOnlyTheirOwnGrants(t *testing.T) {
	onGrantDoors(t, "", func(d granting) {
		grace, linus := d.person("Grace", "system:user"), d.person("Linus", "system:user")
		d.person("Ada", "system:owner")
		wiki, _, _, member := d.catalog()
		for name, u := range map[string]directory.User{"grace-in-wiki": grace, "linus-in-wiki": linus} {
			account := d.account(name, wiki, u.ID)
			d.want(200, "", "POST", "/api/interim/v1/apps/"+wiki+"/entitlements/"+member+"/grants", `{"appUserId":"`+account+`"}`)
		}
		graces := d.call("GET", "/api/v1/apps/"+wiki+"/entitlements/"+member+"/users/"+c1.KSUID(grace.ID)+"/grants", "").text("bindings.0.appUserId")
		d.clock.Advance(time.Minute)
		d.as(linus, "system:user")
		for _, l := range []struct{ method, path, body, who string }{
			{"POST", "/api/v1/search/grants", `{}`, "appEntitlementUserBinding.appUserId"},
			{"POST", "/api/v1/search/grants", `{"userId":"` + c1.KSUID(linus.ID) + `"}`, "appEntitlementUserBinding.appUserId"},
			{"POST", "/api/v1/grants/feed", `{}`, "feed.appUserId"},
			{"GET", "/api/v1/apps/" + wiki + "/entitlements/" + member + "/users", "", "appUserId"},
			{"GET", "/api/v1/apps/" + wiki + "/entitlements/" + member + "/grants", "", "appUserId"},
			{"POST", "/api/interim/v1/search/grants_as_of", `{"at":"` + d.instant(30*time.Second) + `"}`, "binding.appUserId"},
		} {
			a := d.call(l.method, l.path, l.body)
			if a.status != 200 || len(a.list()) != 1 || a.text("list.0."+l.who) == graces {
				t.Errorf("%s %s %s: %d %v", l.method, l.path, l.body, a.status, a.body)
			}
		}
		if a := d.call("POST", "/api/v1/search/grants", `{"userId":"`+c1.KSUID(grace.ID)+`"}`); a.status != 200 || len(a.list()) != 0 {
			t.Errorf("Grace's: %d %v", a.status, a.body)
		}
		d.want(200, "", "GET", "/api/v1/apps/"+wiki+"/entitlements/"+member+"/users/"+c1.KSUID(linus.ID)+"/grants", "")
		for _, q := range []struct{ method, path, body string }{
			{"GET", "/api/v1/apps/" + wiki + "/entitlements/" + member + "/users/" + c1.KSUID(grace.ID) + "/grants", ""},
			{"POST", "/api/interim/v1/access/check", `{"userId":"` + c1.KSUID(grace.ID) + `","appId":"` + wiki + `","appEntitlementId":"` + member + `"}`},
			{"POST", "/api/interim/v1/access/check", `{"appUserId":"` + graces + `","appId":"` + wiki + `","appEntitlementId":"` + member + `"}`},
			{"POST", "/api/interim/v1/search/overdue_grants", `{}`},
			{"POST", "/api/v1/apps/" + wiki + "/entitlements/" + member + "/users/" + graces + "/remove-grant-duration", `{}`},
			{"DELETE", "/api/interim/v1/apps/" + wiki + "/entitlements/" + member + "/grants/" + graces, `{}`},
		} {
			if a := d.call(q.method, q.path, q.body); a.status != http.StatusForbidden {
				t.Errorf("%s %s %s: %d %v", q.method, q.path, q.body, a.status, a.body)
			}
		}
	})
}
