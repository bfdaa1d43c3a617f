package oauth

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

func unmarshal(t testing.TB, s string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(s), into); err != nil {
		t.Fatal(err)
	}
}

// signIn uses a fresh link of u in a browser.
func (r *rig) signIn(web *http.Client, u directory.User) reply {
	r.t.Helper()
	return r.signInTo(web, u, devicePath)
}

// signInTo is signIn for somebody who came for a page.
func (r *rig) signInTo(web *http.Client, u directory.User, page string) reply {
	r.t.Helper()
	link, err := r.iam.CreateLink(iam.AsSystem(r.t.Context()), u.ID)
	r.ok(err)
	got := r.post(web, loginPath, url.Values{"token": {link.Token}}, "Sec-Fetch-Site", "same-origin")
	if got.StatusCode != http.StatusSeeOther || got.Header.Get("Location") != page {
		r.t.Fatalf("got %d %s", got.StatusCode, got.body)
	}
	return got
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

func (r *rig) csrf(page reply) string {
	r.t.Helper()
	m := csrfField.FindStringSubmatch(page.body)
	if m == nil {
		r.t.Fatalf("no form token in %s", page.body)
	}
	return m[1]
}

// start begins the device flow and returns its answer.
func (r *rig) start() map[string]any {
	r.t.Helper()
	return r.json(r.post(r.browser(), startPath, url.Values{"client_id": {cone}}), http.StatusOK)
}

func (r *rig) poll(code any) reply {
	r.t.Helper()
	return r.post(r.browser(), tokenPath, url.Values{"grant_type": {grantDevice}, "client_id": {cone}, "device_code": {code.(string)}})
}

func TestAPersonLetsADeviceIn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRig(t, d)
		ada := r.person("Ada")
		web := r.browser()
		r.signIn(web, ada)
		m := r.start()
		if !regexp.MustCompile(`^[B-DF-HJ-NP-TV-Z]{4}-[B-DF-HJ-NP-TV-Z]{4}$`).MatchString(m["user_code"].(string)) || m["expires_in"] != 600.0 || m["interval"].(float64) < 1 {
			t.Errorf("answer %v", m)
		}
		if m["verification_uri"] != "https://"+testHost+devicePath || m["verification_uri_complete"] != "https://"+testHost+devicePath+"?user_code="+m["user_code"].(string) {
			t.Errorf("answer %v", m)
		}
		for range 5 { // however fast it asks, it is never told to slow down
			if word := r.refusal(r.poll(m["device_code"]), http.StatusBadRequest, ""); word != "authorization_pending" {
				t.Fatalf("error %q", word)
			}
		}
		page := r.get(web, devicePath+"?user_code="+strings.ToLower(m["user_code"].(string)))
		if page.StatusCode != http.StatusOK || !strings.Contains(page.body, "cone") || !strings.Contains(page.body, "127.0.0.1") {
			t.Fatalf("page %d %s", page.StatusCode, page.body)
		}
		done := r.post(web, devicePath, url.Values{"csrf": {r.csrf(page)}, "user_code": {m["user_code"].(string)}, "decision": {"approve"}})
		if done.StatusCode != http.StatusOK || !strings.Contains(done.body, "let in") {
			t.Fatalf("page %d %s", done.StatusCode, done.body)
		}
		tok := r.json(r.poll(m["device_code"]), http.StatusOK)
		p, err := r.iam.Authenticate(t.Context(), tok["access_token"].(string), netip.MustParseAddr("192.0.2.1"))
		r.ok(err)
		if p.UserID != ada.ID || p.Kind != iam.KindDevice || tok["expires_in"] != 3600.0 {
			t.Errorf("principal %+v, %v", p, tok)
		}
		c, _, err := r.iam.CreateClient(iam.WithPrincipal(t.Context(), p), ada.ID, iam.NewClient{DisplayName: "Created by Cone"})
		r.ok(err)
		if !c.Limits.Until.IsZero() {
			t.Errorf("the client ends with the device: %v", c.Limits.Until)
		}
		if word := r.refusal(r.poll(m["device_code"]), http.StatusBadRequest, "used"); word != "invalid_grant" {
			t.Errorf("a device code is good twice: %q", word)
		}
	})
}

