package memory

import (
	"runtime/debug"
	"testing"
)

func TestGarbageIsLookedForLessOftenUnlessGOGCSaysHowOften(t *testing.T) {
	before := debug.SetGCPercent(100)
	t.Cleanup(func() { debug.SetGCPercent(before) })

	t.Setenv("GOGC", "50")
	Spend()
	if got := debug.SetGCPercent(100); got != 100 {
		t.Errorf("with GOGC it is set to %d", got)
	}
	t.Setenv("GOGC", "")
	Spend()
	if got := debug.SetGCPercent(100); got != garbage {
		t.Errorf("without GOGC it is %d, not %d", got, garbage)
	}
}
