package c1_test

import (
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/id"
)

const (
	clientsPath = "/api/v1/iam/personal_clients"
	rolesPath   = "/api/v1/iam/roles"
	someID      = "2RCzHlak5q7CY14SdBc8HoZEJRf" // well-formed, and nothing of ours
)

// super makes a Super Administrator and lets them stand before the door.
func (d *door) super(name string) directory.User {
	d.Helper()
	u := d.person(name, iam.SuperAdministrator)
	d.ok(d.deps.IAM.AddMember(iam.AsSystem(d.Context()), u.ID, iam.BuiltinID(iam.SuperAdministrator)))
	d.who.SuperAdmin = true
	return u
}

func (d *door) ok(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

// need is call for an answer of that status whose message, if it has one, holds words.
func (d *door) need(status int, words, method, path, body string) answer {
	d.Helper()
	a := d.call(method, path, body)
	if a.status != status || !strings.Contains(a.text("message"), words) {
		d.Fatalf("%s %s %s: %d %v, want %d …%s…", method, path, body, a.status, a.body, status, words)
	}
	return a
}

func texts(v any) []string {
	var out []string
	list, _ := v.([]any)
	for _, s := range list {
		out = append(out, s.(string))
	}
	return out
}

func TestIntrospectionTellsWhoCallsAndWhatTheyMay(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.deps.TenantID = id.New(d.clock.Now())
		ada := d.person("Ada", iam.BasicUser)
		d.who.ClientKey, d.who.Device = iam.ClientKey(id.New(d.clock.Now())), "2RGdOS94VDferT9e80mdgntl36K"
		a := d.need(http.StatusOK, "", "GET", "/api/v1/auth/introspect", "")
		if a.text("userId") != c1.KSUID(ada.ID) || a.text("tenantId") != c1.KSUID(d.deps.TenantID) || a.text("principleId") != c1.KSUID(d.who.ClientKey) {
			d.Errorf("who: %v", a.body)
		}
		if a.text("deviceClientId") != d.who.Device || len(a.at("features").([]any)) != 0 || len(a.at("disabledModules").([]any)) != 0 {
			d.Errorf("rest: %v", a.body)
		}
		permissions, roles := texts(a.at("permissions")), texts(a.at("roles"))
		if !slices.Contains(permissions, "permission/c1.api.auth.v1.Auth.Introspect") || slices.Contains(permissions, "permission/interim.v1.Users.Create") {
			d.Errorf("permissions: %v", permissions)
		}
		for _, r := range roles {
			if !regexp.MustCompile(`^role/[a-z0-9._]+\.[A-Za-z0-9]+:[a-z-]+$`).MatchString(r) || strings.HasSuffix(r, ":owner") && strings.Contains(r, "interim.v1.Users") {
				d.Errorf("role %q", r)
			}
		}
		if !slices.Contains(roles, "role/c1.api.auth.v1.Auth:user") {
			d.Errorf("roles: %v", roles)
		}
		d.who.ClientKey, d.who.Kind = "", iam.KindSession
		if a := d.need(http.StatusOK, "", "GET", "/api/v1/auth/introspect", ""); a.text("principleId") != c1.KSUID(ada.ID) {
			d.Errorf("a session's principal: %v", a.body)
		}
		d.who.Scopes = iam.Scopes{}
		d.need(http.StatusForbidden, "Permission denied, missing permission/c1.api.auth.v1.Auth.Introspect", "GET", "/api/v1/auth/introspect", "")
	})
}

