//go:build storyclock

package ops

import (
	"encoding/json"
	"net/http"
	"time"
)

// debug adds POST /debug/clock {"advance":"1h"}, which moves the server's clock.
func debug(mux *http.ServeMux, o Options) {
	mux.HandleFunc("POST /debug/clock", func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Advance string `json:"advance"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			say(w, http.StatusBadRequest, "the body is not JSON")
			return
		}
		d, err := time.ParseDuration(body.Advance)
		if err != nil {
			say(w, http.StatusBadRequest, "advance is not a duration")
			return
		}
		o.Shift(d)
		say(w, http.StatusOK, "moved")
	})
}
