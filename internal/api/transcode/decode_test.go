package transcode

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
)

func TestBodyThenQueryThenPathEachBeatsTheOneBefore(t *testing.T) {
	body := `{"fromBody":"body","fromQuery":"body","fromPath":"body","nested":{"id":"body","inner":{"id":"body"}}}`
	got := decoded(t, "PUT", "/odd/v1/merge/path/deep?from_query=query&from_path=query", body)
	want := `{"fromBody":"body","fromPath":"path","fromQuery":"query","nested":{"id":"body","inner":{"id":"deep"}}}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestTheBodyMayRepeatPathFieldsAndLoses(t *testing.T) {
	if got := decoded(t, "DELETE", "/odd/v1/things/path", `{"id":"body","reason":"left"}`); got != `{"id":"path","reason":"left"}` {
		t.Error(got)
	}
}

func TestANestedPathVariableFillsItsMessageAndMakesItWhenMissing(t *testing.T) {
	for body, want := range map[string]string{
		"":                         `{"fromPath":"a","nested":{"inner":{"id":"b"}}}`,
		`{"nested":null}`:          `{"fromPath":"a","nested":{"inner":{"id":"b"}}}`,
		`{"nested":{"id":"kept"}}`: `{"fromPath":"a","nested":{"id":"kept","inner":{"id":"b"}}}`,
		`{"nested":{"inner":{}}}`:  `{"fromPath":"a","nested":{"inner":{"id":"b"}}}`,
		`{"nested":{"inner":{"inner":{"id":"below"}}}}`: `{"fromPath":"a","nested":{"inner":{"id":"b","inner":{"id":"below"}}}}`,
	} {
		if got := decoded(t, "PUT", "/odd/v1/merge/a/b", body); got != want {
			t.Errorf("body %s\ngot  %s\nwant %s", body, got, want)
		}
	}
}

func TestTheContentTypeIsNotLookedAt(t *testing.T) {
	for _, contentType := range []string{"text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", ";;"} {
		if got := decoded(t, "POST", "/odd/v1/things", `{"displayName":"x"}`, "Content-Type: "+contentType); got != `{"displayName":"x"}` {
			t.Errorf("%s: %s", contentType, got)
		}
	}
}

func TestGetAndHeadDoNotReadTheirBody(t *testing.T) {
	if got := decoded(t, "GET", "/odd/v1/things/a", `{"no such field`); got != `{"id":"a"}` {
		t.Error(got)
	}
	if got := decoded(t, "HEAD", "/odd/v1/things/a", `{"id":"b"}`, "Content-Encoding: gzip"); got != `{"id":"a"}` {
		t.Error(got)
	}
}

func TestDeleteTakesABody(t *testing.T) {
	for _, body := range []string{"", "{}", `{"reason":""}`} {
		if got := decoded(t, "DELETE", "/odd/v1/things/a", body); got != `{"id":"a"}` {
			t.Errorf("%q: %s", body, got)
		}
	}
}

func TestAnEmptyOrBlankBodyIsAnEmptyMessage(t *testing.T) {
	for _, body := range []string{"", " ", "\n", " \t\r\n ", "{}", "\n{ }\n"} {
		if got := decoded(t, "POST", "/odd/v1/things", body); got != `{}` {
			t.Errorf("%q: %s", body, got)
		}
	}
}

// Every spelling of a value that proto3 JSON allows.
func TestABodyMaySpellValuesInEveryProto3Way(t *testing.T) {
	for body, want := range map[string]string{
		`{"displayName":"x"}`:                      `{"displayName":"x"}`,
		`{"display_name":"x"}`:                     `{"displayName":"x"}`,
		`{"disp\u006cay_name":"x"}`:                `{"displayName":"x"}`,
		`{"APIKey":"x"}`:                           `{"APIKey":"x"}`,
		`{"ref_map":{"k":{"id":"x"}}}`:             `{"refMap":{"k":{"id":"x"}}}`,
		`{"color":"COLOR_BLUE"}`:                   `{"color":"COLOR_BLUE"}`,
		`{"color":2}`:                              `{"color":"COLOR_BLUE"}`,
		`{"color":77}`:                             `{"color":77}`,
		`{"big":"9007199254740993"}`:               `{"big":"9007199254740993"}`,
		`{"big":9007199254740993}`:                 `{"big":"9007199254740993"}`,
		`{"big":1e3}`:                              `{"big":"1000"}`,
		`{"huge":"18446744073709551615"}`:          `{"huge":"18446744073709551615"}`,
		`{"small":"7"}`:                            `{"small":7}`,
		`{"small":7.0}`:                            `{"small":7}`,
		`{"ratio":"0.5"}`:                          `{"ratio":0.5}`,
		`{"ratio":"NaN"}`:                          `{"ratio":"NaN"}`,
		`{"ratio":"-Infinity"}`:                    `{"ratio":"-Infinity"}`,
		`{"blob":"_-8="}`:                          `{"blob":"/+8="}`,
		`{"blob":"_-8"}`:                           `{"blob":"/+8="}`,
		`{"seenAt":"2026-01-02T03:04:05.6+01:00"}`: `{"seenAt":"2026-01-02T02:04:05.600Z"}`,
		`{"lasts":"3600s"}`:                        `{"lasts":"3600s"}`,
		`{"profile":{"a":[1,null,{"b":true}]}}`:    `{"profile":{"a":[1,null,{"b":true}]}}`,
		`{"value":null}`:                           `{"value":null}`,
		`{"byNothing":{}}`:                         `{"byNothing":{}}`,
		`{"maybeFlag":false}`:                      `{"maybeFlag":false}`,
		`{"any":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s"}}`: `{"any":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s"}}`,
	} {
		if got := decoded(t, "POST", "/odd/v1/things", body); got != want {
			t.Errorf("body %s\ngot  %s\nwant %s", body, got, want)
		}
	}
}

