package item_test

import (
	"fmt"
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/platform/fault"
)

func (h *house) group(in app.ID) item.ID {
	h.Helper()
	return granttest.Must(h.items.Create(h.Ctx, item.Draft{AppID: in, Group: true, Name: "Group", Settings: item.Settings{Offered: true}}))(h).ID
}

func TestAGroupThatOneMappingOfManyHidesIsSeenAndAskedForByNobody(t *testing.T) {
	each(t, func(h *house) {
		in, ada := h.App().ID, h.User().ID
		of, _ := h.item(in, item.Settings{})
		other, _ := h.item(in, item.Settings{})
		group := h.group(in)
		level := granttest.Must(h.items.LevelOf(h.DB.Q(h.Ctx), granttest.Must(item.Get(h.DB.Q(h.Ctx), group))(h), ""))(h).Entitlement
		want := func(what string, seen bool) {
			h.Helper()
			if got := granttest.Must(h.items.Seen(h.Ctx, group, ada, h.Clock.Now()))(h); got != seen || h.can(ada, level) != seen {
				h.Errorf("%s: seen %t, asked for %t, want %t", what, got, h.can(ada, level), seen)
			}
		}
		want("at first", true)
		for _, by := range []item.ID{of.ID, other.ID} {
			granttest.Must(h.items.Map(h.Ctx, by, group, func(m *item.Mapping) { m.Hidden = by == of.ID }))(h)
		}
		want("hidden by one", false)
		h.hold(level, h.Account(in, ada).ID, granttest.Noon.Add(1<<40))
		want("hidden, and held", false)
		h.ok(h.items.Unmap(h.Ctx, of.ID, group))
		want("hidden by none", true)
	})
}

func TestAResourceHasNoMoreMappingsThanAListShows(t *testing.T) {
	each(t, func(h *house) {
		in := h.App().ID
		of, _ := h.item(in, item.Settings{})
		if err := h.items.SetMappings(h.Ctx, of.ID, make([]item.Mapping, item.MaxMappings+1)); !fault.Is(err, fault.Invalid) {
			h.Error(err)
		}
		group := h.group(in)
		if err := h.items.SetMappings(h.Ctx, of.ID, []item.Mapping{{Group: group}, {Group: of.ID}}); !fault.Is(err, fault.Invalid) {
			h.Error("a resource is shown as a role:", err)
		}
		if list := granttest.Must(h.items.Mappings(h.Ctx, of.ID))(h); len(list) != 0 {
			h.Error("half of a list was taken:", fmt.Sprint(list))
		}
		if _, err := h.items.Map(h.Ctx, of.ID, "nothing", func(*item.Mapping) {}); !fault.Is(err, fault.NotFound) {
			h.Error(err)
		}
		if err := h.items.Unmap(h.Ctx, of.ID, group); !fault.Is(err, fault.NotFound) {
			h.Error(err)
		}
	})
}
