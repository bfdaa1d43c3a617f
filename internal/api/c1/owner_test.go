package c1_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
)

const noOwner = "287oY0rG4UirjDNFEYguMBvxyim" // a well-formed id of nobody

// owners is a door before which there is something of every kind that can be owned.
type owners struct {
	granting

	ada, grace           directory.User // an administrator; a Basic User
	app, team            string         // an app, and another one with an entitlement that makes owners
	teamApp              string
	typ, resource, entry string // in app: a resource type, a resource of it, an entitlement of that
	account, connector   string // in app; the account is Grace's
}

func onOwnerDoors(t *testing.T, name string, test func(d owners)) {
	t.Helper()
	onGrantDoors(t, name, func(g granting) {
		d := owners{granting: g}
		d.grace = d.person("Grace", iam.BasicUser)
		d.ada = d.person("Ada", iam.SuperAdministrator)
		d.app, d.typ, d.resource, d.entry = d.catalog()
		d.account = d.granting.account("grace-in-app", d.app, d.grace.ID)
		d.teamApp = d.made("teams", "app.id", "", "/api/v1/apps", `{"displayName":"Teams"}`)
		d.team = c1.KSUID(app.AccessEntitlement)
		appID, err := c1.ID[app.ID]("appId", "app", d.app)
		d.ok(err)
		c, err := d.deps.Apps.CreateConnector(d.Context(), app.Connector{AppID: appID, Kind: "set", Config: []byte("sealed")})
		d.ok(err)
		d.connector = c1.KSUID(c.ID)
		d.names[d.connector] = "connector"
		d.script.Reset()
		test(d)
	})
}

// kind is one of the six services of the second version: where its owners are, and under what name it answers with one.
type kind struct {
	name, path, wrap string
	gets             bool
	ids              map[string]string
}

func (d owners) kinds() []kind {
	in := "/api/v2/apps/" + d.app
	return []kind{
		{"app", in + "/owners", "appOwner", true, map[string]string{"appId": d.app}},
		{"entitlement", in + "/entitlements/" + d.entry + "/owners", "appEntitlementOwner", true,
			map[string]string{"appId": d.app, "entitlementId": d.entry}},
		{"resource", in + "/resource_types/" + d.typ + "/resources/" + d.resource + "/owners", "appResourceOwner", true,
			map[string]string{"appId": d.app, "resourceTypeId": d.typ, "resourceId": d.resource}},
		{"connector", in + "/connectors/" + d.connector + "/owners", "connectorOwner", true,
			map[string]string{"appId": d.app, "connectorId": d.connector}},
		{"account", in + "/users/" + d.account + "/owners", "appUserOwner", false,
			map[string]string{"appId": d.app, "userId": d.account}},
		{"user", "/api/v2/users/" + c1.KSUID(d.grace.ID) + "/owners", "userOwner", false,
			map[string]string{"userId": c1.KSUID(d.grace.ID)}},
	}
}

// hold gives the team's entitlement to a person until then, "" for good.
func (d owners) hold(who directory.User, until string) {
	d.Helper()
	d.as(d.ada, iam.SuperAdministrator)
	account := d.granting.account(strings.ToLower(who.DisplayName)+"-in-team", d.teamApp, who.ID)
	end := ""
	if until != "" {
		end = `"deprovisionAt":"` + until + `",`
	}
	d.want(200, "A person joins the team", "POST", "/api/interim/v1/apps/"+d.teamApp+"/entitlements/"+d.team+"/grants",
		`{`+end+`"appUserId":"`+account+`"}`)
}