func TestADeviceIsTurnedAwayOrRunsOutOfTime(t *testing.T) {
	r := newRig(t, dbtest.SQLite(t))
	web := r.browser()
	r.signIn(web, r.person("Ada"))
	denied, late, approvedLate := r.start(), r.start(), r.start()
	csrf := r.csrf(r.get(web, devicePath))
	r.post(web, devicePath, url.Values{"csrf": {csrf}, "user_code": {denied["user_code"].(string)}, "decision": {"deny"}})
	if word := r.refusal(r.poll(denied["device_code"]), http.StatusBadRequest, "no"); word != "access_denied" {
		t.Errorf("error %q", word)
	}
	r.post(web, devicePath, url.Values{"csrf": {csrf}, "user_code": {approvedLate["user_code"].(string)}, "decision": {"approve"}})
	r.clock.Advance(10 * time.Minute)
	for _, m := range []map[string]any{late, approvedLate} {
		if word := r.refusal(r.poll(m["device_code"]), http.StatusBadRequest, "expired"); word != "expired_token" {
			t.Errorf("error %q", word)
		}
	}
	if page := r.get(web, devicePath+"?user_code="+late["user_code"].(string)); page.StatusCode != http.StatusNotFound {
		t.Errorf("an expired code still shows a page: %d", page.StatusCode)
	}
	other := r.start()
	got := r.post(r.browser(), tokenPath, url.Values{"grant_type": {grantDevice}, "client_id": {"juQSPDsPrdMDpPpR6fGdeLLSs8g"}, "device_code": {other["device_code"].(string)}})
	if word := r.refusal(got, http.StatusBadRequest, ""); word != "invalid_grant" {
		t.Errorf("another program's code: %q", word)
	}
	if word := r.refusal(r.post(r.browser(), startPath, url.Values{"client_id": {"somebody"}}), http.StatusBadRequest, "client_id"); word != "invalid_client" {
		t.Errorf("error %q", word)
	}
	r.refusal(r.post(r.browser(), startPath, nil), http.StatusBadRequest, "client_id")
}

func TestQuestionsForDeviceCodesAreLimited(t *testing.T) {
	r := newRig(t, dbtest.SQLite(t))
	for range 120 {
		r.start()
	}
	r.refusal(r.post(r.browser(), startPath, url.Values{"client_id": {cone}}), http.StatusTooManyRequests, "too many")
}

func TestOpeningALinkDoesNotUseItUp(t *testing.T) {
	r := newRig(t, dbtest.SQLite(t))
	ada, err := r.dir.Create(iam.AsSystem(t.Context()), directory.User{DisplayName: "Ada <script>"})
	r.ok(err)
	link, err := r.iam.CreateLink(iam.AsSystem(t.Context()), ada.ID)
	r.ok(err)
	path := strings.TrimPrefix(LoginURL("https://"+testHost, link.Token), "https://"+testHost)
	for range 3 {
		page := r.get(r.browser(), path)
		if page.StatusCode != http.StatusOK || !strings.Contains(page.body, "Ada &lt;script&gt;") || strings.Contains(page.body, "<script") || len(page.Cookies()) != 0 {
			t.Fatalf("page %d %v %s", page.StatusCode, page.Cookies(), page.body)
		}
		csp := page.Header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || page.Header.Get("Referrer-Policy") != "no-referrer" || page.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("headers %v", page.Header)
		}
	}
	used := r.post(r.browser(), loginPath, url.Values{"token": {link.Token}})
	cookie := used.Header.Get("Set-Cookie")
	for _, part := range []string{SessionCookie + "=", "Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=28800"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("cookie %q lacks %q", cookie, part)
		}
	}
	if strings.Contains(cookie, "Domain") || strings.Contains(cookie, link.Token) {
		t.Errorf("cookie %q", cookie)
	}
	for name, got := range map[string]reply{
		"opened again": r.get(r.browser(), path),
		"used again":   r.post(r.browser(), loginPath, url.Values{"token": {link.Token}}),
		"made up":      r.get(r.browser(), loginPath+"?token=x"),
		"missing":      r.get(r.browser(), loginPath),
	} {
		if got.StatusCode != http.StatusNotFound || !strings.Contains(got.body, "not valid") {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.body)
		}
	}
	link, err = r.iam.CreateLink(iam.AsSystem(t.Context()), ada.ID)
	r.ok(err)
	r.clock.Advance(10 * time.Minute)
	if got := r.post(r.browser(), loginPath, url.Values{"token": {link.Token}}); got.StatusCode != http.StatusNotFound {
		t.Errorf("a link is good after ten minutes: %d", got.StatusCode)
	}
}

