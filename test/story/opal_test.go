package story

import (
	"net/http"
	"testing"
)

// opal calls the Opal-compatible API with a bearer token, as its clients do.
func (s *server) opal(token, method, path string) (int, object) {
	s.t.Helper()
	req, err := http.NewRequest(method, s.boot.URL+"/v1"+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := s.client().Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	return decode(s.t, res)
}

func TestTheTokenOfTheFirstStartOpensTheOpalAPI(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		status, users := s.opal(s.boot.OpalToken, http.MethodGet, "/users")
		if people := list(users, "results"); status != http.StatusOK || len(people) != 1 || at(users, "next") != nil {
			t.Fatalf("%d %v", status, users)
		}
		admin := s.admin()
		admin.signIn()
		if status, again := s.opal(admin.token, http.MethodGet, "/users"); status != http.StatusOK || len(list(again, "results")) != 1 {
			t.Errorf("with an access token: %d %v", status, again)
		}
		admin.token = s.boot.OpalToken // the API that has a sign-in of its own takes no API tokens
		admin.refused(http.StatusUnauthorized, http.MethodGet, "/api/v1/apps", nil)
		res, err := s.client().Get(s.boot.URL + "/docs/opal.json")
		if err != nil {
			t.Fatal(err)
		}
		if status, doc := decode(t, res); status != http.StatusOK || at(doc, "paths", "/users", "get") == nil {
			t.Errorf("its description: %d", status)
		}
	})
}
