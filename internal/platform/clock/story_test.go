//go:build storyclock

package clock

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestShiftMovesTheClockAndWakesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := System(time.Time{})
		began := c.Now()
		ch, _ := c.After(began.Add(24 * time.Hour))
		later, _ := c.After(began.Add(25 * time.Hour))
		c.Shift(24 * time.Hour)
		if !closed(ch) || closed(later) {
			t.Errorf("woken: due %v, not yet due %v", closed(ch), closed(later))
		}
		if got := c.Now().Sub(began); got != 24*time.Hour {
			t.Errorf("moved by %v", got)
		}
		c.Shift(-24 * time.Hour)
		if got := c.Now().Sub(began); got != 24*time.Hour {
			t.Errorf("a shift back moved Now to %v", got)
		}
	})
}
