package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/platform/config"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/server"
)

// house is the server inside this process, and beside it, on ports of their own, handlers that answer the same questions with less.
type house struct {
	*server.Inside

	boot  server.Bootstrap
	full  string // address of the whole server
	bare  string // the same SQL in plain handlers, nobody asked who they are
	empty string // a handler that does nothing: the most that TLS and the load's own program let through
	token string // the administrator's
	http  *http.Client
	stop  []func() error
}

// quiet is what is logged: trouble.
func quiet() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
}

// open builds the house on the data of the bench.
func (b *bench) open(ctx context.Context) (_ *house, err error) {
	h := &house{}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	if h.boot, err = server.ReadBootstrap(b.home.Data); err != nil {
		return nil, err
	}
	h.Inside, err = server.Inner(ctx, server.Options{
		Config: config.Serve{Storage: b.home, RateLimit: "20000"}, Key: key, Out: io.Discard, Log: quiet(),
	})
	if err != nil {
		return nil, err
	}
	h.stop = append(h.stop, h.Close)
	loops, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- h.Run(loops) }()
	h.stop = append(h.stop, func() error { cancel(); return <-ended })
	for _, door := range []struct {
		address *string
		handler http.Handler
	}{{&h.full, h.Handler}, {&h.bare, bare(h.DB)}, {&h.empty, http.HandlerFunc(nothing)}} {
		if *door.address, err = h.listen(door.handler); err != nil {
			return nil, err
		}
	}
	return h, h.signIn(ctx)
}

// listen serves a handler over TLS until close.
func (h *house) listen(handler http.Handler) (address string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	s := h.Server(handler)
	ended := make(chan error, 1)
	go func() { ended <- s.ServeTLS(l, "", "") }()
	h.stop = append(h.stop, func() error {
		err := s.Close()
		if e := <-ended; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
		return err
	})
	return l.Addr().String(), nil
}

// signIn takes a token for the administrator.
func (h *house) signIn(ctx context.Context) error {
	pem, err := os.ReadFile(h.boot.CAFile)
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	h.http = &http.Client{
		Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}},
	}
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {h.boot.ClientID}, "client_secret": {h.boot.ClientSecret},
	}
	var answer struct {
		Token string `json:"access_token"`
	}
	text, err := h.ask(ctx, h.full, request{http.MethodPost, "/auth/v1/token", form.Encode()},
		map[string]string{"Content-Type": "application/x-www-form-urlencoded"})
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	h.token = answer.Token
	return err
}

// ask sends one request and returns the answer, which must be 200.
func (h *house) ask(ctx context.Context, address string, r request, headers map[string]string) ([]byte, error) {
	q, err := http.NewRequestWithContext(ctx, r.method, "https://"+address+r.path, strings.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	for name, value := range headers {
		q.Header.Set(name, value)
	}
	res, err := h.http.Do(q)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s: %s", r.method, r.path, res.Status, text)
	}
	return text, err
}

// as are the headers of the administrator's requests.
func (h *house) as() map[string]string {
	return map[string]string{"Authorization": "Bearer " + h.token, "Content-Type": "application/json"}
}

// plain are the headers of requests that say not who asks.
func plain() map[string]string { return map[string]string{"Content-Type": "application/json"} }

func (h *house) close() error {
	var errs []error
	for _, stop := range slices.Backward(h.stop) {
		errs = append(errs, stop())
	}
	return errors.Join(errs...)
}

// database opens the data alone.
func (b *bench) database(ctx context.Context) (*db.DB, error) {
	return server.OpenDatabase(ctx, b.home, quiet())
}

// nothing answers what a check answers, and has looked at nothing.
func nothing(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"allowed":true,"reason":"granted","until":"2026-03-01T12:00:00Z"}`)
}

// says sends the first request of v by itself and looks for text in the answer: what is measured must be what is meant.
func (h *house) says(ctx context.Context, v volley, text string) error {
	answer, err := h.ask(ctx, v.address, v.make(0), v.headers)
	if err == nil && !strings.Contains(strings.ReplaceAll(string(answer), " ", ""), text) {
		err = fmt.Errorf("%s does not say %s: %s", v.make(0).path, text, answer)
	}
	return err
}
