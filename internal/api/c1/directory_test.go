package c1_test

import (
	"net/http"
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

func TestDirectoriesThatAreNotServedOrMalformedAreRefused(t *testing.T) {
	onDoors(t, "", func(d *door) {
		d.super("Ada")
		appID := d.need(http.StatusOK, "", "POST", "/api/v1/apps", `{"displayName":"Staff"}`).text("app.id")
		d.unserved("POST", directoriesPath, map[string]string{
			"celExpression": `{"appId":"` + appID + `","celExpression":{"expression":"true"}}`,
			"mergeConfig":   `{"appId":"` + appID + `","mergeConfig":{"matchCases":[{"appUserKeyCel":"a","userKeyCel":"b"}]}}`,
		})
		d.invalid("POST", directoriesPath, map[string]string{
			"appId": `{}`, "appId'": `{"appId":"x"}`, "expandMask": `{"appId":"` + appID + `","expandMask":{"paths":["color"]}}`,
		})
		d.need(http.StatusNotFound, "not found", "POST", directoriesPath, `{"appId":"`+someID+`"}`)
		d.need(http.StatusBadRequest, "appId", "GET", directoriesPath+"/x", "")
		d.need(http.StatusNotFound, "not found", "GET", directoriesPath+"/"+someID, "")
	})
}
