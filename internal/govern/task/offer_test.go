package task_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// offering is an office whose requests are kept to its catalogs.
func offering(t *testing.T, test func(t *testing.T, o *office, c *catalog.Service)) {
	t.Helper()
	each(t, func(t *testing.T, o *office) {
		values, err := policy.New(policy.Deps{DB: o.DB, Clock: o.Clock, Audit: o.Audit, Owners: o.Owners})
		o.ok(err)
		c := catalog.New(catalog.Deps{DB: o.DB, Clock: o.Clock, Audit: o.Audit, Apps: o.Apps, Values: values})
		o.Apps.Offer(c)
		o.Tasks.Offers = item.Offers{Service: c}
		test(t, o, c)
	})
}

func TestPeopleAskForWhatTheyFindInACatalogAndToKeepWhatTheyHold(t *testing.T) {
	offering(t, func(_ *testing.T, o *office, c *catalog.Service) {
		ask := task.Ask{App: o.App.ID, Entitlement: o.Of.ID, Subject: o.Ada, Duration: time.Hour, Bound: true}
		_, err := o.Tasks.RequestGrant(o.as(o.Ada), ask)
		o.fails(err, fault.Denied)
		_, err = o.Tasks.DryRun(o.as(o.Ada), task.Grant, ask)
		o.fails(err, fault.Denied)

		shelf, err := c.Create(o.Context(), catalog.Catalog{DisplayName: "For everybody", Published: true, Everyone: true})
		o.ok(err)
		o.ok(c.Add(o.Context(), shelf.ID, []app.EntitlementRef{o.Of.Ref()}))
		asked, err := o.Tasks.RequestGrant(o.as(o.Ada), ask)
		o.ok(err)
		o.approved(o.Grace, asked)

		o.ok(c.Delete(o.Context(), shelf.ID))
		_, err = o.Tasks.RequestGrant(o.as(o.Ada), ask)
		o.fails(err, fault.Denied)
		ask.Extension = true
		_, err = o.Tasks.RequestGrant(o.as(o.Ada), ask)
		o.ok(err)
		ask.Subject, ask.Extension, ask.Bound = o.Linus, false, false
		_, err = o.Tasks.RequestGrant(o.as(o.Edith), ask)
		o.ok(err)
	})
}

func TestWhatARequestLeavesOpenComesFromTheDefaultsOfItsApp(t *testing.T) {
	offering(t, func(t *testing.T, o *office, c *catalog.Service) {
		_, err := c.SetDefaults(o.Context(), catalog.Defaults{App: o.App.ID, Enabled: true, Max: 2 * time.Hour})
		o.ok(err)
		ask := task.Ask{App: o.App.ID, Entitlement: o.Of.ID, Subject: o.Ada, Duration: 3 * time.Hour}
		_, err = o.Tasks.RequestGrant(o.as(o.Ada), ask)
		o.fails(err, fault.Invalid)
		ask.Duration = 0
		asked, err := o.Tasks.RequestGrant(o.as(o.Ada), ask)
		o.ok(err)
		if asked.Duration != 2*time.Hour {
			t.Errorf("asked for %v", asked.Duration)
		}
		if kinds := o.kinds(asked); !slices.Contains(kinds, task.DefaultsApplied) {
			t.Errorf("kinds %v", kinds)
		}
		_, err = o.Tasks.UpdateDuration(o.as(o.Ada), string(asked.ID), 3*time.Hour)
		o.fails(err, fault.Invalid)
	})
}

