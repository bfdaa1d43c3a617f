package grant_test

import (
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

func TestSQLiteHasOneEnder(t *testing.T) {
	if n := len(granttest.New(t, dbtest.SQLite(t)).Grants.Enders()); n != 1 {
		t.Errorf("%d, although one writes", n)
	}
}

func TestTheSecondEnderTakesWhatTheFirstDoesNotHold(t *testing.T) {
	h := granttest.New(t, dbtest.Postgres(t))
	end := h.Clock.Now().Add(time.Hour)
	c := h.Connected(3)
	var taken grant.Grant
	for i := range 3 {
		taken = granttest.Must(h.Grants.Create(h.Ctx, c.Key(i), end))(t)
	}
	h.Settle()
	h.Forget()
	h.Clock.Set(end)
	enders := h.Grants.Enders()
	if len(enders) != 2 || enders[0].Name() == enders[1].Name() {
		t.Fatalf("enders %v", enders)
	}
	h.Write(func(tx *tx) error {
		if _, err := tx.Exec(`select id from grants where id = $1 for update`, taken.ID); err != nil {
			return err
		}
		handled := make(chan int)
		go func() { // it must not wait for the grant that is taken
			n, err := enders[1].Run(h.Ctx, end)
			if err != nil {
				t.Error(err)
			}
			handled <- n
		}()
		if n := <-handled; n != 2 {
			t.Errorf("the second handled %d", n)
		}
		return nil
	})
	if n := granttest.Must(enders[0].Run(h.Ctx, end))(t); n != 1 {
		t.Errorf("the first handled %d", n)
	}
	if n := len(h.Events()); n != 3 {
		t.Errorf("%d events for 3 ends", n)
	}
}
