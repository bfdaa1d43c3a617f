package oauth

import (
	"net/http"
	"time"

	"github.com/interim-access/interim/internal/api/guard"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/fault"
)

type loginView struct{ Token, Name, Email string }

// showLogin asks who opened a sign-in link whether to use it. It does not use it up.
func (d *door) showLogin(w http.ResponseWriter, r *http.Request) {
	token := r.URL.Query().Get("token")
	u, err := d.iam.LinkUser(r.Context(), token)
	if err != nil {
		d.sorry(w, r, session{}, err)
		return
	}
	d.show(w, r, http.StatusOK, "login", view{Title: "Sign in", Data: loginView{token, u.DisplayName, u.Email}})
}

// login uses a link up and starts a session.
func (d *door) login(w http.ResponseWriter, r *http.Request) {
	f, err := readForm(w, r)
	if err != nil {
		d.sorry(w, r, session{}, err)
		return
	}
	s, err := d.iam.UseLink(r.Context(), f["token"], guard.IP(r.Context()))
	if err != nil {
		d.sorry(w, r, session{}, err)
		return
	}
	setSession(w, s.Token, int(s.Until.Sub(d.clock.Now())/time.Second))
	http.Redirect(w, r, afterLogin(w, r), http.StatusSeeOther)
}

// logout ends the session. Without one there is nothing to end.
func (d *door) logout(w http.ResponseWriter, r *http.Request) {
	s, _, err := d.sessionForm(w, r)
	if err == nil {
		err = d.iam.EndSession(iam.WithPrincipal(r.Context(), s.Principal), s.token)
	}
	if err != nil && !fault.Is(err, fault.Unauthenticated) {
		d.sorry(w, r, s, err)
		return
	}
	setSession(w, "", -1)
	d.show(w, r, http.StatusOK, "message", view{Title: "Signed out", Text: "You are signed out of this browser."})
}
