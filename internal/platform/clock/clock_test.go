package clock

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

var start = time.Date(2030, 5, 1, 12, 0, 0, 0, time.UTC)

func TestMicrosRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		us := rapid.Int64Range(-1<<52, 1<<58).Draw(t, "us")
		back := FromMicros(us)
		if Micros(back) != us || back.Location() != time.UTC {
			t.Fatalf("%d came back as %v", us, back)
		}
	})
}

func TestMicrosCutOffWhatTheyCannotHold(t *testing.T) {
	if got := FromMicros(Micros(start.Add(1999))); !got.Equal(start.Add(time.Microsecond)) {
		t.Errorf("got %v", got)
	}
}

// closed reports whether c is closed, without waiting.
func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestNoTimeIsNothingInANullableColumn(t *testing.T) {
	if got := Null(time.Time{}); got != nil {
		t.Errorf("no time is %d", *got)
	}
	if got := FromNull(nil); !got.IsZero() {
		t.Errorf("nothing is %v", got)
	}
	at := time.Date(2026, 2, 3, 4, 5, 6, 789_000, time.UTC)
	if got := FromNull(Null(at)); !got.Equal(at) {
		t.Errorf("%v came back as %v", at, got)
	}
}