func TestOwnersOfEveryKindFromCreationToDeletion(t *testing.T) {
	onOwnerDoors(t, "owners", func(d owners) {
		grace := c1.KSUID(d.grace.ID)
		for _, k := range d.kinds() {
			user, via := k.path+"/users/primary/"+grace, k.path+"/entitlements/primary/"+d.teamApp+"/"+d.team
			made := d.want(200, "A user owns the "+k.name, "POST", user, "{}")
			for field, id := range k.ids {
				if made.text(k.wrap+"User."+field) != id {
					d.Errorf("%s: %s is not echoed: %v", k.name, field, made.body)
				}
			}
			first := made.text(k.wrap + "User.createdAt")
			full := d.want(200, "Holders of an entitlement own the "+k.name, "POST", via, "{}")
			if full.text(k.wrap+"Entitlement.appEntitlement.id") != d.team || full.text(k.wrap+"Entitlement.appEntitlement.displayName") != "Access" ||
				full.text(k.wrap+"Entitlement.appEntitlement.appId") != d.teamApp || full.text(k.wrap+"Entitlement.roleSlug") != "primary" {
				d.Errorf("%s: not the full entitlement: %v", k.name, full.body)
			}
			d.clock.Advance(time.Second)
			if again := d.call("POST", user, "{}"); again.text(k.wrap+"User.createdAt") != first {
				d.Errorf("%s: made anew: %v", k.name, again.body)
			}
			if k.gets {
				d.want(200, "One user", "GET", user, "")
				d.want(200, "One entitlement", "GET", via, "")
				d.want(404, "Not under another role", "GET", k.path+"/users/backup/"+grace, "")
			}
			d.want(200, "All users", "GET", k.path+"/users", "")
			d.want(200, "All entitlements", "GET", k.path+"/entitlements?role_slug=primary", "")
			d.want(200, "Under another role", "GET", k.path+"/users?role_slug=backup", "")
			if a := d.want(200, "No longer", "DELETE", via, "{}"); len(a.body) != 0 {
				d.Errorf("not empty: %v", a.body)
			}
			d.want(404, "Not twice", "DELETE", via, "{}")
			if a := d.want(200, "Exactly these", "PUT", k.path,
				`{"roleSlug":"backup","userRefs":[{"id":"`+grace+`"}],"appEntitlementRefs":[{"appId":"`+d.teamApp+`","id":"`+d.team+`"}]}`); len(a.body) != 0 {
				d.Errorf("not empty: %v", a.body)
			}
			if a := d.want(200, "Roles are apart", "GET", k.path+"/users?page_size=1", ""); a.text("list.0.roleSlug") != "backup" || a.text("nextPageToken") == "" {
				d.Errorf("%s: %v", k.name, a.body)
			}
			d.want(200, "Nobody", "PUT", k.path, `{"roleSlug":"primary"}`)
			d.want(404, "Gone", "DELETE", user, "{}")
		}
	})
}

