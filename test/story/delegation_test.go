package story

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// A manager goes away for a day. Who stands in is set ahead, answers in the window and not a moment longer, whatever happens to the
// server meanwhile, and it is all in the log with both names.
func TestSomebodyStandsInForAPersonWhoIsAway(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		admin := s.admin()
		person := func(name string) string {
			return text(admin.post("/api/interim/v1/users", object{"displayName": name}), "user", "id")
		}
		grace, linus := person("Grace"), person("Linus")
		set := "/api/v1/users/" + grace + "/set-delegation-by-admin"
		shown := func() string {
			t.Helper()
			return text(admin.get("/api/v1/users/"+grace), "userView", "user", "delegatedUserId")
		}
		preview := func() (users []string) {
			t.Helper()
			for _, stand := range list(admin.post("/api/interim/v1/users/"+grace+"/delegation/preview", object{}), "stands") {
				users = append(users, text(stand, "userId"))
			}
			return users
		}
		leave := s.now().Add(time.Hour)
		body := object{"delegatedUserId": linus, "delegationStartAt": leave, "delegationExpireAt": leave.Add(24 * time.Hour)}
		admin.post(set, body)
		if shown() != "" || !slices.Equal(preview(), []string{grace}) {
			t.Errorf("before the window %q is shown, %v answer", shown(), preview())
		}
		s.advance(time.Hour)
		if shown() != linus || !slices.Equal(preview(), []string{linus}) {
			t.Errorf("in the window %q is shown, %v answer", shown(), preview())
		}
		s.kill()
		s.up()
		if shown() != linus {
			t.Errorf("after a kill %q is shown", shown())
		}
		found := list(admin.post("/api/v1/search/users", object{"delegateStatus": "DELEGATE_STATUS_HAS_DELEGATE"}), "list")
		if len(found) != 1 || text(found[0], "userId") != grace {
			t.Errorf("with a delegate: %v", found)
		}
		s.stop()
		s.ahead += 24 * time.Hour // nobody is there at the end
		s.up()
		if shown() != "" || !slices.Equal(preview(), []string{grace}) {
			t.Errorf("after the window %q is shown, %v answer", shown(), preview())
		}
		s.await("the end is noticed", func() bool {
			events := list(admin.post("/api/v1/systemlog/events", object{"pageSize": 100}), "list")
			return slices.ContainsFunc(events, func(e object) bool {
				return text(e, "api", "operation") == "delegation.ended" && strings.Contains(text(e, "message"), "Linus") &&
					strings.Contains(text(e, "message"), "Grace")
			})
		})
		admin.refused(http.StatusBadRequest, http.MethodPost, set, object{"delegatedUserId": grace})
	})
}
