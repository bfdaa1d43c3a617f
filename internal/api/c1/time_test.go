package c1

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/interim-access/interim/internal/platform/fault"
)

func TestNoTimeThatIsGivenIsTakenForNone(t *testing.T) {
	for _, c := range []struct {
		given *timestamppb.Timestamp
		none  bool
	}{
		{nil, true},
		{timestamppb.New(time.Time{}), false}, // what an unset time.Time is as JSON
		{&timestamppb.Timestamp{Seconds: time.Time{}.Unix(), Nanos: 999}, false},
		{&timestamppb.Timestamp{}, false}, // 1970
		{timestamppb.New(time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)), false},
	} {
		got, err := Time("deprovisionAt", c.given)
		if err != nil || got.IsZero() != c.none || got.Nanosecond()%1000 != 0 {
			t.Errorf("%v is %v, %v", c.given, got, err)
		}
	}
	if _, err := Time("deprovisionAt", &timestamppb.Timestamp{Seconds: 1 << 60}); !fault.Is(err, fault.Invalid) {
		t.Errorf("what is no time: %v", err)
	}
}
