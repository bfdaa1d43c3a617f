package c1_test

import (
	"testing"

	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/govern/iam"
)

const (
	tokensPath      = "/api/interim/v1/api_tokens"
	searchForTokens = "/api/interim/v1/search/api_tokens"
)

func TestAPITokensLookLikeThis(t *testing.T) {
	onDoors(t, "api_tokens", func(d *door) {
		ada, grace := d.person("Ada", iam.BasicUser), d.person("Grace", iam.BasicUser)
		own := d.made("deploys", "apiToken.id", "Grace makes herself one that reads", tokensPath,
			`{"label":"Deploys","access":"API_TOKEN_ACCESS_READ_ONLY","expires":"3600s"}`)
		d.want(403, "But none for Ada", "POST", tokensPath, `{"userId":"`+c1.KSUID(ada.ID)+`","label":"Theirs","access":"API_TOKEN_ACCESS_FULL_ACCESS"}`)
		d.want(400, "None that is for nothing", "POST", tokensPath, `{"label":" ","access":"API_TOKEN_ACCESS_FULL_ACCESS"}`)
		d.want(400, "None that may nothing", "POST", tokensPath, `{"label":"Nothing"}`)
		d.want(400, "None that is over", "POST", tokensPath, `{"label":"Over","access":"API_TOKEN_ACCESS_FULL_ACCESS","expires":"-1s"}`)

		d.super("Linus")
		given := d.made("terraform", "apiToken.id", "Linus makes Ada one that may everything she may", tokensPath,
			`{"userId":"`+c1.KSUID(ada.ID)+`","label":"Terraform","access":"API_TOKEN_ACCESS_FULL_ACCESS"}`)
		first := d.want(200, "He sees everybody's, one by one", "POST", searchForTokens, `{"pageSize":1}`)
		d.want(200, "And the next", "POST", searchForTokens, `{"pageSize":1,"pageToken":"`+first.text("nextPageToken")+`"}`)
		d.want(200, "Or Ada's", "POST", searchForTokens, `{"userIds":["`+c1.KSUID(ada.ID)+`"]}`)
		d.want(200, "Or this one", "POST", searchForTokens, `{"ids":["`+own+`"]}`)
		d.want(400, "Or an id that is none", "POST", searchForTokens, `{"ids":["x"]}`)

		d.as(grace, iam.BasicUser)
		d.want(200, "Grace sees hers", "POST", searchForTokens, `{}`)
		d.want(403, "Ada's is not hers to delete", "DELETE", tokensPath+"/"+given, "{}")
		d.want(200, "Her own is", "DELETE", tokensPath+"/"+own, "{}")
		d.want(404, "And is gone", "DELETE", tokensPath+"/"+own, "{}")
		d.want(200, "From her list, too", "POST", searchForTokens, `{}`)
	})
}
