package grant_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/notify"
	"github.com/interim-access/interim/internal/platform/due"
)

// mailbox is what people were told.
type mailbox struct {
	told []string
	off  bool
}

// Tell implements grant.Notices.
func (m *mailbox) Tell(t *tx, notices ...notify.Notice) error {
	for _, n := range notices {
		t.OnCommit(func() { m.told = append(m.told, fmt.Sprintf("%s %s", n.Kind, n.Data.Until.Format("02 15:04"))) })
		if n.User == "" || n.Data.App == "" || n.Data.Entitlement == "" || n.Data.AppID == "" || n.Data.EntitlementID == "" {
			return fmt.Errorf("the notice lacks something: %+v", n)
		}
	}
	return nil
}

// Reachable implements grant.Notices.
func (m *mailbox) Reachable() bool { return !m.off }

// warned runs what warns until nothing is due, and answers what people were told since.
func (m *mailbox) warned(t *testing.T, h *granttest.House, sources []due.Source) []string {
	t.Helper()
	m.told = nil
	for _, s := range sources {
		for range 20 {
			at, ok, err := s.Next(h.Ctx)
			if err != nil {
				t.Fatal(err)
			}
			if !ok || at.After(h.Clock.Now()) || granttest.Must(s.Run(h.Ctx, h.Clock.Now()))(t) == 0 {
				break
			}
		}
	}
	return m.told
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

var leads = []time.Duration{24 * time.Hour, time.Hour}

func TestPeopleAreToldOnceThatTheirAccessEndsSoon(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		m := &mailbox{}
		h.Grants.Notices = m
		w := h.Grants.Warners(leads)
		same(t, "at first", m.warned(t, h, w))
		start := h.Clock.Now()
		long, short, brief := h.Key(), h.Key(), h.Key()
		granttest.Must(h.Grants.Create(h.Ctx, long, start.Add(48*time.Hour)))(t)
		granttest.Must(h.Grants.Create(h.Ctx, short, start.Add(2*time.Hour)))(t)
		granttest.Must(h.Grants.Create(h.Ctx, brief, start.Add(time.Hour)))(t)
		shown := func(d time.Duration) string { return "ENDS_SOON " + start.Add(d).Format("02 15:04") }
		same(t, "once they were given", m.warned(t, h, w))
		h.Clock.Set(start.Add(time.Hour - time.Microsecond))
		same(t, "just before", m.warned(t, h, w))
		h.Clock.Set(start.Add(time.Hour))
		same(t, "an hour before", m.warned(t, h, w), shown(2*time.Hour))
		same(t, "once more", m.warned(t, h, w))
		h.Clock.Set(start.Add(24 * time.Hour))
		same(t, "a day before", m.warned(t, h, w), shown(48*time.Hour))
		granttest.Must(h.Grants.SetEnd(h.Ctx, long, start.Add(72*time.Hour)))(t)
		h.Clock.Set(start.Add(47 * time.Hour))
		same(t, "an hour before the end that was", m.warned(t, h, w))
		h.Clock.Set(start.Add(48 * time.Hour))
		same(t, "a day before the end that is", m.warned(t, h, w), shown(72*time.Hour))
		granttest.Must(h.Grants.SetEnd(h.Ctx, long, start.Add(48*time.Hour+30*time.Minute)))(t)
		same(t, "an end that is near already", m.warned(t, h, w))
		granttest.Must(h.Grants.ClearEnd(h.Ctx, long))(t)
		h.Clock.Set(start.Add(72 * time.Hour))
		same(t, "without an end", m.warned(t, h, w))
	})
}

func TestAfterALongStopPeopleAreToldOnceOfWhatIsStillToCome(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		m := &mailbox{}
		h.Grants.Notices = m
		w := h.Grants.Warners(leads)
		m.warned(t, h, w)
		start := h.Clock.Now()
		for _, d := range []time.Duration{47 * time.Hour, 48*time.Hour + 30*time.Minute, 60 * time.Hour} {
			granttest.Must(h.Grants.Create(h.Ctx, h.Key(), start.Add(d)))(t)
		}
		h.Clock.Set(start.Add(48 * time.Hour))
		got := m.warned(t, h, w)
		slices.Sort(got)
		want := []string{
			"ENDS_SOON " + start.Add(48*time.Hour+30*time.Minute).Format("02 15:04"), "ENDS_SOON " + start.Add(60*time.Hour).Format("02 15:04"),
		}
		slices.Sort(want)
		same(t, "after the stop", got, want...)
	})
}

func TestManyEndsOfOneMomentAreAllToldOf(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		m := &mailbox{}
		h.Grants.Notices = m
		w := h.Grants.Warners(leads[:1])
		m.warned(t, h, w)
		end := h.Clock.Now().Add(25 * time.Hour)
		const n = 3
		for range n {
			granttest.Must(h.Grants.Create(h.Ctx, h.Key(), end))(t)
		}
		h.Clock.Set(end.Add(-24 * time.Hour))
		if got := m.warned(t, h, w); len(got) != n {
			t.Errorf("told %d of %d", len(got), n)
		}
	})
}

func TestPeopleAreToldThatTheirAccessHasEnded(t *testing.T) {
	each(t, func(t *testing.T, h *granttest.House) {
		m := &mailbox{}
		h.Grants.Notices = m
		end := h.Clock.Now().Add(time.Hour)
		timed, taken, targeted := h.Key(), h.Key(), h.Connected(1)
		granttest.Must(h.Grants.Create(h.Ctx, timed, end))(t)
		granttest.Must(h.Grants.Create(h.Ctx, taken, time.Time{}))(t)
		granttest.Must(h.Grants.Create(h.Ctx, targeted.Key(0), end))(t)
		h.Settle()
		same(t, "before", m.told)
		granttest.Must(h.Grants.Revoke(h.Ctx, taken, "no longer needed"))(t)
		same(t, "a revocation", m.told, "ENDED "+h.Clock.Now().Format("02 15:04"))
		h.Clock.Set(end)
		m.told = nil
		h.End()
		h.Settle()
		same(t, "the end", m.told, "ENDED "+end.Format("02 15:04"), "ENDED "+end.Format("02 15:04"))
		m.off, m.told = true, nil
		granttest.Must(h.Grants.Create(h.Ctx, h.Key(), time.Time{}))(t)
		same(t, "nobody can be told", m.told)
	})
}

var _ grant.Notices = (*mailbox)(nil)
