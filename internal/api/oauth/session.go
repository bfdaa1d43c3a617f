package oauth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"

	"github.com/interim-access/interim/internal/api/guard"
	"github.com/interim-access/interim/internal/api/transcode"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/fault"
)

// SessionCookie names the cookie of people in a browser. The prefix __Host- makes browsers take it from this host over TLS only.
const SessionCookie = "__Host-interim"

// session is the signed-in person of a request, and the token that shows a form came from a page of this session.
type session struct {
	*iam.Principal
	token string
	csrf  string
}

// session answers who is signed in; Unauthenticated if nobody is.
func (d *door) session(r *http.Request) (session, error) {
	c, err := r.Cookie(SessionCookie)
	if err != nil {
		return session{}, fault.New(fault.Unauthenticated, "sign in first")
	}
	p, err := d.iam.SessionPrincipal(r.Context(), c.Value, guard.IP(r.Context()))
	if err != nil {
		return session{}, err
	}
	p.RequestID = transcode.TraceID(r.Context())
	return session{Principal: p, token: c.Value, csrf: csrfOf(c.Value)}, nil
}

// sessionForm answers the session and the form of a POST that belongs to it. Denied for a form from elsewhere.
func (d *door) sessionForm(w http.ResponseWriter, r *http.Request) (session, form, error) {
	s, err := d.session(r)
	if err != nil {
		return s, nil, err
	}
	f, err := readForm(w, r)
	if err == nil && !hmac.Equal([]byte(f["csrf"]), []byte(s.csrf)) {
		err = fault.New(fault.Denied, "this form is not from a page of your session; open the page again")
	}
	return s, f, err
}

// csrfOf is derived from the session's token, which pages of other origins cannot read, so that nothing more needs to be kept.
func csrfOf(token string) string {
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte("interim form 1"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func setSession(w http.ResponseWriter, token string, maxAge int) {
	setCookie(w, SessionCookie, token, maxAge)
}

// setCookie gives the browser something to keep for this host, away from scripts; a negative maxAge (seconds) takes it back.
func setCookie(w http.ResponseWriter, name, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: maxAge, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}