func TestARequestBringsWhatItsFormAsksFor(t *testing.T) {
	offering(t, func(_ *testing.T, o *office, c *catalog.Service) {
		form, err := c.CreateSchema(o.Context(), catalog.Schema{
			Form: json.RawMessage(`{"displayName":"Why","fields":[{"name":"ticket","displayName":"Ticket","required":true,"stringField":{}}]}`),
		})
		o.ok(err)
		o.ok(c.Bind(o.Context(), o.Of.Ref(), form.ID))
		ask := task.Ask{App: o.App.ID, Entitlement: o.Of.ID, Subject: o.Ada, Duration: time.Hour}
		_, err = o.Tasks.RequestGrant(o.as(o.Ada), ask)
		o.fails(err, fault.Invalid)
		ask.Data = json.RawMessage(`{"ticket":"OPS-7"}`)
		asked, err := o.Tasks.RequestGrant(o.as(o.Ada), ask)
		o.ok(err)
		_, err = o.Tasks.UpdateData(o.as(o.Ada), string(asked.ID), json.RawMessage(`{"ticket":7}`))
		o.fails(err, fault.Invalid)
		_, err = o.Tasks.UpdateData(o.as(o.Ada), string(asked.ID), json.RawMessage(`{"ticket":"OPS-8"}`))
		o.ok(err)
	})
}

func TestARequestKeepsWhatItsFormMakesOfWhatIsFilledIn(t *testing.T) {
	offering(t, func(t *testing.T, o *office, c *catalog.Service) {
		form, err := c.CreateSchema(o.Context(), catalog.Schema{Form: json.RawMessage(`{"displayName":"Why","fields":[
			{"name":"who","stringField":{},"adminConfig":{"defaultValueCel":"subject.email + ' by ' + task.requestor_user_id"}},
			{"name":"ticket","required":true,"stringField":{},"userConfig":{"inputTransformationCel":"input.upperAscii()"}}]}`)})
		o.ok(err)
		o.ok(c.Bind(o.Context(), o.Of.Ref(), form.ID))
		ask := task.Ask{App: o.App.ID, Entitlement: o.Of.ID, Subject: o.Ada, Duration: time.Hour, Data: json.RawMessage(`{"ticket":"ops-7"}`)}
		ada, err := directory.Get(o.DB.Q(o.Context()), o.Ada)
		o.ok(err)
		want := func(made task.Task, err error, ticket string) task.Task {
			t.Helper()
			o.ok(err)
			if is := `{"ticket":"` + ticket + `","who":"` + ada.Email + ` by ` + id.KSUID(string(o.Linus)) + `"}`; string(made.Data) != is {
				t.Errorf("kept %s, want %s", made.Data, is)
			}
			return made
		}
		dry, err := o.Tasks.DryRun(o.as(o.Linus), task.Grant, ask)
		want(dry.Task, err, "OPS-7")
		made, err := o.Tasks.RequestGrant(o.as(o.Linus), ask)
		want(made, err, "OPS-7")
		made, err = o.Tasks.UpdateData(o.as(o.Linus), string(made.ID), json.RawMessage(`{"ticket":"ops-8"}`))
		made = want(made, err, "OPS-8")
		_, err = o.Tasks.UpdateData(o.as(o.Linus), string(made.ID), json.RawMessage(`{"ticket":"ops-8","who":"me"}`))
		o.fails(err, fault.Invalid)
		kept, err := o.Tasks.Get(o.Context(), string(made.ID))
		want(kept, err, "OPS-8")
	})
}

// instead has something else asked for in place of one thing.
type instead struct{ of, to app.EntitlementRef }

func (i instead) Instead(_ db.Q, of app.EntitlementRef) (app.EntitlementRef, error) {
	if of == i.of {
		return i.to, nil
	}
	return of, nil
}

func TestADryRunIsOfWhatWouldBeAskedFor(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		source := o.Entitlement(o.App.ID)
		o.Tasks.Redirects = instead{app.EntitlementRef{AppID: o.App.ID, ID: o.Of.ID}, app.EntitlementRef{AppID: o.App.ID, ID: source.ID}}
		dry, err := o.Tasks.DryRun(o.as(o.Ada), task.Grant, o.asks())
		o.ok(err)
		if made := o.request(); dry.Task.Entitlement != source.ID || made.Entitlement != source.ID {
			t.Errorf("the dry run is of %s, and %s is asked for, not %s", dry.Task.Entitlement, made.Entitlement, source.ID)
		}
	})
}
