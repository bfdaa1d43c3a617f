package opal_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/interim-access/interim/internal/govern/iam"
)

func TestADelegationIsMadeListedReadAndDeleted(t *testing.T) {
	onDoor(t, "delegations", func(d *door) {
		ada, grace := d.person("Ada Byron", iam.BasicUser), d.person("Grace Hopper", iam.BasicUser)
		root := d.person("Root", iam.SuperAdministrator)
		window := `"start_time":"2026-05-04T14:00:00+02:00","end_time":"2026-05-05T14:00:00.500+02:00","reason":"on leave"`
		people := fmt.Sprintf(`"delegator_user_id":%q,"delegate_user_id":%q`, ada.ID, grace.ID)
		id := d.made("window", "id", "An administrator delegates for Ada; the offset is kept", "/delegations", `{`+people+`,`+window+`}`)
		second := d.made("second", "id", "Start and end may be the same, as upstream's own examples have it", "/delegations",
			`{`+people+`,"start_time":"2023-10-01T12:00:00Z","end_time":"2023-10-01T12:00:00Z","reason":""}`)
		d.want(http.StatusOK, "Both are there", "GET", "/delegations?delegator_user_id="+string(ada.ID), "")
		next := d.want(http.StatusOK, "One a page", "GET", "/delegations?page_size=1", "").text("next")
		d.want(http.StatusOK, "The next page", "GET", "/delegations?page_size=1&cursor="+next, "")
		d.want(http.StatusBadRequest, "A cursor is bound to its filters", "GET",
			"/delegations?page_size=1&delegate_user_id="+string(grace.ID)+"&cursor="+next, "")
		d.want(http.StatusOK, "Filters must both match", "GET",
			"/delegations?delegator_user_id="+string(ada.ID)+"&delegate_user_id="+string(ada.ID), "")
		d.want(http.StatusOK, "One is read", "GET", "/delegations/"+id, "")
		d.as(grace, iam.BasicUser)
		d.want(http.StatusForbidden, "The delegate sees it and may not delete it", "DELETE", "/delegations/"+id, "")
		d.as(ada, iam.BasicUser)
		d.want(http.StatusOK, "The delegator may", "DELETE", "/delegations/"+second, "")
		d.want(http.StatusNotFound, "It is gone", "GET", "/delegations/"+second, "")
		d.want(http.StatusForbidden, "Nobody delegates for another person", "POST", "/delegations",
			fmt.Sprintf(`{"delegator_user_id":%q,"delegate_user_id":%q,%s}`, grace.ID, ada.ID, window))
		d.person("Linus", iam.BasicUser)
		d.want(http.StatusNotFound, "Others do not see it", "GET", "/delegations/"+id, "")
		d.want(http.StatusNotFound, "Nor delete it", "DELETE", "/delegations/"+id, "")
		d.want(http.StatusOK, "Nor list it", "GET", "/delegations", "")
		d.as(root, iam.SuperAdministrator)
		d.refused(http.StatusBadRequest, "POST", "/delegations", map[string]string{
			"delegator_user_id":     `{"delegate_user_id":"x"}`,
			"uuid":                  `{"delegator_user_id":"1","delegate_user_id":"2",` + window + `}`,
			"reason":                `{` + people + `,"start_time":"2026-05-04T12:00:00Z","end_time":"2026-05-05T12:00:00Z"}`,
			"end_time":              `{` + people + `,"start_time":"2026-05-04T12:00:00Z","end_time":"2026-05-03T12:00:00Z","reason":""}`,
			"end_time: is required": `{` + people + `,"start_time":"2026-05-04T12:00:00Z","end_time":"0001-01-01T00:00:00Z","reason":""}`,
			"start_time: is required": `{` + people +
				`,"start_time":"0001-01-01T00:00:00Z","end_time":"2026-05-03T12:00:00Z","reason":""}`,
			"start_time":       `{` + people + `,"start_time":"tomorrow","end_time":"2026-05-03T12:00:00Z","reason":""}`,
			"delegate_user_id": fmt.Sprintf(`{"delegator_user_id":%q,"delegate_user_id":%q,%s}`, ada.ID, ada.ID, window),
		})
	})
}

func TestUsersAreFoundAndListed(t *testing.T) {
	onDoor(t, "users", func(d *door) {
		ada := d.person("Ada Byron", iam.BasicUser)
		d.person("Root", iam.SuperAdministrator)
		d.want(http.StatusOK, "By id", "GET", "/user?user_id="+string(ada.ID), "")
		d.want(http.StatusOK, "By address", "GET", "/user?email=ADA@example.com", "")
		d.want(http.StatusNotFound, "Unknown", "GET", "/user?email=nobody@example.com", "")
		d.want(http.StatusBadRequest, "No question", "GET", "/user", "")
		d.want(http.StatusBadRequest, "An id of another form", "GET", "/user?user_id=ada", "")
		d.want(http.StatusOK, "All", "GET", "/users", "")
		d.as(ada, iam.BasicUser)
		d.want(http.StatusOK, "A slash too many is forgiven", "GET", "//users/?page_size=1", "")
	})
}

func TestWhatIsNotServedSaysItsName(t *testing.T) {
	onDoor(t, "", func(d *door) {
		d.person("Root", iam.SuperAdministrator)
		d.want(http.StatusNotFound, "No such path", "GET", "/nothing", "")
		d.want(http.StatusMethodNotAllowed, "No such verb", "PATCH", "/users", "")
	})
}