func TestFormsFromElsewhereAreRefused(t *testing.T) {
	r := newRig(t, dbtest.SQLite(t))
	ada, grace := r.person("Ada"), r.person("Grace")
	adas, graces := r.browser(), r.browser()
	r.signIn(adas, ada)
	r.signIn(graces, grace)
	code := r.start()["user_code"].(string)
	good := url.Values{"csrf": {r.csrf(r.get(adas, devicePath))}, "user_code": {code}, "decision": {"approve"}}
	for name, got := range map[string]reply{
		"without a form token":       r.post(adas, devicePath, url.Values{"user_code": {code}, "decision": {"approve"}}),
		"with another session's":     r.post(graces, devicePath, good),
		"from another site":          r.post(adas, devicePath, good, "Sec-Fetch-Site", "cross-site"),
		"from another origin":        r.post(adas, devicePath, good, "Origin", "https://evil.example.com"),
		"a link from another site":   r.post(adas, loginPath, url.Values{"token": {"x"}}, "Sec-Fetch-Site", "cross-site"),
		"signing out from elsewhere": r.post(adas, logoutPath, nil),
	} {
		if got.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.body)
		}
	}
	if got := r.post(adas, devicePath, url.Values{"csrf": good["csrf"], "user_code": {code}, "decision": {"maybe"}}); got.StatusCode != http.StatusBadRequest {
		t.Errorf("an answer that is none: %d", got.StatusCode)
	}
	if got := r.post(adas, devicePath, good, "Origin", "https://"+testHost); got.StatusCode != http.StatusOK {
		t.Errorf("from our own origin: %d %s", got.StatusCode, got.body)
	}
}

func TestASessionEnds(t *testing.T) {
	for name, end := range map[string]func(r *rig, web *http.Client, u directory.User){
		"signed out": func(r *rig, web *http.Client, _ directory.User) {
			got := r.post(web, logoutPath, url.Values{"csrf": {r.csrf(r.get(web, devicePath))}})
			if got.StatusCode != http.StatusOK || !strings.Contains(got.Header.Get("Set-Cookie"), "Max-Age=0") {
				r.t.Errorf("got %d %v", got.StatusCode, got.Header)
			}
		},
		"after eight hours": func(r *rig, _ *http.Client, _ directory.User) { r.clock.Advance(8 * time.Hour) },
		"user disabled": func(r *rig, _ *http.Client, u directory.User) {
			_, err := r.dir.Disable(iam.AsSystem(r.t.Context()), u.ID, "")
			r.ok(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, dbtest.SQLite(t))
			ada, web := r.person("Ada"), r.browser()
			kept := r.signIn(web, ada).Cookies()[0]
			if got := r.get(web, devicePath); got.StatusCode != http.StatusOK || !strings.Contains(got.body, "Ada") {
				t.Fatalf("got %d %s", got.StatusCode, got.body)
			}
			end(r, web, ada)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.web.URL+devicePath, nil)
			r.ok(err)
			req.AddCookie(kept)
			if got := r.do(r.browser(), req); got.StatusCode != http.StatusUnauthorized || !strings.Contains(got.body, "login-link") {
				t.Errorf("got %d %s", got.StatusCode, got.body)
			}
		})
	}
}

func TestThePagesNeedNothingFromElsewhere(t *testing.T) {
	r := newRig(t, dbtest.SQLite(t))
	web := r.browser()
	r.signIn(web, r.person("Ada"))
	page := r.get(web, devicePath)
	for _, ref := range regexp.MustCompile(`(?:href|src|action)="([^"]*)"`).FindAllStringSubmatch(page.body, -1) {
		if !strings.HasPrefix(ref[1], "/auth/v1/") {
			t.Errorf("the page refers to %q", ref[1])
		}
	}
	if strings.Contains(page.body, "<script") || strings.Contains(page.body, " style=") {
		t.Error("the page has inline script or style, which its policy forbids")
	}
	if css := r.get(web, stylePath); css.StatusCode != http.StatusOK || !strings.HasPrefix(css.Header.Get("Content-Type"), "text/css") {
		t.Errorf("style %d %v", css.StatusCode, css.Header)
	}
}
