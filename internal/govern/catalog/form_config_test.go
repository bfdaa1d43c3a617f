package catalog_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/fault"
)

// fills answers what is kept of data that a request of Ada's fills into a form of those fields.
func (h *house) fills(of app.Entitlement, ada directory.User, fields, data string) (string, error) {
	h.Helper()
	v := granttest.Must(h.catalogs.CreateSchema(h.Ctx, catalog.Schema{Form: form(fields)}))(h)
	facts := policy.Facts{Subject: ada, Entitlement: of, Task: policy.TaskFacts{GrantDuration: time.Hour}}
	kept, err := h.catalogs.FillForm(h.Ctx, catalog.Applied{Schema: v.ID}, facts, nil, json.RawMessage(data))
	return string(kept), err
}

func TestAFormSaysWhatIsKeptOfWhatIsFilledIn(t *testing.T) {
	each(t, func(h *house) {
		e, boss := h.Entitlement(h.App().ID), h.User()
		ada := granttest.Must(h.Directory.Create(h.Ctx, directory.User{
			DisplayName: "Ada", Email: "Ada@example.com", Department: "Crew", ManagerIDs: []directory.UserID{boss.ID},
		}))(h)
		const (
			crew     = `{"name":"a","stringField":{},"adminConfig":{"defaultValueCel":"subject.department"}}`
			start    = `{"name":"a","stringField":{},"sharedConfig":{"defaultValueCel":"subject.department"}}`
			locked   = `{"name":"a","stringField":{},"sharedConfig":{"defaultValueCel":"subject.department","lockDefaultValues":true}}`
			lower    = `{"name":"a","stringField":{"rules":{"maxLen":"3"}},"userConfig":{"inputTransformationCel":"input.lowerAscii().trim()"}}`
			lowers   = `{"name":"a","stringSliceField":{},"userConfig":{"inputTransformationCel":"input.filter(x, x != '').map(x, x.lowerAscii())"}}`
			hours    = `{"name":"a","int64Field":{},"sharedConfig":{"defaultValueCel":"task.grant_duration.getHours()","inputTransformationCel":"input * 2"}}`
			fixed    = `{"name":"a","required":true,"readOnly":true,"stringField":{"defaultValue":"y"},"sharedConfig":{"defaultValueCel":"'x'"}}`
			own      = `{"name":"a","boolField":{"defaultValue":true},"adminConfig":{}}`
			texts    = `{"name":"a","stringMapField":{"defaultValue":{"k":"v"}},"sharedConfig":{"lockDefaultValues":true}}`
			managing = `{"name":"a","stringField":{"rules":{"email":true}},"adminConfig":{"defaultValueCel":"subject.manager"}}`
			missing  = `{"name":"a","required":true,"stringField":{},"adminConfig":{"defaultValueCel":"subject.job_title"}}`
			broken   = `{"name":"a","stringField":{},"adminConfig":{"defaultValueCel":"subject.profile['none']"}}`
			escape   = `{"name":"a","stringField":{},"userConfig":{"inputTransformationCel":"input + '\\u001b[2J'"}}`
			picking  = `{"name":"a","stringField":{"pickerField":{"c1UserPicker":{}}},"adminConfig":{"defaultValueCel":"subject.manager_id"}}`
			mispick  = `{"name":"a","stringField":{"pickerField":{"c1UserPicker":{}}},"userConfig":{"inputTransformationCel":"'nobody'"}}`
			of       = `{"name":"a","stringField":{},"adminConfig":{"defaultValueCel":"entitlement.display_name"}}`
		)
		for _, c := range []struct{ fields, data, kept, wrong string }{
			{crew, `{}`, `{"a":"Crew"}`, ""},
			{crew, ``, `{"a":"Crew"}`, ""},
			{crew, `{"a":"Crew"}`, `{"a":"Crew"}`, ""},
			{crew, `{"a":"Deck"}`, "", "requestData.a: cannot be changed"},
			{crew, `{"a":1}`, "", "requestData.a: must be a text"},
			{crew, `{"b":"x"}`, "", `no field "b"`},
			{start, `{}`, `{"a":"Crew"}`, ""},
			{start, `{"a":"Deck"}`, `{"a":"Deck"}`, ""},
			{locked, `{"a":"Deck"}`, "", "cannot be changed"},
			{locked, `{}`, `{"a":"Crew"}`, ""},
			{lower, `{"a":" ABC "}`, `{"a":"abc"}`, ""},
			{lower, `{"a":"ABCD"}`, "", "at most 3 characters"},
			{lower, `{"a":"` + strings.Repeat("x", catalog.MaxValue+1) + `"}`, "", "at most 4096"},
			{lower, `{}`, `{}`, ""},
			{lower, `{"a":"  "}`, `{}`, ""},
			{lowers, `{"a":["X","","Y"]}`, `{"a":["x","y"]}`, ""},
			{lowers, `{"a":[""]}`, `{}`, ""},
			{hours, `{}`, `{"a":1}`, ""},
			{hours, `{"a":"4"}`, `{"a":8}`, ""},
			{hours, `{"a":"9223372036854775807"}`, "", "cannot be worked out"},
			{fixed, `{}`, `{"a":"x"}`, ""},
			{fixed, `{"a":"y"}`, "", "cannot be changed"},
			{own, `{}`, `{"a":true}`, ""},
			{own, `{"a":false}`, "", "cannot be changed"},
			{texts, `{}`, `{"a":{"k":"v"}}`, ""},
			{texts, `{"a":{"k":"w"}}`, "", "cannot be changed"},
			{managing, `{}`, `{"a":"` + boss.Email + `"}`, ""},
			{missing, `{}`, "", "requestData.a: is required"},
			{broken, `{}`, "", "requestData.a: cannot be worked out"},
			{escape, `{"a":"x"}`, "", "requestData.a"},
			{mispick, `{"a":"x"}`, "", "no user that can be chosen"},
			{of, `{}`, `{"a":"` + e.DisplayName + `"}`, ""},
		} {
			kept, err := h.fills(e, ada, c.fields, c.data)
			if c.wrong == "" && (err != nil || kept != c.kept) || c.wrong != "" && (!fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.wrong)) {
				t.Errorf("%s with %.80s: %s, %v, want %s, %q", c.fields, c.data, kept, err, c.kept, c.wrong)
			}
		}
		if kept, err := h.fills(e, ada, picking, `{}`); err != nil || !strings.Contains(kept, `"a":`) {
			t.Errorf("%s, %v", kept, err)
		}
		granttest.Must(h.Directory.Disable(h.Ctx, boss.ID, ""))(h)
		if _, err := h.fills(e, ada, picking, `{}`); !fault.Is(err, fault.Invalid) {
			t.Errorf("a manager who is disabled: %v", err)
		}
	})
}

