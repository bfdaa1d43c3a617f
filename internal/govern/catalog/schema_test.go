package catalog_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/fault"
)

const reason = `{"name":"reason","required":true,"stringField":{}}`

func (h *house) schema(fields string) app.SchemaID {
	h.Helper()
	return granttest.Must(h.catalogs.CreateSchema(h.Ctx, catalog.Schema{Form: form(fields)}))(h).ID
}

// check fills in the form of an entitlement.
func (h *house) check(of app.EntitlementRef, data string) error {
	h.Helper()
	q := h.DB.Q(h.Ctx)
	e := granttest.Must(app.GetEntitlement(q, of.AppID, of.ID))(h)
	_, err := h.catalogs.FillForm(h.Ctx, granttest.Must(h.catalogs.Defaults(q, e))(h), policy.Facts{Entitlement: e}, nil, json.RawMessage(data))
	return err
}

func TestAnEntitlementAsksWithItsForm(t *testing.T) {
	each(t, func(h *house) {
		e := h.Entitlement(h.App().ID)
		check := func(data string) error { return h.check(e.Ref(), data) }
		h.ok(check(`{"anything":1}`))
		v := h.schema(reason)
		h.ok(h.catalogs.Bind(h.Ctx, e.Ref(), v))
		h.ok(check(`{"reason":"x"}`))
		h.refused(fault.Invalid, "requestData.reason", check(`{}`))
		granttest.Must(h.catalogs.UpdateSchema(h.Ctx, v, func(v *catalog.Schema) { v.Form = form(`{"name":"ticket","boolField":{}}`) }))(h)
		h.refused(fault.Invalid, "reason", check(`{"reason":"x"}`))
		h.refused(fault.Precondition, e.DisplayName, h.catalogs.DeleteSchema(h.Ctx, v))
		h.refused(fault.NotFound, "form", h.catalogs.Unbind(h.Ctx, e.Ref(), "another"))
		h.ok(h.catalogs.Unbind(h.Ctx, e.Ref(), v))
		h.refused(fault.NotFound, "form", h.catalogs.Unbind(h.Ctx, e.Ref(), ""))
		h.ok(h.catalogs.DeleteSchema(h.Ctx, v))
		h.refused(fault.NotFound, "schema", h.catalogs.DeleteSchema(h.Ctx, v))
		h.refused(fault.Invalid, "requestSchemaId", h.catalogs.Bind(h.Ctx, e.Ref(), v))
		if got := granttest.Must(h.catalogs.Schema(h.Ctx, v))(h); got.DeletedAt.IsZero() {
			t.Fatal("a deleted form is shown as such")
		}
		_, err := h.catalogs.FormOf(h.DB.Q(h.Ctx), app.EntitlementRef{AppID: e.AppID, ID: "x"})
		h.refused(fault.NotFound, "entitlement", err)
		want := []string{"request_schema.created", "request_schema.updated", "request_schema.deleted"}
		if got := h.events("request_schema."); !slices.Equal(got, want) {
			t.Fatal(got)
		}
	})
}

func TestABadFormIsNotSaved(t *testing.T) {
	each(t, func(h *house) {
		_, err := h.catalogs.CreateSchema(h.Ctx, catalog.Schema{Form: form(`{"name":"a"}`)})
		h.refused(fault.Invalid, "form.fields[0]", err)
		v := h.schema(reason)
		_, err = h.catalogs.UpdateSchema(h.Ctx, v, func(v *catalog.Schema) { v.Form = nil })
		h.refused(fault.Invalid, "form", err)
		_, err = h.catalogs.UpdateSchema(h.Ctx, "nothing", func(*catalog.Schema) {})
		h.refused(fault.NotFound, "schema", err)
	})
}

func TestSettingsOfRequestsAreKept(t *testing.T) {
	each(t, func(h *house) {
		for _, skip := range []bool{true, true, false} {
			granttest.Must(h.catalogs.SetRequestSettings(h.Ctx, func(v *catalog.RequestSettings) { v.SkipJustification = skip }))(h)
			if got := granttest.Must(h.catalogs.RequestSettings(h.Ctx))(h); got.SkipJustification != skip {
				t.Fatalf("%+v", got)
			}
		}
		if got := h.events("request_settings."); len(got) != 2 {
			t.Fatal(got)
		}
	})
}