func TestPeopleManageTheirOwnClients(t *testing.T) {
	onDoors(t, "", func(d *door) {
		ada := d.person("Ada", iam.BasicUser)
		role := c1.KSUID(iam.BuiltinID(iam.BasicUser))
		made := d.need(http.StatusOK, "", "POST", clientsPath, `{"display_name":"Laptop","allowSourceCidr":["192.0.2.9/24"],"scopedRoles":["`+role+`"],"expires":"600s"}`)
		if !strings.HasPrefix(made.text("clientSecret"), "secret-token:conductorone.com:v1:") || !strings.HasSuffix(made.text("client.clientId"), "@interim.example.com/pcc") {
			d.Errorf("made %v", made.body)
		}
		for path, want := range map[string]any{
			"client.userId": c1.KSUID(ada.ID), "client.displayName": "Laptop", "client.allowSourceCidr.0": "192.0.2.0/24",
			"client.scopedRoles.0": role, "client.expiresTime": "2026-05-04T08:10:00Z", "client.lastUsedAt": nil, "client.deletedAt": nil,
			"client.createdAt": "2026-05-04T08:00:00Z",
		} {
			if got := made.at(path); got != want {
				d.Errorf("%s: %v, want %v", path, got, want)
			}
		}
		one := clientsPath + "/" + made.text("client.id")
		if got := d.need(http.StatusOK, "", "GET", one, ""); got.text("client.clientId") != made.text("client.clientId") || got.at("clientSecret") != nil {
			d.Errorf("read %v", got.body)
		}
		d.clock.Advance(time.Minute)
		changed := d.need(http.StatusOK, "", "POST", one, `{"client":{"displayName":"Desk","allowSourceCidr":[],"expiresTime":null,"userId":"ignored"}}`)
		if changed.text("client.displayName") != "Desk" || len(changed.at("client.allowSourceCidr").([]any)) != 0 || changed.at("client.expiresTime") != nil ||
			changed.text("client.scopedRoles.0") != role || changed.text("client.updatedAt") != "2026-05-04T08:01:00Z" {
			d.Errorf("changed %v", changed.body)
		}
		changed = d.need(http.StatusOK, "", "POST", one, `{"client":{"displayName":"not written","scopedRoles":[]},"updateMask":"scopedRoles"}`)
		if changed.text("client.displayName") != "Desk" || len(changed.at("client.scopedRoles").([]any)) != 0 {
			d.Errorf("changed %v", changed.body)
		}
		d.need(http.StatusOK, "", "POST", clientsPath, `{}`)
		if got := d.need(http.StatusOK, "", "GET", clientsPath, ""); len(got.list()) != 2 || got.at("nextPageToken") != "" {
			d.Errorf("list %v", got.body)
		}
		if got := d.need(http.StatusOK, "", "DELETE", one, "{}"); len(got.body) != 0 {
			d.Errorf("deleted %v", got.body)
		}
		for _, method := range []string{"GET", "DELETE", "POST"} {
			body := map[string]string{"POST": `{"client":{"displayName":"x"}}`}[method]
			d.need(http.StatusNotFound, "personal client not found: "+made.text("client.id"), method, one, body)
		}
	})
}

func TestMalformedClientsAreRefused(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.person("Ada", iam.BasicUser)
		d.invalid("POST", clientsPath, map[string]string{
			"displayName":      `{"displayName":"` + strings.Repeat("é", 257) + `"}`,
			"displayName'":     `{"displayName":"a\u0000b"}`,
			"allowSourceCidr":  `{"allowSourceCidr":["192.0.2.1"]}`,
			"allowSourceCidr'": `{"allowSourceCidr":["` + strings.Repeat(`192.0.2.0/24","`, 32) + `192.0.2.0/24"]}`,
			"scopedRoles":      `{"scopedRoles":["nope"]}`,
			"scopedRoles'":     `{"scopedRoles":["` + someID + `"]}`,
			"scopedRoles''":    `{"scopedRoles":["` + c1.KSUID(id.New(d.clock.Now())) + `"]}`,
			"scopedRoles'''":   `{"scopedRoles":[` + strings.Repeat(`"`+someID+`",`, 16) + `"` + someID + `"]}`,
			"expires":          `{"expires":"0s"}`,
			"expires'":         `{"expires":"-1s"}`,
		})
		if got := d.need(http.StatusOK, "", "GET", clientsPath, ""); len(got.list()) != 0 {
			d.Errorf("something was made: %v", got.body)
		}
		one := clientsPath + "/" + d.need(http.StatusOK, "", "POST", clientsPath, `{"expires":"0.000000001s"}`).text("client.id")
		d.need(http.StatusBadRequest, "id", "GET", clientsPath+"/nope", "")
		d.need(http.StatusNotFound, "not found", "GET", clientsPath+"/"+someID, "")
		d.invalid("POST", one, map[string]string{
			"client":                 `{}`,
			"updateMask":             `{"client":{},"updateMask":"color"}`,
			"client.displayName":     `{"client":{"displayName":"` + strings.Repeat("x", 257) + `"}}`,
			"client.allowSourceCidr": `{"client":{"allowSourceCidr":["x"]}}`,
			"client.scopedRoles":     `{"client":{"scopedRoles":["x"]}}`,
			"client.expiresTime":     `{"client":{"expiresTime":"2026-05-04T08:00:00Z"}}`,
		})
	})
}

