package catalog_test

import (
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// picks is the form of an entitlement, with one field that picks.
type picks struct {
	*house
	of app.Entitlement
}

func (h *house) picks() *picks {
	h.Helper()
	return &picks{h, h.Entitlement(h.App().ID)}
}

// by makes the field pick so.
func (p *picks) by(picker string) {
	p.Helper()
	v := p.schema(`{"name":"one","stringField":{"pickerField":` + picker + `}},{"name":"many","stringSliceField":{"pickerField":` + picker + `}}`)
	p.ok(p.catalogs.Bind(p.Ctx, p.of.Ref(), v))
}

// takes expects that an object can be picked, and refuses that it cannot, by both spellings of its identity and in both kinds of field.
func (p *picks) takes(what, uuid string)   { p.Helper(); p.tried(what, uuid, true) }
func (p *picks) refuses(what, uuid string) { p.Helper(); p.tried(what, uuid, false) }

func (p *picks) tried(what, uuid string, want bool) {
	p.Helper()
	for _, spelling := range []string{uuid, id.KSUID(uuid)} {
		for field, data := range map[string]string{"one": `{"one":"` + spelling + `"}`, "many": `{"many":["` + spelling + `","` + uuid + `"]}`} {
			err := p.check(p.of.Ref(), data)
			if want && err != nil || !want && (!fault.Is(err, fault.Invalid) || fault.Of(err).Field != "requestData."+field) {
				p.Errorf("%s: %s: %v", what, data, err)
			}
		}
	}
}

func TestAFieldPicksUsersWhoAreThere(t *testing.T) {
	each(t, func(h *house) {
		p := h.picks()
		ada, bob, eve, gone := string(h.User().ID), string(h.User().ID), h.User().ID, h.User().ID
		granttest.Must(h.Directory.Disable(h.Ctx, eve, ""))(h)
		granttest.Must(h.Directory.Delete(h.Ctx, gone, ""))(h)
		p.by(`{"c1UserPicker":{}}`)
		p.takes("anybody", ada)
		p.refuses("who is disabled", string(eve))
		p.refuses("who is deleted", string(gone))
		p.refuses("what is no user", string(p.of.ID))
		h.refused(fault.Invalid, "requestData.one", h.check(p.of.Ref(), `{"one":"ada"}`))
		h.refused(fault.Invalid, "requestData.many", h.check(p.of.Ref(), `{"many":["`+ada+`",""]}`))
		h.ok(h.check(p.of.Ref(), `{"one":"","many":[]}`))
		h.ok(h.check(p.of.Ref(), `{}`))
		p.by(`{"c1UserPicker":{"includeDeactivated":true}}`)
		p.takes("who is disabled, too", string(eve))
		p.refuses("who is deleted, all the same", string(gone))
		p.by(`{"c1UserPicker":{"userIds":["` + id.KSUID(ada) + `","` + id.KSUID(string(gone)) + `"]}}`)
		p.takes("one of those", ada)
		p.refuses("another", bob)
		p.refuses("one of those, who is deleted", string(gone))
		p.by(`{"c1UserPicker":{"excludeUserIds":["` + id.KSUID(ada) + `"]}}`)
		p.refuses("one who is left out", ada)
		p.takes("another", bob)
		granttest.Must(h.Directory.Disable(h.Ctx, directory.UserID(bob), ""))(h)
		p.refuses("another, who is disabled now", bob)
	})
}

func TestAFieldPicksWhatIsInItsApp(t *testing.T) {
	each(t, func(h *house) {
		p := h.picks()
		in, elsewhere := h.App().ID, h.App().ID
		mine, other := h.Account(in, h.User().ID), h.Account(elsewhere, h.User().ID)
		resource := func(in app.ID) app.Resource {
			t := granttest.Must(h.Apps.CreateResourceType(h.Ctx, app.ResourceType{AppID: in, Kind: app.KindCustom, DisplayName: "Rooms"}))(h)
			return granttest.Must(h.Apps.CreateResource(h.Ctx, app.Resource{AppID: in, TypeID: t.ID, DisplayName: "Room"}))(h)
		}
		room, second, far := resource(in), resource(in), resource(elsewhere)
		p.by(`{"appUserPicker":{"appId":"` + id.KSUID(string(in)) + `"}}`)
		p.takes("an account of the app", string(mine.ID))
		p.refuses("an account of another", string(other.ID))
		p.refuses("a resource", string(room.ID))
		p.by(`{"resourcePicker":{"appId":"` + id.KSUID(string(in)) + `"}}`)
		p.takes("a resource of the app", string(room.ID))
		p.refuses("a resource of another", string(far.ID))
		p.refuses("an account", string(mine.ID))
		p.by(`{"resourcePicker":{"appId":"` + id.KSUID(string(in)) + `","resourceTypeId":"` + id.KSUID(string(room.TypeID)) + `"}}`)
		p.takes("a resource of the type", string(room.ID))
		p.refuses("a resource of another type", string(second.ID))
		p.by(`{"resourcePicker":{"appId":"` + id.KSUID(string(in)) + `","resourceTypeId":"` + id.KSUID(string(far.TypeID)) + `"}}`)
		p.refuses("a resource of a type of another app", string(room.ID))
		p.by(`{"resourcePicker":{"appId":"` + id.KSUID(string(in)) + `"}}`)
		h.ok(h.Apps.DeleteResource(h.Ctx, in, room.TypeID, room.ID))
		p.refuses("a resource that is deleted", string(room.ID))
		h.ok(h.Apps.DeleteApp(h.Ctx, in))
		p.refuses("what is in an app that is deleted", string(second.ID))
		p.by(`{"appUserPicker":{"appId":"` + id.KSUID(string(in)) + `"}}`)
		p.refuses("an account of an app that is deleted", string(mine.ID))
	})
}
