package oauth

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/api/guard"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/rate"
)

// Options are what the door stands on; all but Rate are required.
type Options struct {
	IAM       *iam.Service
	Clock     clock.Clock
	Log       *slog.Logger
	PublicURL string // https://host[:port], without a slash at the end

	Rate *guard.Rate // of requests from one network; nil is no limit
}

// Where the parts of the door are.
const (
	tokenPath  = "/auth/v1/token"
	startPath  = "/auth/v1/device_authorization"
	jwksPath   = "/auth/v1/jwks"
	devicePath = "/auth/v1/device"
	loginPath  = "/auth/v1/login"
	logoutPath = "/auth/v1/logout"
	stylePath  = "/auth/v1/pages.css"
)

type door struct {
	iam       *iam.Service
	clock     clock.Clock
	log       *slog.Logger
	publicURL string
	origin    *http.CrossOriginProtection

	rate       *guard.Rate
	badClients *rate.Limiter[string]       // failures to show who one is, by network and client id
	badSources *rate.Limiter[netip.Prefix] // the same, by network
	starts     *rate.Limiter[netip.Prefix] // device codes asked for, by network
	wrongCodes *rate.Limiter[string]       // user codes that no device shows, by person and by network
}

// Limits in each minute, whatever --rate-limit says. Keys and secrets cannot be guessed: the first three protect the work and the
// rows that strangers can cause. A user code can, since people must type it.
const (
	maxBadClient = 100
	maxBadSource = 1000
	maxStarts    = 120
	maxWrongCode = 10
)

// New returns the handler of everything below /auth/v1/, by its whole path. It stands behind guard.ClientIP.
func New(o Options) (http.Handler, error) {
	d := &door{
		iam: o.IAM, clock: o.Clock, log: o.Log, publicURL: strings.TrimSuffix(o.PublicURL, "/"),
		origin:     http.NewCrossOriginProtection(),
		rate:       o.Rate,
		badClients: rate.New[string](o.Clock, maxBadClient, time.Minute),
		badSources: rate.New[netip.Prefix](o.Clock, maxBadSource, time.Minute),
		starts:     rate.New[netip.Prefix](o.Clock, maxStarts, time.Minute),
		wrongCodes: rate.New[string](o.Clock, maxWrongCode, time.Minute),
	}
	if err := d.origin.AddTrustedOrigin(d.publicURL); err != nil {
		return nil, fmt.Errorf("public URL: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+tokenPath, d.rated(d.token))
	mux.HandleFunc("POST "+startPath, d.rated(d.start))
	mux.HandleFunc("GET "+jwksPath, d.rated(d.jwks))
	mux.HandleFunc("GET "+stylePath, style)
	for pattern, page := range map[string]http.HandlerFunc{
		"GET " + loginPath:   d.showLogin,
		"POST " + loginPath:  d.login,
		"GET " + devicePath:  d.showDevice,
		"POST " + devicePath: d.decideDevice,
		"POST " + logoutPath: d.logout,
	} {
		mux.Handle(pattern, d.page(page))
	}
	return mux, nil
}

// rated is middleware around what programs call.
func (d *door) rated(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := d.rate.Source(guard.IP(r.Context())); err != nil {
			d.fail(r.Context(), w, err)
			return
		}
		next(w, r)
	}
}

// LoginURL is where a sign-in link leads.
func LoginURL(publicURL, token string) string {
	return strings.TrimSuffix(publicURL, "/") + loginPath + "?token=" + token
}