func TestSomebodyElsesClientIsAsGoodAsNone(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.person("Ada", iam.BasicUser)
		one := clientsPath + "/" + d.need(http.StatusOK, "", "POST", clientsPath, `{"displayName":"Ada's"}`).text("client.id")
		d.person("Grace", iam.BasicUser)
		for method, body := range map[string]string{"GET": "", "DELETE": "{}", "POST": `{"client":{"displayName":"mine"}}`} {
			d.need(http.StatusNotFound, "personal client not found", method, one, body)
		}
		if got := d.need(http.StatusOK, "", "GET", clientsPath, ""); len(got.list()) != 0 {
			d.Errorf("Grace sees %v", got.body)
		}
		d.need(http.StatusForbidden, "PersonalClientSearchService.Search", "POST", "/api/v1/search/iam/personal_clients", `{}`)
		d.super("Linus")
		d.need(http.StatusOK, "", "POST", one, `{"client":{"displayName":"kept an eye on"}}`)
		if got := d.need(http.StatusOK, "", "GET", clientsPath, ""); len(got.list()) != 0 {
			d.Errorf("the list of one's own has %v", got.body)
		}
		d.need(http.StatusOK, "", "DELETE", one, "")
	})
}

func TestAdministratorsSearchEverybodysClients(t *testing.T) {
	onDoors(t, "", func(d *door) {
		var ids []string
		for _, name := range []string{"Ada", "Grace", "Linus"} {
			u := d.person(name, iam.BasicUser)
			ids = append(ids, c1.KSUID(u.ID))
			d.need(http.StatusOK, "", "POST", clientsPath, `{"displayName":"`+name+` 100% laptop"}`)
			d.need(http.StatusOK, "", "POST", clientsPath, `{"displayName":"`+name+` script"}`)
		}
		d.person("Root", "system:viewer")
		search := func(body string) []string {
			var names []string
			for token := ""; ; {
				a := d.need(http.StatusOK, "", "POST", "/api/v1/search/iam/personal_clients", strings.TrimSuffix(body, "}")+`,"pageToken":"`+token+`"}`)
				for _, c := range a.list() {
					names = append(names, c.(map[string]any)["displayName"].(string))
				}
				if token = a.text("nextPageToken"); token == "" {
					return names
				}
			}
		}
		for body, want := range map[string]string{
			`{"pageSize":4}`:                  "Ada 100% laptop,Ada script,Grace 100% laptop,Grace script,Linus 100% laptop,Linus script",
			`{"pageSize":1,"query":"LAPTOP"}`: "Ada 100% laptop,Grace 100% laptop,Linus 100% laptop",
			`{"query":"0%"}`:                  "Ada 100% laptop,Grace 100% laptop,Linus 100% laptop",
			`{"query":"@interim","users":[{"id":"` + ids[1] + `"}]}`:                       "Grace 100% laptop,Grace script",
			`{"users":[{"id":"` + ids[0] + `"},{"id":"` + ids[2] + `"}],"query":"script"}`: "Ada script,Linus script",
			`{"users":[{"id":"` + someID + `"}]}`:                                          "",
			`{"query":"l_ptop"}`:                                                           "",
		} {
			if got := strings.Join(search(body), ","); got != want {
				d.Errorf("%s: %s, want %s", body, got, want)
			}
		}
		d.invalid("POST", "/api/v1/search/iam/personal_clients", map[string]string{
			"users": `{"users":[{"id":"x"}]}`, "query": `{"query":"` + strings.Repeat("x", 1025) + `"}`, "pageToken": `{"pageToken":"x"}`,
		})
	})
}

