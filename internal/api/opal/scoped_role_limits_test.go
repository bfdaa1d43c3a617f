package opal_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/platform/fault"
)

// holding is a stage on which Ada holds a scoped role with some permissions, and what others have made.
type holding struct {
	*door

	root, ada, grace directory.User
	own              string
}

// onHolding plays what Ada tries by powers alone.
func onHolding(t *testing.T, try func(h *holding)) {
	t.Helper()
	onDoor(t, "", func(d *door) {
		h := &holding{door: d, own: d.interim(), ada: d.person("Ada", iam.BasicUser), grace: d.person("Grace", iam.BasicUser)}
		h.root = d.person("Root", iam.SuperAdministrator)
		try(h)
	})
}

// gets is an answer with a status.
func (h *holding) gets(status int, why, method, path, body string) answer {
	h.Helper()
	a := h.call(method, path, body)
	if a.status != status {
		h.Errorf("%s: %s %s %s: %d %v, want %d", why, method, path, body, a.status, a.body, status)
	}
	return a
}

// makes is the identity of something new.
func (h *holding) makes(id, path, body string) string {
	h.Helper()
	a := h.call("POST", path, body)
	if a.text(id) == "" {
		h.Fatalf("POST %s %s: %d %v", path, body, a.status, a.body)
	}
	return a.text(id)
}

// administers has the administrator go on.
func (h *holding) administers() { h.as(h.root, iam.SuperAdministrator) }

// empowered has Ada hold a new scoped role and go on.
func (h *holding) empowered(list ...string) {
	h.Helper()
	h.administers()
	role := h.scopedRole("What Ada may", permissions(list...))
	h.gets(http.StatusOK, "Ada holds it", "POST", "/resources/"+role+"/users/"+string(h.ada.ID), `{}`)
	h.as(h.ada, iam.BasicUser)
}

func (h *holding) group(name string) string {
	h.Helper()
	return h.makes("group_id", "/groups", fmt.Sprintf(`{"name":%q,"group_type":"OPAL_GROUP","app_id":%q}`, name, h.own))
}

func (h *holding) set(name, rest string) string {
	h.Helper()
	return h.makes("owner_id", "/owners", fmt.Sprintf(`{"name":%q,"user_ids":[]%s}`, name, rest))
}

const (
	byManager = `"allow_requests":true,"require_mfa_to_request":false,"require_support_ticket":false,"auto_approval":false,
		"reviewer_stages":[{"operator":"AND","require_manager_approval":true,"owner_ids":[]}]`
	byItself = `"allow_requests":true,"require_mfa_to_request":false,"require_support_ticket":false,"auto_approval":true`
)

func TestWhoOnlyConfiguresHasNothingApprovedByItselfThatWasNot(t *testing.T) {
	onHolding(t, func(h *holding) {
		team, other := h.group("Team"), h.group("Other")
		put := func(rest string) string { return fmt.Sprintf(`{"groups":[{"group_id":%q,%s}]}`, team, rest) }
		conditional := fmt.Sprintf(`{"priority":1,"condition":{"group_ids":[%q]},%s}`, other, byItself)
		both := `"request_configurations":[{"priority":0,` + byManager + `},` + conditional + `]`
		h.gets(http.StatusOK, "Members of the other group need nobody", "PUT", "/groups", put(both))

		h.empowered(permission("EDIT_REQUEST_CONFIGURATIONS", "GROUP", team))
		h.gets(http.StatusOK, "The same again", "PUT", "/groups", put(both))
		h.gets(http.StatusForbidden, "Now nobody needs anybody", "PUT", "/groups",
			put(`"request_configurations":[{"priority":0,`+byItself+`}]`))
		h.gets(http.StatusForbidden, "Now whoever asks for a level", "PUT", "/groups",
			put(`"request_configurations":[{"priority":0,`+byManager+`},{"priority":1,"condition":{"role_remote_ids":[""]},`+byItself+`}]`))
		h.gets(http.StatusForbidden, "Now for longer", "PUT", "/groups", put(`"max_duration":5000,"auto_approval":true`))
		h.gets(http.StatusForbidden, "What counts beside it is said again", "PUT", "/groups/"+team+"/reviewer-stages",
			`{"stages":[{"require_manager_approval":true,"require_admin_approval":true,"operator":"OR","owner_ids":[]}]}`)
		h.gets(http.StatusOK, "Everybody needs their manager", "PUT", "/groups", put(`"request_configurations":[{"priority":0,`+byManager+`}]`))
	})
}

