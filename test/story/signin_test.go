package story

import (
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"testing"
	"time"
)

// hidden finds the hidden fields of a page's form.
var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)

// browser is somebody at a page.
type browser struct {
	t    *testing.T
	s    *server
	http *http.Client
}

func (s *server) browser() *browser {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	c := s.client()
	c.Jar = jar
	c.CheckRedirect = nil
	return &browser{t: s.t, s: s, http: c}
}

func (b *browser) open(address string) (int, string) {
	b.t.Helper()
	res, err := b.http.Get(address)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.read(res)
}

// send fills a page's form in and sends it: its hidden fields, and what is given.
func (b *browser) send(address, page string, more url.Values) (int, string) {
	b.t.Helper()
	form := url.Values{}
	for _, f := range hidden.FindAllStringSubmatch(page, -1) {
		form.Set(f[1], f[2])
	}
	maps.Copy(form, more)
	res, err := b.http.PostForm(address, form)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.read(res)
}

func (b *browser) read(res *http.Response) (int, string) {
	b.t.Helper()
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// A person without a password signs in by a link, lets a device in, and the device makes itself a credential: what cone login does.
func TestADeviceIsLetInByAPersonWhoSignedInByALink(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		admin := s.admin()
		grace := text(admin.post("/api/interim/v1/users", object{"displayName": "Grace", "email": "grace@example.com"}), "user", "id")
		link := text(admin.post("/api/interim/v1/users/"+grace+"/login_links", object{}), "url")

		const cone = "2RGdOS94VDferT9e80mdgntl36K" // the public id of the official command line
		device := s.form("/auth/v1/device_authorization", url.Values{"client_id": {cone}})
		poll := url.Values{
			"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "client_id": {cone}, "device_code": {text(device, "device_code")},
		}
		if got := text(s.form("/auth/v1/token", poll), "error"); got != "authorization_pending" {
			t.Fatalf("before anybody approved: %q", got)
		}

		b := s.browser()
		_, page := b.open(link)
		if status, _ := b.send(link, page, nil); status != http.StatusOK {
			t.Fatalf("the link: %d", status)
		}
		if status, _ := s.browser().send(link, page, nil); status == http.StatusOK {
			t.Error("the link worked twice")
		}
		approve := text(device, "verification_uri_complete")
		_, page = b.open(approve)
		if status, page := b.send(approve, page, url.Values{"decision": {"approve"}}); status != http.StatusOK {
			t.Fatalf("approving: %d %s", status, page)
		}
		token := text(s.form("/auth/v1/token", poll), "access_token")
		if token == "" {
			t.Fatal("approved, and the device gets no token")
		}
		made := &person{s: s, http: s.client(), token: token, until: s.now().Add(time.Hour)}
		answer := made.post("/api/v1/iam/personal_clients", object{"display_name": "Created by Cone"})
		laptop := s.person(text(answer, "client", "clientId"), text(answer, "clientSecret"))
		if got := text(laptop.get("/api/v1/auth/introspect"), "userId"); got != grace {
			t.Errorf("the device acts as %q, want Grace", got)
		}
	})
}

func TestWhatSignsInOnlyOnceAndOnlyFromItsNetworks(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		admin := s.admin()
		once := admin.assertion()
		if status, answer := admin.tryToken(once); status != http.StatusOK {
			t.Fatalf("an assertion: %d %v", status, answer)
		}
		if status, answer := admin.tryToken(once); status == http.StatusOK {
			t.Errorf("the same assertion again: %v", answer)
		}
		// A client bound to another network is made, and cannot be used from here.
		made := admin.post("/api/v1/iam/personal_clients", object{"displayName": "Elsewhere", "allowSourceCidr": []string{"192.0.2.0/24"}})
		away := s.person(text(made, "client", "clientId"), text(made, "clientSecret"))
		if status, answer := away.tryToken(away.assertion()); status == http.StatusOK {
			t.Errorf("from outside its networks: %v", answer)
		}
		// A live token is refused from the moment its client is bound elsewhere, and dies with the client.
		made = admin.post("/api/v1/iam/personal_clients", object{"displayName": "Laptop", "expires": "3600s"})
		id := text(made, "client", "id")
		laptop := s.person(text(made, "client", "clientId"), text(made, "clientSecret"))
		laptop.get("/api/v1/auth/introspect")
		admin.post("/api/v1/iam/personal_clients/"+id, object{"client": object{"allowSourceCidr": []string{"192.0.2.0/24"}}})
		laptop.refused(http.StatusForbidden, http.MethodGet, "/api/v1/auth/introspect", nil)
		admin.post("/api/v1/iam/personal_clients/"+id, object{"client": object{"allowSourceCidr": []string{}}})
		laptop.get("/api/v1/auth/introspect")
		s.advance(time.Hour + time.Second)
		laptop.until = s.now().Add(time.Hour) // it would use the token it has
		laptop.refused(http.StatusUnauthorized, http.MethodGet, "/api/v1/auth/introspect", nil)
	})
}

// form posts a form to the server without any credential.
func (s *server) form(path string, values url.Values) object {
	s.t.Helper()
	res, err := s.client().PostForm(s.boot.URL+path, values)
	if err != nil {
		s.t.Fatal(err)
	}
	_, answer := decode(s.t, res)
	return answer
}