func TestRolesThroughTheDoor(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.super("Ada")
		made := d.need(http.StatusOK, "", "POST", "/api/interim/v1/roles", `{"displayName":"Help Desk","permissions":["permission/c1.api.app.v1.Apps.List"]}`)
		if made.at("role.systemBuiltin") != false || !strings.HasPrefix(made.text("role.name"), "custom:help-desk-") || len(made.at("role.serviceRoles").([]any)) != 0 {
			d.Errorf("made %v", made.body)
		}
		one := rolesPath + "/" + made.text("role.id")
		var names []string
		for token := ""; ; {
			a := d.need(http.StatusOK, "", "GET", rolesPath+"?page_size=2&page_token="+token, "")
			for _, r := range a.list() {
				names = append(names, r.(map[string]any)["displayName"].(string))
			}
			if token = a.text("nextPageToken"); token == "" {
				break
			}
		}
		slices.Sort(names)
		if got := strings.Join(names, ","); got != "Application Administrator,Basic User,Help Desk,Read-Only Administrator,Super Administrator,System Log Reader" {
			d.Errorf("list %s", got)
		}
		changed := d.need(http.StatusOK, "", "POST", one, `{"role":{"permissions":["permission/c1.api.app.v1.Apps.Get","permission/c1.api.app.v1.Apps.List"],"name":"ignored"}}`)
		if changed.text("role.displayName") != "Help Desk" || len(changed.at("role.permissions").([]any)) != 2 || changed.text("role.name") != made.text("role.name") {
			d.Errorf("changed %v", changed.body)
		}
		changed = d.need(http.StatusOK, "", "POST", one, `{"role":{"displayName":"Desk","serviceRoles":["role/c1.api.user.v1.UserSearch:user"]},"updateMask":"displayName,serviceRoles"}`)
		if changed.text("role.displayName") != "Desk" || changed.text("role.serviceRoles.0") != "role/c1.api.user.v1.UserSearch:user" || len(changed.at("role.permissions").([]any)) != 2 {
			d.Errorf("changed %v", changed.body)
		}
		d.invalid("POST", one, map[string]string{
			"displayName":  `{"role":{"displayName":" "}}`,
			"displayName'": `{"role":{"displayName":"` + strings.Repeat("x", 257) + `"}}`,
			"permissions":  `{"role":{"permissions":["permission/nothing.Like.This"]}}`,
			"permissions'": `{"role":{"permissions":[],"serviceRoles":[]}}`,
			"serviceRoles": `{"role":{"serviceRoles":["role/c1.api.user.v1.UserSearch:king"]}}`,
			"role":         `{}`,
			"updateMask":   `{"role":{},"updateMask":"role.displayName"}`,
		})
		d.need(http.StatusConflict, "displayName", "POST", one, `{"role":{"displayName":"  basic USER "}}`)
		builtin := rolesPath + "/" + c1.KSUID(iam.BuiltinID(iam.BasicUser))
		if got := d.need(http.StatusOK, "", "GET", builtin, ""); got.at("role.systemBuiltin") != true || got.text("role.name") != iam.BasicUser {
			d.Errorf("built-in %v", got.body)
		}
		d.need(http.StatusBadRequest, "built-in", "POST", builtin, `{"role":{"displayName":"Mine"}}`)
		d.need(http.StatusBadRequest, "built-in", "DELETE", "/api/interim/v1/roles/"+c1.KSUID(iam.BuiltinID(iam.BasicUser)), "")
		deleted := d.need(http.StatusOK, "", "DELETE", "/api/interim/v1/roles/"+made.text("role.id"), "")
		if deleted.at("role.deletedAt") == nil {
			d.Errorf("deleted %v", deleted.body)
		}
		d.need(http.StatusNotFound, "role not found: "+made.text("role.id"), "GET", one, "")
		d.need(http.StatusNotFound, "role not found: "+made.text("role.id"), "DELETE", "/api/interim/v1/roles/"+made.text("role.id"), "")
		d.need(http.StatusNotFound, "role not found", "GET", rolesPath+"/"+someID, "")
		d.need(http.StatusBadRequest, "roleId", "GET", rolesPath+"/x", "")
		d.invalid("POST", "/api/interim/v1/roles", map[string]string{
			"displayName": `{"permissions":["permission/c1.api.app.v1.Apps.List"]}`, "permissions": `{"displayName":"Empty"}`,
			"permissions'": `{"displayName":"Typo","permissions":["permission/c1.api.app.v1.Apps.Lst"]}`,
		})
		d.who.Scopes = iam.Scopes{"permission/c1.api.iam.v1.Roles.List": iam.Own}
		d.need(http.StatusForbidden, "Roles.List", "GET", rolesPath, "")
	})
}

