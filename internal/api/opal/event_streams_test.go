package opal_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/govern/iam"
)

// secret is the value at a path, shown under a name in the transcript.
func (d *door) secret(a answer, name, path string) string {
	d.Helper()
	s := a.text(path)
	if len(s) < 16 {
		d.Fatalf("no secret at %s: %v", path, a.body)
	}
	d.secrets = append(d.secrets, s, "<"+name+">")
	return s
}

func TestEventStreamsAreMadeChangedAndDeleted(t *testing.T) {
	onDoor(t, "event_streams", func(d *door) {
		d.person("Root", iam.SuperAdministrator)
		d.want(http.StatusOK, "none", "GET", "/event-streams", "")
		signed := d.want(http.StatusOK, "a signed one; its secret is shown once", "POST", "/event-streams",
			`{"name":"SIEM","connection_type":"WEBHOOK","webhook_url":"https://siem.example.com/in","credentials":{"auth_type":"HMAC"}}`)
		d.secret(signed, "secret", "connection.credentials.hmac_credential_1.secret")
		id, first := signed.text("event_stream_id"), signed.text("connection.credentials.hmac_credential_1.id")
		keyed := d.want(http.StatusOK, "one with keys", "POST", "/event-streams", `{"name":"Archive","connection_type":"WEBHOOK",
			"webhook_url":"https://archive.example.com","credentials":{"auth_type":"API_KEY","hmac_credential_1":null,"api_key_credentials":[
			{"id":"","name":"X-Api-Key","value":"opensesame","location":"HEADER"},{"name":"key","value":"abc","location":"QUERY_PARAM"}]}}`)
		d.want(http.StatusOK, "one that needs nothing", "POST", "/event-streams",
			`{"name":"Open","connection_type":"WEBHOOK","webhook_url":"https://open.example.com","credentials":null}`)
		d.want(http.StatusOK, "no value is shown again", "GET", "/event-streams", "")

		two := d.want(http.StatusOK, "a second secret, and the first is kept", "PUT", "/event-streams/"+id, `{"credentials":{"auth_type":"HMAC",
			"hmac_credential_1":{"id":"`+first+`","secret":"********","created_at":"2026-05-04T12:00:00Z"},"hmac_credential_2":{}}}`)
		d.secret(two, "second-secret", "connection.credentials.hmac_credential_2.secret")
		second := two.text("connection.credentials.hmac_credential_2.id")
		d.want(http.StatusOK, "the second takes the place of the first", "PUT", "/event-streams/"+id,
			`{"credentials":{"auth_type":"HMAC","hmac_credential_1":{"id":"`+second+`"},"hmac_credential_2":null}}`)
		d.want(http.StatusOK, "switch it off", "PUT", "/event-streams/"+id, `{"enabled":false,"name":"Old SIEM"}`)
		d.want(http.StatusOK, "nothing changes nothing", "PUT", "/event-streams/"+id, `{}`)
		d.want(http.StatusBadRequest, "keys do not follow to another host", "PUT", "/event-streams/"+keyed.text("event_stream_id"),
			`{"webhook_url":"https://elsewhere.example.com"}`)
		d.want(http.StatusNotFound, "one that there is not", "PUT", "/event-streams/"+first, `{"enabled":true}`)
		d.want(http.StatusOK, "delete it", "DELETE", "/event-streams/"+id, "")
		d.want(http.StatusNotFound, "it is gone", "DELETE", "/event-streams/"+id, "")
		address := `"webhook_url":"https://siem.example.com"`
		d.refused(http.StatusBadRequest, "POST", "/event-streams", map[string]string{
			"name":                            `{"connection_type":"WEBHOOK",` + address + `}`,
			"connection_type":                 `{"name":"x","connection_type":"KAFKA",` + address + `}`,
			"webhook_url":                     `{"name":"x","connection_type":"WEBHOOK"}`,
			"credentials.auth_type":           `{"name":"x","connection_type":"WEBHOOK",` + address + `,"credentials":{"auth_type":"BASIC"}}`,
			"credentials.api_key_credentials": `{"name":"x","connection_type":"WEBHOOK",` + address + `,"credentials":{"auth_type":"API_KEY"}}`,
			"credentials.api_key_credentials.name": `{"name":"x","connection_type":"WEBHOOK",` + address + `,"credentials":{"auth_type":"API_KEY",
				"api_key_credentials":[{"name":"Content-Length","value":"1","location":"HEADER"}]}}`,
			"hmac_credential_2.secret": `{"name":"x","connection_type":"WEBHOOK",` + address + `,"credentials":{"auth_type":"HMAC",
				"hmac_credential_2":{"secret":"short"}}}`,
		})
	})
}

func TestWhatAnEventStreamShowsCanBeSentBack(t *testing.T) {
	onDoor(t, "", func(d *door) {
		d.person("Root", iam.SuperAdministrator)
		for _, credentials := range []string{
			`{"auth_type":"NONE"}`, `{"auth_type":"HMAC","hmac_credential_1":{},"hmac_credential_2":{}}`,
			`{"auth_type":"API_KEY","api_key_credentials":[{"name":"X-Api-Key","value":"opensesame","location":"HEADER"}]}`,
		} {
			made := d.call(http.MethodPost, "/event-streams",
				`{"name":"SIEM","connection_type":"WEBHOOK","webhook_url":"https://siem.example.com","credentials":`+credentials+`}`)
			id := made.text("event_stream_id")
			sealed := func() (raw []byte) {
				if err := d.DB.Q(d.Context()).Row(`select credentials from event_stream where id = $1`, id).Scan(&raw); err != nil {
					d.Fatal(err)
				}
				return raw
			}
			before := d.call(http.MethodPut, "/event-streams/"+id, `{}`)
			if strings.Contains(string(sealed()), "opensesame") {
				d.Error("a key lies open")
			}
			back, err := json.Marshal(before.at("connection"))
			if err != nil {
				d.Fatal(err)
			}
			after := d.call(http.MethodPut, "/event-streams/"+id, string(back))
			again, err := json.Marshal(after.at("connection"))
			if err != nil || after.status != http.StatusOK || string(again) != string(back) {
				d.Errorf("%d\n got %s\nwant %s", after.status, again, back)
			}
		}
	})
}
