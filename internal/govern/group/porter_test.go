package group_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/grant"
	"github.com/interim-access/interim/internal/govern/grant/granttest"
	"github.com/interim-access/interim/internal/govern/group"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/platform/db"
)

// observer sees what the porter does, and fails for one person.
type observer struct {
	of    app.EntitlementRef
	fails directory.UserID
	txs   map[*db.Tx]int // how many memberships ended in each transaction
}

func (w *observer) GrantsChanged(tx *db.Tx, changed []grant.Step, _ time.Time) error {
	for _, c := range changed {
		if c.State == grant.Ended || c.State == grant.Ending {
			w.txs[tx]++
		}
		if c.User == w.fails && c.Entitlement == w.of.ID && c.State != grant.Active {
			return errors.New("something is broken")
		}
	}
	return nil
}

func TestOneWhoCannotBeTakenOutHoldsUpNobody(t *testing.T) {
	each(t, func(h *house) {
		a, inA := h.group("A")
		b, inB := h.group("B")
		granttest.Must(h.groups.Link(h.Ctx, a.ID, []item.ID{b.ID}))(h)
		w := &observer{of: inB.Level.Entitlement, txs: map[*db.Tx]int{}}
		h.Grants.Watch(w)
		var mirrored []grant.Key
		for n := range 4 {
			u, account := h.person()
			if n == 0 {
				w.fails = u
			}
			left := h.join(inA, account)
			mirrored = append(mirrored, h.join(inB, account))
			granttest.Must(h.Grants.Revoke(h.Ctx, left, ""))(h)
		}
		h.port()
		for n, k := range mirrored {
			h.wantMember(k, n == 0)
		}
		w.fails = ""
		h.port()
		h.wantMember(mirrored[0], true) // it waits
		h.Clock.Advance(time.Minute)
		h.port()
		h.wantMember(mirrored[0], false)
	})
}

// What hangs on a membership goes with it, so that leaving many groups is many transactions.
func TestWhoLeavesManyGroupsLeavesEachInATransactionOfItsOwn(t *testing.T) {
	each(t, func(h *house) {
		var ids []item.ID
		var in []group.Thing
		for n := range group.MaxLinked {
			g, members := h.group(fmt.Sprintf("G%d", n))
			ids, in = append(ids, g.ID), append(in, members)
		}
		granttest.Must(h.groups.Link(h.Ctx, ids[0], ids[1:]))(h)
		_, account := h.person()
		var keys []grant.Key
		for _, g := range in {
			keys = append(keys, h.join(g, account))
		}
		granttest.Must(h.Grants.Revoke(h.Ctx, keys[0], ""))(h)
		w := &observer{txs: map[*db.Tx]int{}}
		h.Grants.Watch(w)
		h.port()
		for _, k := range keys {
			h.wantMember(k, false)
		}
		most := 0
		for _, n := range w.txs {
			most = max(most, n)
		}
		if most != 1 {
			t.Errorf("%d memberships ended in one transaction", most)
		}
	})
}