func TestRolesAreGivenAndTaken(t *testing.T) {
	onDoors(t, "", func(d *door) {
		grace := d.person("Grace", iam.BasicUser)
		ada := d.super("Ada")
		path := func(u directory.User, role string) string {
			return "/api/interim/v1/users/" + c1.KSUID(u.ID) + "/roles/" + role
		}
		viewer, super := c1.KSUID(iam.BuiltinID("system:viewer")), c1.KSUID(iam.BuiltinID(iam.SuperAdministrator))
		for range 2 {
			a := d.need(http.StatusOK, "", "POST", path(grace, viewer), "")
			if ids := texts(a.at("user.roleIds")); len(ids) != 1 || ids[0] != viewer {
				d.Errorf("roles %v", ids)
			}
		}
		for range 2 {
			if ids := texts(d.need(http.StatusOK, "", "DELETE", path(grace, viewer), "{}").at("user.roleIds")); len(ids) != 0 {
				d.Errorf("roles %v", ids)
			}
		}
		d.need(http.StatusBadRequest, "last enabled Super Administrator", "DELETE", path(ada, super), "")
		d.need(http.StatusOK, "", "POST", path(grace, super), "")
		d.need(http.StatusOK, "", "DELETE", path(ada, super), "")
		d.need(http.StatusNotFound, "role not found: "+someID, "POST", path(grace, someID), "")
		d.need(http.StatusBadRequest, "roleId", "POST", path(grace, "x"), "")
		d.need(http.StatusNotFound, "user not found: "+someID, "POST", "/api/interim/v1/users/"+someID+"/roles/"+viewer, "")
		d.need(http.StatusBadRequest, "userId", "POST", "/api/interim/v1/users/x/roles/"+viewer, "")
	})
}

