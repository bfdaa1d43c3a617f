// Package ops is the operator's door: is it alive, is it ready, how is it doing. It has no authentication and is served on a listener
// of its own, on loopback unless the operator says otherwise.
package ops

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// readyTimeout bounds what /readyz may wait for the database.
const readyTimeout = 2 * time.Second

// Options are what the door shows.
type Options struct {
	// Ready answers nil when requests can be served. Its error is logged, never shown: health pages leak.
	Ready    func(ctx context.Context) error
	Gatherer prometheus.Gatherer
	Log      *slog.Logger
	Shift    func(time.Duration) // moves the clock, in builds for stories only
}

// Handler serves /healthz (the process answers), /readyz (it can serve requests: 200, else 503) and /metrics (Prometheus).
func Handler(o Options) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		if err := o.Ready(ctx); err != nil {
			o.Log.WarnContext(ctx, "not ready", slog.Any("error", err))
			say(w, http.StatusServiceUnavailable, "not ready")
			return
		}
		say(w, http.StatusOK, "ready")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.Gatherer, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	debug(mux, o)
	return mux
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n"))
}
