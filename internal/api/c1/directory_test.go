package c1_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

const directoriesPath = "/api/v1/directories"

func TestDirectoriesThroughTheDoor(t *testing.T) {
	onDoors(t, "directories", func(d *door) {
		d.super("Ada")
		staff := d.made("staff", "app.id", "an app", "/api/v1/apps", `{"displayName":"Staff"}`)
		guests := d.made("guests", "app.id", "another", "/api/v1/apps", `{"displayName":"Guests"}`)
		d.clock.Advance(time.Minute)
		d.want(http.StatusNotFound, "no directory yet", "GET", directoriesPath+"/"+staff, "")
		d.want(http.StatusOK, "made one", "POST", directoriesPath, `{"appId":"`+staff+`","all":{},"expandMask":{"paths":["*"]}}`)
		d.want(http.StatusConflict, "twice", "POST", directoriesPath, `{"appId":"`+staff+`"}`)
		d.want(http.StatusOK, "the other", "POST", directoriesPath, `{"appId":"`+guests+`","mergeConfig":{}}`)
		page := d.want(http.StatusOK, "a page of one", "GET", directoriesPath+"?page_size=1", "")
		d.want(http.StatusOK, "the next", "GET", directoriesPath+"?page_size=1&page_token="+page.text("nextPageToken"), "")
		d.clock.Advance(time.Minute)
		d.want(http.StatusOK, "some accounts, by their keys", "PUT", directoriesPath+"/"+staff, `{"celExpression":{"expression":"app_user.email != ''"},
			"mergeConfig":{"matchCases":[{"appUserKeyCel":"app_user.username","userKeyCel":"user.username"}]},"expandMask":{"paths":["app_id"]}}`)
		d.want(http.StatusOK, "read", "GET", directoriesPath+"/"+staff, "")
		d.want(http.StatusOK, "written anew", "PUT", directoriesPath+"/"+staff, `{"all":{}}`)
		d.want(http.StatusOK, "read", "GET", directoriesPath+"/"+staff, "")
		d.want(http.StatusOK, "the app says so", "GET", "/api/v1/apps/"+staff, "")
		d.want(http.StatusOK, "no more", "DELETE", directoriesPath+"/"+staff, "{}")
		for _, c := range [][2]string{{"GET", ""}, {"PUT", "{}"}, {"DELETE", "{}"}} {
			d.want(http.StatusNotFound, "gone", c[0], directoriesPath+"/"+staff, c[1])
		}
		d.want(http.StatusOK, "the rest", "GET", directoriesPath, "")
	})
}

func TestMalformedDirectoriesAreRefused(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.super("Ada")
		appID := d.need(http.StatusOK, "", "POST", "/api/v1/apps", `{"displayName":"Staff"}`).text("app.id")
		of := func(more string) string { return `{"appId":"` + appID + `",` + more + `}` }
		cases := func(account, user string) string {
			return of(`"mergeConfig":{"matchCases":[{"appUserKeyCel":"` + account + `","userKeyCel":"` + user + `"}]}`)
		}
		d.invalid("POST", directoriesPath, map[string]string{
			"appId": `{}`, "appId'": `{"appId":"x"}`, "expandMask": of(`"expandMask":{"paths":["color"]}`),
			"celExpression.expression":                 of(`"celExpression":{}`),
			"celExpression.expression'":                of(`"celExpression":{"expression":"app_user.color"}`),
			"mergeConfig.matchCases[0].appUserKeyCel":  cases("", "user.email"),
			"mergeConfig.matchCases[0].userKeyCel":     cases("app_user.email", "user.email =="),
			"mergeConfig.matchCases":                   of(`"mergeConfig":{"matchCases":[` + strings.Repeat("{},", 8) + `{}]}`),
			"mergeConfig.matchCases[0].userKeyCel'":    cases("app_user.email", strings.Repeat("x", 1<<18)),
			"mergeConfig.matchCases[0].appUserKeyCel'": cases("user.email", "user.email"),
		})
		d.need(http.StatusBadRequest, "line 1, column 10", "POST", directoriesPath, of(`"celExpression":{"expression":"app_user.color"}`))
		d.need(http.StatusNotFound, "not found", "GET", directoriesPath+"/"+appID, "")
		d.need(http.StatusNotFound, "not found", "POST", directoriesPath, `{"appId":"`+someID+`"}`)
		d.need(http.StatusBadRequest, "appId", "GET", directoriesPath+"/x", "")
		d.need(http.StatusNotFound, "not found", "GET", directoriesPath+"/"+someID, "")
	})
}