func TestNullMeansUnset(t *testing.T) {
	body := `{"displayName":null,"small":null,"big":null,"flag":null,"blob":null,"color":null,"ref":null,"tags":null,` +
		`"refs":null,"labels":null,"seenAt":null,"lasts":null,"readMask":null,"profile":null,"any":null,"maybeFlag":null,"byRef":null,"byName":null}`
	if got := decoded(t, "POST", "/odd/v1/things", body); got != `{}` {
		t.Error(got)
	}
}

func TestAFieldMaskIsOneStringOfCamelCasePaths(t *testing.T) {
	if got := decoded(t, "POST", "/odd/v1/things", `{"readMask":"displayName,ref.id"}`); got != `{"readMask":"displayName,ref.id"}` {
		t.Error(got)
	}
	for body, want := range map[string]string{
		`{"readMask":"display_name"}`:             `readMask: google.protobuf.FieldMask.paths contains invalid path: "display_name"`,
		`{"readMask":["displayName"]}`:            `readMask: `,
		`{"readMask":{"paths":["displayName"]}}`:  `readMask: `,
		`{"readMask":"displayName,,description"}`: `readMask: `,
	} {
		if got := refused(t, "POST", "/odd/v1/things", body, codes.InvalidArgument); !strings.HasPrefix(got, bodyPrefix+want) {
			t.Errorf("%s: %s", body, got)
		}
	}
}

