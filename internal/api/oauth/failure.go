package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/rate"
)

// failure is a refusal in OAuth's words.
type failure struct {
	status int
	word   string // RFC 6749, section 5.2, and RFC 8628, section 3.5
	text   string
}

// The answers of the device flow that are no failures of ours. slow_down is never among them: the official Go client gives up on
// it (c1-api.md, section 1.4).
var deviceWords = []struct {
	err  error
	word string
}{
	{iam.ErrDevicePending, "authorization_pending"},
	{iam.ErrDeviceDenied, "access_denied"},
	{iam.ErrDeviceExpired, "expired_token"},
	{iam.ErrDeviceUnknown, "invalid_grant"},
	{iam.ErrDeviceApp, "invalid_client"},
}

var faultWords = map[fault.Code]failure{
	fault.Invalid:         {http.StatusBadRequest, "invalid_request", ""},
	fault.TooLarge:        {http.StatusBadRequest, "invalid_request", ""},
	fault.Precondition:    {http.StatusBadRequest, "invalid_request", ""},
	fault.Unauthenticated: {http.StatusUnauthorized, "invalid_client", ""},
	fault.Denied:          {http.StatusForbidden, "unauthorized_client", ""},
	fault.NotFound:        {http.StatusBadRequest, "invalid_grant", ""},
	fault.Exhausted:       {http.StatusTooManyRequests, "temporarily_unavailable", ""},
	fault.Unavailable:     {http.StatusServiceUnavailable, "temporarily_unavailable", ""},
	fault.Timeout:         {http.StatusServiceUnavailable, "temporarily_unavailable", ""},
}

var errGrantType = fault.New(fault.Invalid,
	"grant_type: served are client_credentials and urn:ietf:params:oauth:grant-type:device_code")

func failureOf(err error) failure {
	for _, d := range deviceWords {
		if errors.Is(err, d.err) {
			return failure{http.StatusBadRequest, d.word, err.Error()}
		}
	}
	if errors.Is(err, errGrantType) {
		return failure{http.StatusBadRequest, "unsupported_grant_type", err.Error()}
	}
	f := fault.Of(err)
	out, ok := faultWords[f.Code]
	if !ok {
		return failure{http.StatusInternalServerError, "server_error", "internal error"}
	}
	out.text = f.Message
	return out
}

func (d *door) fail(ctx context.Context, w http.ResponseWriter, err error) {
	f := failureOf(err)
	d.logFailure(ctx, f, err)
	retryAfter(w, err)
	answer(w, f.status, map[string]string{"error": f.word, "error_description": f.text})
}

// retryAfter says in the answer when to try again, where err does.
func retryAfter(w http.ResponseWriter, err error) {
	if seconds := rate.RetryAfter(err); seconds != "" {
		w.Header().Set("Retry-After", seconds)
	}
}

func (d *door) logFailure(ctx context.Context, f failure, err error) {
	if f.status >= http.StatusInternalServerError && ctx.Err() == nil { // one that has gone is no trouble of ours
		d.log.ErrorContext(ctx, "signing in failed on our side", slog.Any("error", err), slog.String("cause", fault.Of(err).Cause()))
	}
}

// answer writes JSON that nobody may keep (RFC 6749, section 5.1).
func answer(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil { // none of what we answer with can fail
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Pragma", "no-cache")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that has gone is nobody's error
}