func TestWhoOnlyChangesAnItemNeitherOffersItNorLeadsIt(t *testing.T) {
	onHolding(t, func(h *holding) {
		made, err := h.Items.Create(h.Context(), item.Draft{AppID: app.ID(h.own), Group: true, Name: "Read by a connector"})
		if err != nil {
			h.Fatal(err)
		}
		team, group := h.group("Team"), string(made.ID)
		configured := fmt.Sprintf(`{"groups":[{"group_id":%q,"name":"Team","request_configurations":[{"priority":0,%s}]}]}`, team, byManager)
		h.gets(http.StatusOK, "It is configured", "PUT", "/groups", configured)

		h.empowered(permission("EDIT_SETTINGS", "GROUP", group, team), permission("READ", "GROUP", group))
		h.gets(http.StatusOK, "Who sees it", "PUT", "/groups/"+group+"/visibility", `{"visibility":"LIMITED"}`)
		h.gets(http.StatusOK, "How it is asked for is repeated", "PUT", "/groups", configured)
		lead := func(u directory.User) string {
			return fmt.Sprintf(`{"groups":[{"group_id":%q,"group_leader_user_ids":[%q]}]}`, group, u.ID)
		}
		h.gets(http.StatusForbidden, "Ada leads it", "PUT", "/groups", lead(h.ada))
		h.gets(http.StatusOK, "Grace leads it", "PUT", "/groups", lead(h.grace))
		if h.item(group).Offered {
			h.Error("it is offered")
		}
		if !h.item(group).Limited {
			h.Error("it is not limited")
		}
	})
}

func TestNoPowerReachesWhoDecidesAboutWhatGivesPowers(t *testing.T) {
	onHolding(t, func(h *holding) {
		role := h.scopedRole("Keepers", permissions(permission("DELETE", "GROUP")))
		owning, asked, plain := h.group("Own it"), h.group("Asked for it"), h.group("Plain")
		source := func(g string) string { return fmt.Sprintf(`,"source_group_id":%q`, g) }
		admins, asks, people := h.set("Admins", source(owning)), h.set("Asked", source(asked)), h.set("People", "")
		h.gets(http.StatusOK, "They own it, or are asked", "PUT", "/resources", fmt.Sprintf(
			`{"resources":[{"resource_id":%q,"admin_owner_id":%q,"request_configurations":[{"priority":0,"allow_requests":true,
				"auto_approval":false,"require_mfa_to_request":false,"require_support_ticket":false,
				"reviewer_stages":[{"operator":"OR","owner_ids":[%q,%q]}]}]}]}`, role, admins, asks, people))

		h.empowered(permission("EDIT_ASSIGNMENTS", "GROUP"), permission("EDIT_ASSIGNMENTS", "OWNER"))
		to := "/users/" + string(h.grace.ID)
		h.gets(http.StatusForbidden, "Grace would own it", "POST", "/groups/"+owning+to, `{}`)
		h.gets(http.StatusForbidden, "Grace would be asked", "POST", "/groups/"+asked+to, `{}`)
		h.gets(http.StatusOK, "Grace is in a group", "POST", "/groups/"+plain+to, `{}`)
		for _, set := range []string{admins, asks, people} {
			a := h.call("PUT", "/owners/"+set+"/users", fmt.Sprintf(`{"user_ids":[%q]}`, h.grace.ID))
			if a.status != http.StatusForbidden && a.status != http.StatusNotFound {
				h.Errorf("Grace would be asked: %d %v", a.status, a.body)
			}
		}
	})
}

func TestNoPowerOffersWhatGivesPowers(t *testing.T) {
	onHolding(t, func(h *holding) {
		role, set := h.scopedRole("Keepers", permissions(permission("DELETE", "GROUP"))), h.set("Curators", "")
		bundle := func() string {
			return h.makes("bundle_id", "/bundles", fmt.Sprintf(`{"name":"Bundle","admin_owner_id":%q}`, set))
		}
		put := fmt.Sprintf(`{"resource_id":%q}`, role)
		with, without := bundle(), bundle()
		h.gets(http.StatusCreated, "It is in one", "POST", "/bundles/"+with+"/resources", put)

		h.empowered(permission("EDIT_SETTINGS", "BUNDLE"))
		h.gets(http.StatusForbidden, "Into the other", "POST", "/bundles/"+without+"/resources", put)
		h.gets(http.StatusForbidden, "Who sees the one", "PUT", "/bundles/"+with+"/visibility", `{"visibility":"GLOBAL"}`)
		h.gets(http.StatusOK, "Who sees the other", "PUT", "/bundles/"+without+"/visibility", `{"visibility":"GLOBAL"}`)
	})
}

func TestNoPowerPutsOnATagThatARuleGivesPowersBy(t *testing.T) {
	onHolding(t, func(h *holding) {
		role, set := h.scopedRole("Keepers", permissions(permission("DELETE", "GROUP"))), h.set("Curators", "")
		newTag := func(key string) string {
			return h.makes("tag_id", "/tag", fmt.Sprintf(`{"tag_key":%q,"tag_value":"yes"}`, key))
		}
		keeper, plain := newTag("keeper"), newTag("plain")
		rule := h.makes("access_rule_id", "/access-rules", fmt.Sprintf(`{"name":"Keepers","description":"","admin_owner_id":%q,
			"status":"ACTIVE","ruleClauses":{"when":%s}}`, set, clauses(h.own, "keeper", "yes")))
		h.gets(http.StatusOK, "Whoever it takes in holds it", "POST", "/groups/"+rule+"/resources/"+role, `{}`)

		h.empowered(permission("EDIT_TAGS", "USER"))
		h.gets(http.StatusOK, "A tag", "POST", "/tags/"+plain+"/users/"+string(h.grace.ID), "")
		h.gets(http.StatusForbidden, "The tag", "POST", "/tags/"+keeper+"/users/"+string(h.grace.ID), "")
	})
}