func TestABadBodyIsRefusedNamingTheField(t *testing.T) {
	for body, want := range map[string]string{
		`{"nope":1}`:                             `nope: unknown field "nope" (line 1:2)`,
		`{"ref":{"nope":1}}`:                     `ref.nope: unknown field "nope" (line 1:9)`,
		"{\n \"refs\": [{},\n {\"nope\": 1}]}":   `refs[1].nope: unknown field "nope" (line 3:3)`,
		`{"refMap":{"é":{"nope":1}}}`:            `refMap.é.nope: unknown field "nope" (line 1:17)`,
		`{"small":"x"}`:                          `small: invalid value for int32 field small: "x" (line 1:10)`,
		`{"small":2147483648}`:                   `small: invalid value for int32 field small: 2147483648 (line 1:10)`,
		`{"small":1.5}`:                          `small: invalid value for int32 field small: 1.5 (line 1:10)`,
		`{"big":1e400}`:                          `big: invalid value for int64 field big: 1e400 (line 1:8)`,
		`{"big":1e999999999999}`:                 `big: invalid value for int64 field big: 1e999999999999 (line 1:8)`,
		`{"ratio":1e400}`:                        `ratio: invalid value for double field ratio: 1e400 (line 1:10)`,
		`{"ratio":NaN}`:                          `ratio: syntax error invalid value NaN (line 1:10)`,
		`{"displayName":5}`:                      `displayName: invalid value for string field displayName: 5 (line 1:16)`,
		`{"display_name":5}`:                     `display_name: invalid value for string field displayName: 5 (line 1:17)`,
		`{"color":"RED"}`:                        `color: invalid value for enum field color: "RED" (line 1:10)`,
		`{"tags":"x"}`:                           `tags: syntax error unexpected token "x" (line 1:9)`,
		`{"tags":["a",5]}`:                       `tags[1]: invalid value for string field tags: 5 (line 1:14)`,
		`{"ref":"x"}`:                            `ref: syntax error unexpected token "x" (line 1:8)`,
		`{"seenAt":"yesterday"}`:                 `seenAt: invalid google.protobuf.Timestamp value "yesterday" (line 1:11)`,
		`{"lasts":"1h"}`:                         `lasts: invalid google.protobuf.Duration value "1h" (line 1:10)`,
		`{"small":1,"small":2}`:                  `small: duplicate field "small" (line 1:12)`,
		`{"displayName":"a","display_name":"b"}`: `display_name: duplicate field "display_name" (line 1:20)`,
		`{"labels":{"a":"1","a":"2"}}`:           `labels.a: duplicate map key "a" (line 1:20)`,
		`{"profile":{"a":1,"a":2}}`:              `profile.a: duplicate map key "a" (line 1:19)`,
		`{"byName":"a","byRef":{}}`:              `byRef: error parsing "byRef", oneof odd.v1.Thing.kind is already set (line 1:15)`,
		`{"any":{"@type":"x/no.Such"}}`:          `any.@type: unable to resolve "x/no.Such": "not found" (line 1:17)`,
		`{"tags":["a",]}`:                        `tags[1]: syntax error unexpected token ] (line 1:14)`,
		`[]`:                                     `syntax error unexpected token [ (line 1:1)`,
		`null`:                                   `syntax error unexpected token null (line 1:1)`,
		`"x"`:                                    `syntax error unexpected token "x" (line 1:1)`,
		`{`:                                      `unexpected EOF`,
		`{"small":`:                              `unexpected EOF`,
		`{} {}`:                                  `syntax error unexpected token { (line 1:4)`,
		"{\"displayName\":\"\xff\"}":             `displayName: syntax error invalid UTF-8 in string (line 1:16)`,
		"{\"displayName\":\"a\x00b\"}":           `displayName: syntax error invalid character '\x00' in string (line 1:16)`,
		`{"displayName":"a\u0000b"}`:             `displayName: a text with the NUL character (line 1:18)`,
		`{"refs":[{"id":"\\\u0000"}]}`:           `refs[0].id: a text with the NUL character (line 1:19)`,
		"\xef\xbb\xbf{}":                         "syntax error invalid value \ufeff (line 1:1)",
	} {
		if got := refused(t, "POST", "/odd/v1/things", body, codes.InvalidArgument); got != bodyPrefix+want {
			t.Errorf("body %s\ngot  %s\nwant %s", body, got, bodyPrefix+want)
		}
	}
}

func TestAnEscapedBackslashBeforeU0000IsNoNUL(t *testing.T) {
	if got := decoded(t, "POST", "/odd/v1/things", `{"displayName":"\\u0000"}`); got != `{"displayName":"\\u0000"}` {
		t.Error(got)
	}
}

func TestDecoderErrorsRepeatOnlyALittleOfTheBody(t *testing.T) {
	long := strings.Repeat("ü", 100_000)
	for _, body := range []string{`{"small":"` + long + `"}`, `{"` + long + `":1}`, `{"labels":{"` + long + `":1}}`} {
		got := refused(t, "POST", "/odd/v1/things", body, codes.InvalidArgument)
		if len(got) > 1000 || !strings.Contains(got, "…") || strings.ContainsRune(got, '\ufffd') {
			t.Errorf("%d bytes: %.300s", len(got), got)
		}
	}
}

func TestNestingBeyondTheLimitIsRefused(t *testing.T) {
	nest := func(open, end string, n int) string { return strings.Repeat(open, n) + strings.Repeat(end, n) }
	for name, body := range map[string]string{
		"messages":        `{"ref":` + nest(`{"inner":`, "}", 50_000) + "}",
		"one too deep":    `{"ref":` + nest(`{"inner":`, "}", 100) + "}",
		"objects":         `{"profile":` + nest(`{"a":`, "}", 50_000) + "}",
		"lists":           `{"value":` + nest("[", "]", 50_000) + "}",
		"unclosed lists":  `{"value":` + strings.Repeat("[", 90_000),
		"lists in an any": `{"any":{"@type":"type.googleapis.com/google.protobuf.Value","value":` + nest("[", "]", 50_000) + "}}",
	} {
		t.Run(name, func(t *testing.T) {
			body := strings.ReplaceAll(body, ":}", ":null}")
			if got := refused(t, "POST", "/odd/v1/things", body, codes.InvalidArgument); !strings.Contains(got, "nested more than 100 levels deep") {
				t.Error(got)
			}
		})
	}
	deepest := strings.ReplaceAll(`{"ref":`+nest(`{"inner":`, "}", 99)+"}", ":}", ":null}")
	if got := decoded(t, "POST", "/odd/v1/things", deepest); strings.Count(got, "inner") != 98 {
		t.Error(got)
	}
}
