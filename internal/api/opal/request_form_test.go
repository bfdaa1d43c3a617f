package opal_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/govern/task"
)

const travelForm = `{"displayName":"Travel","fields":[
	{"name":"why","required":true,"stringField":{}},
	{"name":"abroad","required":true,"boolField":{}},
	{"name":"days","int64Field":{}},
	{"name":"places","stringSliceField":{}}]}`

func TestCustomFieldsFillInTheFormOfWhatIsAskedFor(t *testing.T) {
	onDoor(t, "request_form", func(d *door) {
		s := d.shop()
		ctx := iam.AsSystem(d.Context())
		form, err := d.Catalogs.CreateSchema(ctx, catalog.Schema{Form: json.RawMessage(travelForm)})
		if err == nil {
			err = d.Catalogs.Bind(ctx, d.level(s.orders), form.ID)
		}
		if err != nil {
			d.Fatal(err)
		}
		d.person("Ada", iam.BasicUser)
		ask := func(items, fields string) string {
			return fmt.Sprintf(`{%s,"reason":"for work","duration_minutes":30,"custom_metadata":[%s]}`, items, fields)
		}
		orders := fmt.Sprintf(`"resources":[{"id":%q}],"groups":null`, s.orders)
		both := fmt.Sprintf(`"resources":[{"id":%q}],"groups":[{"id":%q}]`, s.orders, s.readers)
		const (
			why    = `{"name":"why","type":"SHORT_TEXT","value":"a fair"}`
			abroad = `{"name":"abroad","type":"BOOLEAN","value":"true"}`
			rest   = `{"name":"days","type":"SHORT_TEXT","value":"3"},{"name":"places","type":"MULTI_CHOICE","value":"Paris"},` +
				`{"name":"places","type":"MULTI_CHOICE","value":"Rome"}`
		)
		d.refused(http.StatusBadRequest, "POST", "/requests", map[string]string{
			"custom_metadata.why: is required": ask(orders, abroad),
			"custom_metadata.abroad":           ask(orders, why+`,{"name":"abroad","type":"BOOLEAN","value":"perhaps"}`),
			"custom_metadata.days":             ask(orders, why+`,`+abroad+`,{"name":"days","type":"SHORT_TEXT","value":"many"}`),
		})
		id := d.made("trip", "id", "The form of one of two things is filled in; the other asks for nothing", "/requests",
			ask(both, why+`,`+abroad+`,`+rest))
		d.want(http.StatusOK, "What was filled in is shown", "GET", "/requests/"+id, "")
		found, err := task.Together(d.DB.Q(ctx), task.ID(id))
		if err != nil {
			d.Fatal(err)
		}
		want := map[string]string{s.orders: `{"abroad":true,"days":"3","places":["Paris","Rome"],"why":"a fair"}`, s.readers: ""}
		for _, one := range found {
			if got := string(one.Data); !sameJSON(got, want[string(one.Resource)]) {
				d.Errorf("%s: the form has %s", one.DisplayName, got)
			}
		}
		d.filledInElsewhere(s)
	})
}

// filledInElsewhere asks for the same through the rules, as the other door does.
func (d *door) filledInElsewhere(s shop) {
	d.Helper()
	of := d.level(s.orders)
	made, err := d.Tasks.RequestGrant(d.acting(s.grace), task.Ask{
		App: of.AppID, Entitlement: of.ID, Subject: s.grace.ID, Data: json.RawMessage(`{"why":"a talk","abroad":false,"days":"2"}`),
	})
	if err != nil {
		d.Fatal(err)
	}
	d.names[string(made.ID)] = "talk"
	d.as(s.root, iam.SuperAdministrator)
	d.want(http.StatusOK, "What was filled in at the other door is shown, too", "GET", "/requests/"+string(made.ID), "")
}

// sameJSON reports whether two texts are the same JSON, or both nothing.
func sameJSON(a, b string) bool {
	var x, y any
	if a == "" || b == "" {
		return a == b
	}
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	return fmt.Sprint(x) == fmt.Sprint(y)
}