func TestNoPowerReachesAScopedRoleThatLetsNothingYet(t *testing.T) {
	onHolding(t, func(h *holding) {
		body := fmt.Sprintf(`{"name":"To come","resource_type":"OPAL_SCOPED_ROLE","app_id":%q}`, h.own)
		role := h.makes("resource_id", "/resources", body)
		h.empowered(permission("EDIT_ASSIGNMENTS", "RESOURCE"), permission("CREATE", "RESOURCE"))
		h.gets(http.StatusForbidden, "Grace holds it", "POST", "/resources/"+role+"/users/"+string(h.grace.ID), `{}`)
		h.gets(http.StatusForbidden, "Another", "POST", "/resources", body)
	})
}

func TestWhoIsPutOnCallForPowersIsPutThereByWhoHasThem(t *testing.T) {
	onHolding(t, func(h *holding) {
		role, team := h.scopedRole("Taggers", permissions(permission("EDIT_TAGS", "USER"))), h.group("Team")
		h.gets(http.StatusOK, "The team holds it", "POST", "/groups/"+team+"/resources/"+role, `{}`)
		schedule := h.makes("on_call_schedule_id", "/on-call-schedules",
			`{"third_party_provider":"PAGER_DUTY","remote_id":"PX","name":"Tagging"}`)
		body := fmt.Sprintf(`{"on_call_schedule_ids":[%q]}`, schedule)
		at := "/groups/" + team + "/on-call-schedules"
		h.as(h.grace, "system:application-admin")
		h.gets(http.StatusForbidden, "By who may not tag", "PUT", at, body)
		h.administers()
		h.gets(http.StatusOK, "By who may", "PUT", at, body)
	})
}

func TestHowPowersAreAskedForIsSaidByWhoHasThem(t *testing.T) {
	onHolding(t, func(h *holding) {
		of := h.level(h.scopedRole("Taggers", permissions(permission("EDIT_TAGS", "USER"))))
		rewrite := func() error {
			ctx, err := h.IAM.Enter(h.Context(), h.who, "permission/c1.api.app.v1.AppEntitlements.Update")
			if err != nil {
				h.Fatal(err)
			}
			_, err = h.Apps.UpdateEntitlement(ctx, of.AppID, of.ID, func(e *app.Entitlement) error {
				e.Description += "!"
				return nil
			})
			return err
		}
		h.as(h.grace, "system:application-admin")
		if err := rewrite(); !fault.Is(err, fault.Denied) {
			h.Errorf("by who may not tag: %v", err)
		}
		h.administers()
		if err := rewrite(); err != nil {
			h.Errorf("by who may: %v", err)
		}
	})
}

func TestAnAccountWithPowersIsHandedOverByWhoHasThem(t *testing.T) {
	onHolding(t, func(h *holding) {
		role := h.scopedRole("Taggers", permissions(permission("EDIT_TAGS", "USER")))
		h.gets(http.StatusOK, "Ada holds it", "POST", "/resources/"+role+"/users/"+string(h.ada.ID), `{}`)
		account, err := h.Grants.AccountFor(h.Context(), app.ID(h.own), h.ada.ID)
		if err != nil {
			h.Fatal(err)
		}
		take := func() error {
			ctx, err := h.IAM.Enter(h.Context(), h.who, "permission/c1.api.app.v1.AppUserService.Update")
			if err != nil {
				h.Fatal(err)
			}
			_, err = h.Apps.UpdateAccount(ctx, app.ID(h.own), account, func(a *app.Account) error {
				a.UserID = h.grace.ID
				return nil
			})
			return err
		}
		h.as(h.grace, "system:application-admin")
		if err := take(); !fault.Is(err, fault.Denied) {
			h.Errorf("by who may not tag: %v", err)
		}
		h.administers()
		if err := take(); err != nil {
			h.Errorf("by who may: %v", err)
		}
	})
}

func TestATemplateOfWhatGivesPowersIsChangedByWhoHasThem(t *testing.T) {
	onHolding(t, func(h *holding) {
		template := h.template(h.set("Keepers", ""), "Theirs", 60)
		role := h.scopedRole("Taggers", permissions(permission("EDIT_TAGS", "USER")))
		h.gets(http.StatusOK, "It follows", "PUT", "/resources",
			fmt.Sprintf(`{"resources":[{"resource_id":%q,"configuration_template_id":%q}]}`, role, template))
		rename := fmt.Sprintf(`{"configuration_template_id":%q,"name":"Mine"}`, template)
		h.as(h.grace, "system:application-admin")
		h.gets(http.StatusForbidden, "By who may not tag", "PUT", "/configuration-templates", rename)
		h.administers()
		h.gets(http.StatusOK, "By who may", "PUT", "/configuration-templates", rename)
	})
}
