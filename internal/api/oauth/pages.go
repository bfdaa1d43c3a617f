package oauth

import (
	"bytes"
	"embed"
	"html/template"
	"log/slog"
	"net/http"

	"github.com/interim-access/interim/internal/api/guard"
	"github.com/interim-access/interim/internal/platform/fault"
)

//go:embed pages
var files embed.FS

// templates are the pages, each over layout.html.
var templates = func() map[string]*template.Template {
	all := map[string]*template.Template{}
	for _, name := range []string{"login", "code", "device", "message"} {
		all[name] = template.Must(template.ParseFS(files, "pages/layout.html", "pages/"+name+".html"))
	}
	return all
}()

// view is what a page shows.
type view struct {
	Title   string
	Session session // zero when nobody is signed in
	Text    string
	Data    any
}

// SignedIn reports whether the page knows somebody.
func (v view) SignedIn() bool { return v.Session.Principal != nil }

// CSRF is the token for the page's forms.
func (v view) CSRF() string { return v.Session.csrf }

// page is middleware around the pages: what a browser may do with them, and that forms come from our own origin.
func (d *door) page(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("Referrer-Policy", "no-referrer") // a link's token is in the address
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		if err := d.origin.Check(r); err != nil {
			d.sorry(w, r, session{}, fault.Wrap(fault.Denied, err, "This form was sent from another site."))
			return
		}
		if err := d.rate.Source(guard.IP(r.Context())); err != nil {
			d.sorry(w, r, session{}, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// show writes a page. Nothing is sent before the page is whole.
func (d *door) show(w http.ResponseWriter, r *http.Request, status int, name string, v view) {
	var b bytes.Buffer
	if err := templates[name].ExecuteTemplate(&b, "layout", v); err != nil {
		d.log.ErrorContext(r.Context(), "a page cannot be shown", slog.String("page", name), slog.Any("error", err))
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a browser that has gone is nobody's error
}

var pageStatus = map[fault.Code]int{
	fault.Invalid: http.StatusBadRequest, fault.TooLarge: http.StatusBadRequest, fault.Precondition: http.StatusBadRequest,
	fault.Unauthenticated: http.StatusUnauthorized, fault.Denied: http.StatusForbidden, fault.NotFound: http.StatusNotFound,
	fault.Conflict: http.StatusConflict, fault.Exhausted: http.StatusTooManyRequests,
	fault.Unavailable: http.StatusServiceUnavailable, fault.Timeout: http.StatusServiceUnavailable,
}

// sorry shows why a page cannot be had.
func (d *door) sorry(w http.ResponseWriter, r *http.Request, s session, err error) {
	f := fault.Of(err)
	status, known := pageStatus[f.Code]
	text := f.Message
	if !known {
		d.log.ErrorContext(r.Context(), "a page failed", slog.Any("error", err), slog.String("cause", f.Cause()))
		status, text = http.StatusInternalServerError, "Something went wrong on our side."
	}
	retryAfter(w, err)
	title := "That did not work"
	if f.Code == fault.Unauthenticated {
		title = "Sign in first"
		text = "Open the sign-in link you were given in this browser; if you came with a device's code, that takes you on to it. " +
			"An administrator makes a link with: interim admin login-link YOU"
	}
	d.show(w, r, status, "message", view{Title: title, Session: s, Text: text})
}

func style(w http.ResponseWriter, _ *http.Request) {
	css, err := files.ReadFile("pages/pages.css")
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(css)
}
