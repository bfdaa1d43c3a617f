package oauth

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

func TestAStrangerMayAskSoOftenInASecond(t *testing.T) {
	r := newRig(t, dbtest.SQLite(t))
	ask := map[string]func(from string) reply{
		"the token endpoint": func(from string) reply { return r.post(r.browser(), tokenPath, nil, "X-Forwarded-For", from) },
		"a device":           func(from string) reply { return r.post(r.browser(), startPath, nil, "X-Forwarded-For", from) },
		"a sign-in link":     func(from string) reply { return r.post(r.browser(), loginPath, nil, "X-Forwarded-For", from) },
	}
	for range perSecond {
		if got := r.post(r.browser(), startPath, nil, "X-Forwarded-For", "192.0.2.8"); got.StatusCode != http.StatusBadRequest {
			t.Fatalf("got %d", got.StatusCode)
		}
	}
	for name, ask := range ask {
		if got := ask("192.0.2.8"); got.StatusCode != http.StatusTooManyRequests || got.Header.Get("Retry-After") != "1" {
			t.Errorf("%s over the limit: %d, Retry-After %q", name, got.StatusCode, got.Header.Get("Retry-After"))
		}
		if got := ask("192.0.2.9"); got.StatusCode == http.StatusTooManyRequests {
			t.Errorf("%s: another address is held to account", name)
		}
	}
	r.clock.Advance(time.Second)
	if got := ask["the token endpoint"]("192.0.2.8"); got.StatusCode != http.StatusBadRequest {
		t.Errorf("a second later: %d", got.StatusCode)
	}
}

func TestUserCodesCannotBeGuessed(t *testing.T) {
	r := newRig(t, dbtest.SQLite(t))
	adas, graces := r.browser(), r.browser()
	r.signIn(adas, r.person("Ada"))
	r.signIn(graces, r.person("Grace"))
	right := r.start()["user_code"].(string)
	csrf := r.csrf(r.get(adas, devicePath))
	look := func(web *http.Client, code, from string) reply {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.web.URL+devicePath+"?user_code="+code, nil)
		r.ok(err)
		req.Header.Set("X-Forwarded-For", from)
		return r.do(web, req)
	}
	approve := func(web *http.Client, code, from string) reply {
		return r.post(web, devicePath, url.Values{"csrf": {csrf}, "user_code": {code}, "decision": {"approve"}}, "X-Forwarded-For", from)
	}
	for range 2 * maxWrongCode { // what is right does not count
		if got := look(adas, right, "192.0.2.1"); got.StatusCode != http.StatusOK {
			t.Fatalf("the right code: %d", got.StatusCode)
		}
	}
	var wg sync.WaitGroup
	var missed atomic.Int32
	for i := range 3 * maxWrongCode { // nor do guesses at the same moment get around the limit
		wg.Go(func() {
			try := look
			if i%2 == 0 {
				try = approve
			}
			if got := try(adas, "BBBB-BBBB", "192.0.2.1"); got.StatusCode == http.StatusNotFound {
				missed.Add(1)
			}
		})
	}
	wg.Wait()
	if missed.Load() != maxWrongCode {
		t.Errorf("%d guesses were looked up, want %d", missed.Load(), maxWrongCode)
	}
	for name, got := range map[string]reply{
		"the same person elsewhere":       look(adas, right, "192.0.2.2"),
		"the same person approves":        approve(adas, right, "192.0.2.2"),
		"another person at that address":  look(graces, right, "192.0.2.1"),
		"another person with a bad guess": look(graces, "CCCC-CCCC", "192.0.2.1"),
	} {
		if got.StatusCode != http.StatusTooManyRequests || got.Header.Get("Retry-After") != "6" {
			t.Errorf("%s: %d, Retry-After %q", name, got.StatusCode, got.Header.Get("Retry-After"))
		}
	}
	if got := look(graces, right, "192.0.2.2"); got.StatusCode != http.StatusOK {
		t.Errorf("another person elsewhere: %d", got.StatusCode)
	}
	r.clock.Advance(6 * time.Second)
	if got := approve(adas, right, "192.0.2.1"); got.StatusCode != http.StatusOK {
		t.Errorf("after the wait: %d", got.StatusCode)
	}
}

func TestSigningInLeadsToTheDeviceThePersonCameFor(t *testing.T) {
	r := newRig(t, dbtest.SQLite(t))
	ada, code := r.person("Ada"), r.start()["user_code"].(string)
	for asked, want := range map[string]string{
		"?user_code=" + code:                  devicePath + "?user_code=" + code,
		"?user_code=" + strings.ToLower(code): devicePath + "?user_code=" + strings.ToLower(code),
		"":                                    devicePath,
		"?user_code=%0d%0aBBBB":               devicePath,
		"?user_code=//evil.example.com":       devicePath,
	} {
		web := r.browser()
		if got := r.get(web, devicePath+asked); got.StatusCode != http.StatusUnauthorized || !strings.Contains(got.body, "sign-in link") {
			t.Fatalf("signed out: %d %s", got.StatusCode, got.body)
		}
		got := r.signInTo(web, ada, want)
		for _, c := range got.Cookies() {
			if c.Name == codeCookie && c.MaxAge >= 0 {
				t.Errorf("%q: the code is kept on: %v", asked, c)
			}
		}
		r.signInTo(web, ada, devicePath) // once
		if page := r.get(web, got.Header.Get("Location")); page.StatusCode != http.StatusOK || !strings.Contains(page.body, "device") {
			t.Errorf("%q leads to %d %s", asked, page.StatusCode, page.body)
		}
	}
}
