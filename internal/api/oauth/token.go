package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/netip"

	"github.com/interim-access/interim/internal/api/guard"
	"github.com/interim-access/interim/internal/api/transcode"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/fault"
)

// The grants of the token endpoint (c1-api.md, section 1.1).
const (
	grantClient   = "client_credentials"
	grantDevice   = "urn:ietf:params:oauth:grant-type:device_code"
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

type tokenAnswer struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int    `json:"expires_in"` // seconds
}

func (d *door) token(w http.ResponseWriter, r *http.Request) {
	ip := guard.IP(r.Context())
	f, err := readForm(w, r)
	if err == nil {
		var t iam.Token
		if t, err = d.exchange(r.Context(), f, ip); err == nil {
			answer(w, http.StatusOK, tokenAnswer{t.Access, "Bearer", t.ExpiresIn})
			return
		}
	}
	d.fail(r.Context(), w, err)
}

// exchange answers a form with a token. Failures are counted against who makes them, and too many are refused before any work.
func (d *door) exchange(ctx context.Context, f form, ip netip.Addr) (iam.Token, error) {
	source := guard.Network(ip)
	client := source.String() + " " + f["client_id"][:min(len(f["client_id"]), 128)]
	if err := d.badSources.Check(source); err != nil {
		return iam.Token{}, err
	}
	if err := d.badClients.Check(client); err != nil {
		return iam.Token{}, err
	}
	t, err := d.grant(ctx, f, ip)
	if err != nil && counts(err) {
		_, _ = d.badSources.Take(source), d.badClients.Take(client)
	}
	return t, err
}

// counts reports whether err tells of somebody who could not show who they are; a slip in the form does not.
func counts(err error) bool {
	status := failureOf(err).status
	return status == http.StatusUnauthorized || status == http.StatusForbidden || errors.Is(err, iam.ErrDeviceUnknown)
}

func (d *door) grant(ctx context.Context, f form, ip netip.Addr) (iam.Token, error) {
	switch f["grant_type"] {
	case grantClient:
		return d.clientToken(ctx, f, ip)
	case grantDevice:
		if err := f.required("client_id", "device_code"); err != nil {
			return iam.Token{}, err
		}
		return d.iam.RedeemDevice(ctx, f["client_id"], f["device_code"], ip)
	case "":
		return iam.Token{}, fault.InvalidField("grant_type", "is required")
	default:
		return iam.Token{}, errGrantType
	}
}

func (d *door) clientToken(ctx context.Context, f form, ip netip.Addr) (iam.Token, error) {
	a := iam.Attempt{ClientID: f["client_id"], IP: ip, RequestID: transcode.TraceID(ctx)}
	switch {
	case f["client_assertion"] != "" && f["client_secret"] != "":
		return iam.Token{}, fault.New(fault.Invalid, "give client_assertion or client_secret, not both")
	case f["client_assertion"] != "":
		if f["client_assertion_type"] != assertionType {
			return iam.Token{}, fault.InvalidField("client_assertion_type", "must be %s", assertionType)
		}
		a.Assertion = f["client_assertion"]
	default:
		if err := f.required("client_id", "client_secret"); err != nil {
			return iam.Token{}, err
		}
		a.Secret = f["client_secret"]
	}
	return d.iam.SignIn(ctx, a)
}

func (d *door) jwks(w http.ResponseWriter, r *http.Request) {
	set, err := d.iam.JWKS(r.Context())
	if err != nil {
		d.fail(r.Context(), w, err)
		return
	}
	answer(w, http.StatusOK, set)
}