func TestAFormIsNotSavedWithExpressionsThatCouldNeverBeWorkedOut(t *testing.T) {
	each(t, func(h *house) {
		field := func(kind, config string) string { return `{"name":"a",` + kind + `,` + config + `}` }
		many := make([]string, catalog.MaxExpressions+1)
		for i := range many {
			many[i] = `{"name":"a` + strings.Repeat("x", i) + `","stringField":{},"adminConfig":{"defaultValueCel":"'x'"}}`
		}
		saved := h.schema(reason)
		for _, c := range []struct{ fields, field string }{
			{field(`"stringField":{}`, `"adminConfig":{"defaultValueCel":"subject."}`), "form.fields[0].adminConfig.defaultValueCel: line 1"},
			{field(`"stringField":{}`, `"adminConfig":{"defaultValueCel":"1"}`), "form.fields[0].adminConfig.defaultValueCel"},
			{field(`"boolField":{}`, `"adminConfig":{"defaultValueCel":"'x'"}`), "form.fields[0].adminConfig.defaultValueCel"},
			{field(`"int64Field":{}`, `"sharedConfig":{"defaultValueCel":"'1'"}`), "form.fields[0].sharedConfig.defaultValueCel"},
			{field(`"stringField":{}`, `"sharedConfig":{"defaultValueCel":"input"}`), "form.fields[0].sharedConfig.defaultValueCel"},
			{field(`"stringField":{}`, `"sharedConfig":{"inputTransformationCel":"size(input)"}`), "form.fields[0].sharedConfig.inputTransformationCel"},
			{field(`"stringSliceField":{}`, `"userConfig":{"inputTransformationCel":"input[0]"}`), "form.fields[0].userConfig.inputTransformationCel"},
			{field(`"stringField":{}`, `"userConfig":{"inputTransformationCel":"`+strings.Repeat("x", 5000)+`"}`), "form.fields[0].userConfig"},
			{strings.Join(many, ","), "more than 16 expressions"},
		} {
			_, err := h.catalogs.CreateSchema(h.Ctx, catalog.Schema{Form: form(c.fields)})
			h.refused(fault.Invalid, c.field, err)
			_, err = h.catalogs.UpdateSchema(h.Ctx, saved, func(v *catalog.Schema) { v.Form = form(c.fields) })
			h.refused(fault.Invalid, c.field, err)
		}
		_, err := h.catalogs.CreateSchema(h.Ctx, catalog.Schema{Form: form(field(`"stringMapField":{}`, `"adminConfig":{"defaultValueCel":"{'k': 'v'}"}`))})
		h.refused(fault.Unimplemented, "Field.adminConfig", err)
		if got := granttest.Must(h.catalogs.Schema(h.Ctx, saved))(h); got.Version != 1 {
			t.Errorf("%+v", got)
		}
	})
}

// Clients send back the whole form when one field of it changes, the locked ones as they read them.
func TestWhatWasKeptOfALockedFieldMayBeSentBackWhenItsValueHasMoved(t *testing.T) {
	each(t, func(h *house) {
		e := h.Entitlement(h.App().ID)
		for _, config := range []string{
			`"sharedConfig":{"defaultValueCel":"subject.department","lockDefaultValues":true}`, `"adminConfig":{"defaultValueCel":"subject.department"}`,
		} {
			v := granttest.Must(h.catalogs.CreateSchema(h.Ctx, catalog.Schema{
				Form: form(`{"name":"team","stringField":{},` + config + `},{"name":"why","stringField":{}}`),
			}))(h)
			facts := policy.Facts{Subject: directory.User{Department: "Deck"}, Entitlement: e}
			kept := json.RawMessage(`{"team":"Crew","why":"x"}`)
			for sent, want := range map[string]string{
				`{"team":"Crew","why":"y"}`:   `{"team":"Deck","why":"y"}`,
				`{"team":"Deck","why":"y"}`:   `{"team":"Deck","why":"y"}`,
				`{"why":"y"}`:                 `{"team":"Deck","why":"y"}`,
				`{"team":"Galley","why":"y"}`: "",
			} {
				got, err := h.catalogs.FillForm(h.Ctx, catalog.Applied{Schema: v.ID}, facts, kept, json.RawMessage(sent))
				if want == "" && !fault.Is(err, fault.Invalid) || want != "" && (err != nil || string(got) != want) {
					t.Errorf("%s, %s: %s, %v", config, sent, got, err)
				}
			}
		}
	})
}