func TestCredentialsForOthersTakeAnUnscopedSuperAdministrator(t *testing.T) {
	onDoors(t, "", func(d *door) {
		grace := d.person("Grace", iam.BasicUser)
		d.super("Ada")
		clients, links := "/api/interim/v1/users/"+c1.KSUID(grace.ID)+"/personal_clients", "/api/interim/v1/users/"+c1.KSUID(grace.ID)+"/login_links"
		d.who.IP = netip.MustParseAddr("192.0.2.1")
		made := d.need(http.StatusOK, "", "POST", clients, `{"displayName":"for Grace","expires":"3600s"}`)
		if made.text("client.userId") != c1.KSUID(grace.ID) || made.text("clientSecret") == "" || made.text("client.expiresTime") != "2026-05-04T09:00:00Z" {
			d.Errorf("made %v", made.body)
		}
		link := d.need(http.StatusOK, "", "POST", links, "")
		if !regexp.MustCompile(`^https://interim\.example\.com/auth/v1/login\?token=[\w-]{43}$`).MatchString(link.text("url")) || link.text("expiresAt") != "2026-05-04T08:10:00Z" {
			d.Errorf("link %v", link.body)
		}
		d.invalid("POST", clients, map[string]string{"expires": `{"expires":"0s"}`, "allowSourceCidr": `{"allowSourceCidr":["x"]}`})
		for _, p := range []string{"personal_clients", "login_links"} {
			d.need(http.StatusNotFound, "user not found: "+someID, "POST", "/api/interim/v1/users/"+someID+"/"+p, "")
			d.need(http.StatusBadRequest, "userId", "POST", "/api/interim/v1/users/x/"+p, "")
		}
		_, err := d.deps.Directory.Disable(iam.AsSystem(d.Context()), grace.ID, "")
		d.ok(err)
		d.need(http.StatusBadRequest, "disabled", "POST", clients, "")
		d.need(http.StatusBadRequest, "disabled", "POST", links, "")
		d.who.Scoped = true
		for _, p := range []string{clients, links} {
			d.need(http.StatusForbidden, "Super Administrator", "POST", p, "")
		}
	})
}

func TestCredentialsAndRolesLookLikeThis(t *testing.T) {
	onDoors(t, "credentials", func(d *door) {
		d.deps.TenantID = id.New(d.clock.Now())
		grace := d.person("Grace", iam.BasicUser)
		d.super("Ada")
		d.names[c1.KSUID(d.deps.TenantID)], d.names[c1.KSUID(iam.BuiltinID(iam.SuperAdministrator))] = "tenant", "super administrator"
		reads := d.made("reads", "role.id", "A role", "/api/interim/v1/roles",
			`{"displayName":"Reads apps","permissions":["permission/c1.api.app.v1.Apps.Get","permission/c1.api.auth.v1.Auth.Introspect"]}`)
		d.want(200, "Is given", "POST", "/api/interim/v1/users/"+c1.KSUID(grace.ID)+"/roles/"+reads, "")
		d.want(200, "Is read", "GET", rolesPath+"/"+reads, "")
		d.want(200, "Changes", "POST", rolesPath+"/"+reads, `{"role":{"displayName":"Reads"},"updateMask":"displayName"}`)
		d.made("clientForGrace", "client.id", "Ada makes Grace a credential", "/api/interim/v1/users/"+c1.KSUID(grace.ID)+"/personal_clients",
			`{"displayName":"Laptop","expires":"3600s"}`)
		d.want(200, "And a link to sign in by", "POST", "/api/interim/v1/users/"+c1.KSUID(grace.ID)+"/login_links", `{}`)
		d.as(grace, iam.BasicUser)
		desk := d.made("clientOfGrace", "client.id", "Grace makes one herself", clientsPath, `{"displayName":"Desk","allowSourceCidr":["192.0.2.9/24"]}`)
		d.want(200, "These are hers", "GET", clientsPath, "")
		d.want(403, "Everybody's are not for her", "POST", "/api/v1/search/iam/personal_clients", `{}`)
		d.want(200, "One goes", "DELETE", clientsPath+"/"+desk, "{}")
		d.want(404, "And is gone", "GET", clientsPath+"/"+desk, "")
		key, err := c1.ID[iam.RoleID]("roleId", "role", reads)
		d.ok(err)
		role, err := d.deps.IAM.Role(iam.AsSystem(d.Context()), key)
		d.ok(err)
		d.who.Scopes, d.who.ClientKey = role.Scopes(), iam.ClientKey(id.New(d.clock.Now()))
		d.want(200, "With that role alone", "GET", "/api/v1/auth/introspect", "")
		d.who.Scopes = iam.Scopes{}
		d.want(403, "Without a role she may nothing", "GET", "/api/v1/auth/introspect", "")
	})
}