func TestBadInputAboutOwnersIsRefusedByName(t *testing.T) {
	onOwnerDoors(t, "", func(d owners) {
		grace, huge := c1.KSUID(d.grace.ID), strings.Repeat("x", 1<<20)
		many := strings.Repeat(`{"id":"`+grace+`"},`, 33)
		entitlement := `{"appId":"` + d.teamApp + `","id":"` + d.team + `"}`
		for _, k := range d.kinds() {
			d.invalid("PUT", k.path, map[string]string{
				"roleSlug":                 `{"userRefs":[{"id":"` + grace + `"}]}`,
				"roleSlug'":                `{"roleSlug":"Primary"}`,
				"roleSlug''":               `{"roleSlug":"` + huge + `"}`,
				"userRefs":                 `{"roleSlug":"primary","userRefs":[{"id":"x"}]}`,
				"at most 32":               `{"roleSlug":"primary","userRefs":[` + strings.TrimSuffix(many, ",") + `]}`,
				"userRefs'":                `{"roleSlug":"primary","userRefs":[{}]}`,
				"userRefs''":               `{"roleSlug":"primary","userRefs":[{"id":"` + huge + `"}]}`,
				"appEntitlementRefs.appId": `{"roleSlug":"primary","appEntitlementRefs":[{"id":"` + d.team + `"}]}`,
				"appEntitlementRefs.id":    `{"roleSlug":"primary","appEntitlementRefs":[{"appId":"` + d.teamApp + `"}]}`,
				"appEntitlementRefs":       `{"roleSlug":"primary","appEntitlementRefs":[` + strings.Repeat(entitlement+",", 32) + entitlement + `]}`,
			})
			for status, calls := range map[int][][2]string{
				http.StatusBadRequest: {
					{"POST", k.path + "/users/primary/x"}, {"POST", k.path + "/users/Primary/" + grace},
					{"POST", k.path + "/users/" + strings.Repeat("a", 65) + "/" + grace},
					{"POST", k.path + "/entitlements/primary/x/" + d.team}, {"POST", k.path + "/entitlements/primary/" + d.teamApp + "/x"},
					{"GET", k.path + "/users?role_slug=%00"}, {"GET", k.path + "/entitlements?page_token=x"},
				},
				http.StatusNotFound: {
					{"POST", k.path + "/users/primary/" + noOwner}, {"DELETE", k.path + "/users/primary/" + noOwner},
					{"POST", k.path + "/entitlements/primary/" + d.teamApp + "/" + noOwner},
					{"POST", k.path + "/entitlements/primary/" + noOwner + "/" + d.team},
					{"GET", strings.Replace(k.path, d.app, noOwner, 1) + "/users"},
					{"DELETE", k.path + "/users/deputy/" + c1.KSUID(d.ada.ID)},
				},
			} {
				for _, c := range calls {
					if status == http.StatusNotFound && k.name == "user" && strings.HasPrefix(c[0], "GET") {
						c[1] = "/api/v2/users/" + noOwner + "/owners/users"
					}
					if a := d.call(c[0], c[1], ""); a.status != status {
						d.Errorf("%s %s: %d %v, want %d", c[0], c[1], a.status, a.body, status)
					}
				}
			}
		}
		wrongType := "/api/v2/apps/" + d.app + "/resource_types/" + c1.KSUID(app.CredentialType) + "/resources/" + d.resource + "/owners"
		d.want(404, "A resource of another type", "GET", wrongType+"/users", "")
	})
}

