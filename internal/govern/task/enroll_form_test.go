package task_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/platform/fault"
)

func TestOfTheFormOfAnEnrollmentWhatItSaysItselfIsFilledInAndTheRestByItsRules(t *testing.T) {
	fairs(t, catalog.Settings{Enrollment: enforce}, func(t *testing.T, f *fair) {
		f.Apps.Offer(f.Catalogs)
		f.Tasks.Offers = item.Offers{Service: f.Catalogs}
		form := granttest.Must(f.Catalogs.CreateSchema(f.Ctx, catalog.Schema{Form: json.RawMessage(`{"displayName":"Why","fields":[
			{"name":"level","stringField":{"defaultValue":"low"},"adminConfig":{}}, {"name":"ticket","required":true,"stringField":{}}]}`)}))(f)
		f.ok(f.Catalogs.Bind(f.Ctx, f.Of.Ref(), form.ID))
		f.enrolls(f.Ada, time.Time{})
		f.settles()
		asked := f.last(f.Of.Ref(), 1)
		expect := func(want string) {
			t.Helper()
			if now := granttest.Must(f.Tasks.Get(f.Context(), string(asked.ID)))(f); string(now.Data) != want {
				t.Errorf("kept %s, want %s", now.Data, want)
			}
		}
		expect(`{"level":"low"}`)
		for _, bad := range []string{`{"level":"high","ticket":"OPS-1"}`, `{"ticket":7}`, `{"ticket":"OPS-1","more":"x"}`, `{}`, ``} {
			_, err := f.Tasks.UpdateData(f.as(f.Ada), string(asked.ID), json.RawMessage(bad))
			f.fails(err, fault.Invalid)
		}
		expect(`{"level":"low"}`)
		for _, good := range []string{`{"ticket":"OPS-1"}`, `{"ticket":"OPS-1","level":"low"}`} {
			granttest.Must(f.Tasks.UpdateData(f.as(f.Ada), string(asked.ID), json.RawMessage(good)))(f)
			expect(`{"level":"low","ticket":"OPS-1"}`)
		}
	})
}
