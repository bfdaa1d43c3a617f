//go:build !storyclock

package ops

import (
	"net/http"
	"testing"
)

func TestAReleasedBinaryHasNoDoorToItsClock(t *testing.T) {
	if code, _ := serve(t, nil, http.MethodPost, "/debug/clock"); code != http.StatusNotFound {
		t.Errorf("/debug/clock: %d", code)
	}
}
