package ops

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func serve(t *testing.T, ready error, method, path string) (int, string) {
	t.Helper()
	registry := prometheus.NewRegistry()
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "interim_test", Help: "A number."})
	registry.MustRegister(gauge)
	h := Handler(Options{
		Ready:    func(context.Context) error { return ready },
		Gatherer: registry,
		Log:      slog.New(slog.DiscardHandler),
	})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader(`{"advance":"1h"}`)))
	b, _ := io.ReadAll(w.Body)
	return w.Code, string(b)
}

func TestAProcessThatIsNotReadyIsStillAlive(t *testing.T) {
	secret := errors.New("dial postgres://user:hunter2@db")
	if code, _ := serve(t, secret, http.MethodGet, "/healthz"); code != http.StatusOK {
		t.Errorf("healthz: %d", code)
	}
	code, body := serve(t, secret, http.MethodGet, "/readyz")
	if code != http.StatusServiceUnavailable || strings.Contains(body, "hunter2") {
		t.Errorf("readyz: %d %q", code, body)
	}
}

func TestMetricsAreServed(t *testing.T) {
	if code, body := serve(t, nil, http.MethodGet, "/metrics"); code != http.StatusOK || !strings.Contains(body, "interim_test 0") {
		t.Errorf("metrics: %d %q", code, body)
	}
}
