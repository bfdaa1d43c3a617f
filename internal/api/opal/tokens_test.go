package opal_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
)

func TestTokensAreListedAndDeleted(t *testing.T) {
	onDoor(t, "tokens", func(d *door) {
		grace, ada := d.person("Grace", iam.BasicUser), d.person("Ada", iam.SuperAdministrator)
		token := func(of directory.User, n iam.NewAPIToken) string {
			made, _, err := d.IAM.CreateAPIToken(iam.AsSystem(d.Context()), of.ID, n)
			if err != nil {
				d.Fatal(err)
			}
			d.names[string(made.ID)] = "token-" + n.Label
			return string(made.ID)
		}
		hers := token(grace, iam.NewAPIToken{Label: "laptop", Access: iam.ReadOnly, Expires: time.Hour})
		other := token(grace, iam.NewAPIToken{Label: "script", Access: iam.FullAccess})
		admins := token(ada, iam.NewAPIToken{Label: "terraform", Access: iam.FullAccess})
		d.want(http.StatusOK, "all, to an administrator", http.MethodGet, "/tokens", "")
		d.want(http.StatusOK, "some", http.MethodGet, "/tokens?token_ids="+hers+","+admins, "")
		d.want(http.StatusOK, "of one user", http.MethodGet, "/tokens?page_size=1&user_id="+string(grace.ID), "")

		d.as(grace, iam.BasicUser)
		d.want(http.StatusOK, "one's own", http.MethodGet, "/tokens", "")
		d.want(http.StatusNotFound, "another's is not there", http.MethodDelete, "/tokens/"+admins, "")
		d.want(http.StatusOK, "delete one's own", http.MethodDelete, "/tokens/"+hers, "")
		d.want(http.StatusNotFound, "it is gone", http.MethodDelete, "/tokens/"+hers, "")
		d.as(ada, iam.SuperAdministrator)
		d.want(http.StatusOK, "an administrator deletes another's", http.MethodDelete, "/tokens/"+other, "")
		d.want(http.StatusOK, "what is left", http.MethodGet, "/tokens", "")
	})
}
