package oauth

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/clock"
)

// Options are what the door stands on; all are required.
type Options struct {
	IAM       *iam.Service
	Clock     clock.Clock
	Log       *slog.Logger
	PublicURL string // https://host[:port], without a slash at the end
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

	badClients *limiter // failures by client id and address
	badSources *limiter // failures by address
	starts     *limiter // device codes asked for, by address
}

// New returns the handler of everything below /auth/v1/, by its whole path. It stands behind guard.ClientIP.
func New(o Options) (http.Handler, error) {
	d := &door{
		iam: o.IAM, clock: o.Clock, log: o.Log, publicURL: strings.TrimSuffix(o.PublicURL, "/"),
		origin:     http.NewCrossOriginProtection(),
		badClients: newLimiter(o.Clock, 100),
		badSources: newLimiter(o.Clock, 1000),
		starts:     newLimiter(o.Clock, 120),
	}
	if err := d.origin.AddTrustedOrigin(d.publicURL); err != nil {
		return nil, fmt.Errorf("public URL: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+tokenPath, d.token)
	mux.HandleFunc("POST "+startPath, d.start)
	mux.HandleFunc("GET "+jwksPath, d.jwks)
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

// LoginURL is where a sign-in link leads.
func LoginURL(publicURL, token string) string {
	return strings.TrimSuffix(publicURL, "/") + loginPath + "?token=" + token
}