func TestTheFirstVersionReadsWhoOwnsAndWritesWhoIsNamed(t *testing.T) {
	onOwnerDoors(t, "owners_v1", func(d owners) {
		grace, ada := c1.KSUID(d.grace.ID), c1.KSUID(d.ada.ID)
		linus := d.person("Linus", iam.BasicUser)
		d.hold(linus, d.instant(time.Hour))
		in := "/api/v1/apps/" + d.app
		for _, v1 := range []struct{ name, ids, owners, v2 string }{
			{"app", in + "/ownerids", in + "/owners", d.kinds()[0].path},
			{"entitlement", in + "/entitlements/" + d.entry + "/ownerids", in + "/entitlements/" + d.entry + "/owners", d.kinds()[1].path},
			{
				"resource", in + "/resource_types/" + d.typ + "/resource/" + d.resource + "/ownerids",
				in + "/resource_types/" + d.typ + "/resource/" + d.resource + "/owners", d.kinds()[2].path,
			},
		} {
			one := v1.owners
			switch v1.name {
			case "app":
				d.want(200, "Another owner", "POST", v1.owners+"/"+grace, "{}")
			default:
				d.want(200, "An owner", "POST", v1.owners, `{"userId":"`+grace+`"}`)
			}
			d.want(200, "An entitlement, through the second version", "POST", v1.v2+"/entitlements/primary/"+d.teamApp+"/"+d.team, "{}")
			ids := texts(d.want(200, "Who owns the "+v1.name, "GET", v1.ids, "").at("userIds"))
			if !strings.Contains(fmt.Sprint(ids), c1.KSUID(linus.ID)) {
				d.Errorf("%s: the holder is not among %v", v1.name, ids)
			}
			d.want(200, "With names", "GET", v1.owners+"?page_size=1", "")
			remove := func(status int, title, user string) {
				if v1.name == "resource" {
					d.want(status, title, "DELETE", one, `{"userId":"`+user+`"}`)
				} else {
					d.want(status, title, "DELETE", one+"/"+user, "{}")
				}
			}
			remove(200, "No longer", grace)
			remove(404, "A holder is not named", c1.KSUID(linus.ID))
			d.want(200, "Exactly these", "PUT", v1.owners, `{"userIds":["`+ada+`","`+grace+`"]}`)
			if ids := texts(d.want(200, "And no entitlement", "GET", v1.ids, "").at("userIds")); len(ids) != 2 {
				d.Errorf("%s: %v", v1.name, ids)
			}
			all := v1.owners
			if v1.name == "resource" {
				all = v1.ids
			}
			if v1.name == "app" {
				d.want(404, "All or none", "DELETE", all, `{"userIds":["`+grace+`","`+c1.KSUID(linus.ID)+`"]}`)
				d.want(200, "One of them", "DELETE", all, `{"userIds":["`+grace+`"]}`)
			}
			d.want(200, "Everybody goes", "DELETE", all, "{}")
			d.want(200, "Nobody", "GET", v1.ids, "")
			d.want(404, "Nobody owns what is not there", "PUT", strings.Replace(v1.owners, d.app, noOwner, 1), `{"userIds":[]}`)
			d.want(200, "Nothing there", "GET", strings.Replace(v1.ids, d.app, noOwner, 1), "")
			d.want(400, "A malformed id", "PUT", v1.owners, `{"userIds":["x"]}`)
		}
	})
}

func TestWhoMakesAnAppIsItsFirstOwner(t *testing.T) {
	onOwnerDoors(t, "", func(d owners) {
		grace := c1.KSUID(d.grace.ID)
		made := d.made("mine", "app.id", "", "/api/v1/apps", `{"displayName":"Mine","owners":["`+grace+`"],
			"appEntitlementOwnerRefs":[{"appId":"`+d.teamApp+`","id":"`+d.team+`"}]}`)
		if a := d.call("GET", "/api/v2/apps/"+made+"/owners/users", ""); len(a.list()) != 2 || a.text("list.1.user.id") != c1.KSUID(d.ada.ID) {
			d.Errorf("owners: %v", a.body)
		}
		if a := d.call("GET", "/api/v2/apps/"+made+"/owners/entitlements", ""); a.text("list.0.appEntitlement.id") != d.team {
			d.Errorf("owners: %v", a.body)
		}
		d.want(404, "", "POST", "/api/v1/apps", `{"displayName":"Theirs","owners":["`+noOwner+`"]}`)
		if a := d.call("POST", "/api/v1/search/apps", `{"displayName":"Theirs"}`); len(a.list()) != 0 {
			d.Error("an app was made without its owners")
		}
		entitlement := d.made("readers", "appEntitlementView.appEntitlement.id", "", "/api/v1/apps/"+d.app+"/entitlements",
			`{"displayName":"Readers","appResourceTypeId":"`+d.typ+`","appResourceId":"`+d.resource+`","appEntitlementOwnerIds":["`+grace+`"]}`)
		resource := d.made("pages", "appResource.id", "", "/api/v1/apps/"+d.app+"/resource_types/"+d.typ+"/resources",
			`{"displayName":"Pages","resourceOwnerUserIds":["`+grace+`"]}`)
		for _, path := range []string{"/entitlements/" + entitlement + "/ownerids", "/resource_types/" + d.typ + "/resource/" + resource + "/ownerids"} {
			if a := d.call("GET", "/api/v1/apps/"+d.app+path, ""); a.text("userIds.0") != grace {
				d.Errorf("%s: %v", path, a.body)
			}
		}
	})
}
