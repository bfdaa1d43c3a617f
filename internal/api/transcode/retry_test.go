package transcode

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/rate"
)

func TestWhoAsksTooOftenIsToldWhenToComeBack(t *testing.T) {
	limit := rate.New[string](clock.NewFake(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)), 1, 7*time.Second)
	if err := limit.Take("ada"); err != nil {
		t.Fatal(err)
	}
	st := ToStatus(limit.Take("ada"))
	for _, d := range st.Details() {
		if r, ok := d.(*errdetails.RetryInfo); ok && r.GetRetryDelay().AsDuration() == 7*time.Second {
			if json := string(statusJSON(st, "t")); !strings.Contains(json, `"retryDelay":"7s"`) {
				t.Errorf("over HTTP: %s", json)
			}
			return
		}
	}
	t.Errorf("details %v", st.Details())
}
