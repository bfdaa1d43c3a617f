package grant_test

import (
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/platform/fault"
)

func TestWhatIsOverdueIsCountedWithItsAge(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		c := h.Connected(3)
		end := h.Clock.Now().Add(time.Hour)
		for i := range c.Accounts {
			granttest.Must(h.Grants.Create(h.Ctx, c.Key(i), end.Add(time.Duration(i)*time.Minute)))(t)
		}
		h.Settle()
		expect := func(when string, count, age float64) {
			t.Helper()
			got := h.Gauges()
			if got["interim_grants_overdue"] != count || got["interim_grant_overdue_age_seconds"] != age {
				t.Errorf("%s: %v, want %v of age %v", when, got, count, age)
			}
		}
		expect("in force", 0, 0)
		h.Clock.Set(end.Add(10 * time.Second))
		expect("before anybody noticed", 1, 10)
		h.Target.Down(fault.New(fault.Unavailable, "the target is down"))
		h.Settle()
		h.Clock.Set(end.Add(time.Minute + 10*time.Second))
		expect("one ending, one not noticed", 2, 70)
		h.Target.Down(nil)
		h.Clock.Advance(10 * time.Minute)
		h.Settle()
		h.Clock.Advance(time.Minute)
		expect("all removed", 0, 0)
		if n := h.Gauges()["interim_grant_end_lateness_seconds"]; n != 3 {
			t.Errorf("lateness of %v ends", n)
		}
	})
}
