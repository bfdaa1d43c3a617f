package oauth

import (
	"net/http"
	"net/url"
	"regexp"
	"time"
)

// codeCookie keeps, in the browser, the code of the device page that its person had to sign in for first.
const codeCookie = "__Host-interim-code"

// codeLife is as long as a sign-in link and a device code live.
const codeLife = 10 * time.Minute

// codeForm is what a person may have typed as a user code; nothing else is worth keeping.
var codeForm = regexp.MustCompile(`^[A-Za-z]{4}[- ]?[A-Za-z]{4}$`)

// rememberCode keeps the code until the person has signed in. Whoever plants one gains no more than by sending the device page's
// address to somebody who is signed in: that page asks.
func rememberCode(w http.ResponseWriter, code string) {
	if codeForm.MatchString(code) {
		setCookie(w, codeCookie, code, int(codeLife/time.Second))
	}
}

// afterLogin is the page that a person who just signed in came for, and forgets it.
func afterLogin(w http.ResponseWriter, r *http.Request) string {
	c, err := r.Cookie(codeCookie)
	if err != nil {
		return devicePath
	}
	setCookie(w, codeCookie, "", -1)
	if !codeForm.MatchString(c.Value) {
		return devicePath
	}
	return devicePath + "?user_code=" + url.QueryEscape(c.Value)
}
