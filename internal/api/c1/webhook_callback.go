package c1

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/interim-access/interim/internal/api/transcode"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/fault"
)

// WebhookCallback answers what receivers of messages send to the callback addresses, under [webhook.CallbackPath]. It asks for no
// token of ours: the address itself is the secret, good for one answer to one message.
func WebhookCallback(s *webhook.Service) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		if err := takeCallback(s, w, r); err != nil {
			transcode.Refuse(w, r, err)
			return
		}
		_, _ = io.WriteString(w, "{}")
	})
}

func takeCallback(s *webhook.Service, w http.ResponseWriter, r *http.Request) error {
	token := strings.TrimPrefix(r.URL.Path, webhook.CallbackPath)
	if len(token) > maxCallbackToken {
		return fault.New(fault.NotFound, "callback not found")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, webhook.MaxBody))
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fault.New(fault.TooLarge, "the body has more than %d bytes", large.Limit)
	}
	if err != nil {
		return fault.New(fault.Invalid, "the body could not be read")
	}
	return s.Callback(r.Context(), token, body)
}

// maxCallbackToken is longer than any token of ours.
const maxCallbackToken = 128
