package transcode

import (
	"testing"

	"google.golang.org/grpc/codes"
)

func TestQueryParametersFillTheRequest(t *testing.T) {
	for query, want := range map[string]string{
		"":                                     `{}`,
		"page_size=5&page_token=abc":           `{"pageSize":5,"pageToken":"abc"}`,
		"pageSize=5&pageToken=abc":             `{"pageSize":5,"pageToken":"abc"}`,
		"page_size=1&page_size=2":              `{"pageSize":1}`,
		"page_size=1&page_size=x":              `{"pageSize":1}`,
		"page_size=1&pageSize=2":               `{"pageSize":1}`,
		"page_size=":                           `{}`,
		"page_size":                            `{}`,
		"page_size=&page_size=3":               `{}`,
		"page_token=a%20b+c%C3%A9":             `{"pageToken":"a b cé"}`,
		"%70age_token=x":                       `{"pageToken":"x"}`,
		"page_token=a=b":                       `{"pageToken":"a=b"}`,
		"page_token=a;b":                       `{"pageToken":"a;b"}`,
		"color=COLOR_BLUE":                     `{"color":"COLOR_BLUE"}`,
		"color=2":                              `{"color":"COLOR_BLUE"}`,
		"color=":                               `{}`,
		"only_live=TRUE":                       `{"onlyLive":true}`,
		"only_live=0":                          `{}`,
		"count=4294967295&since=-3&ratio=0.25": `{"count":4294967295,"ratio":0.25,"since":"-3"}`,
		"nope=1&PAGE_SIZE=2&%zz=3&=4&&":        `{}`,
		"tags=a&tags=b&ref=x&ref.id=y":         `{}`,
	} {
		if got := decoded(t, "GET", "/odd/v1/things?"+query, ""); got != want {
			t.Errorf("?%s\ngot  %s\nwant %s", query, got, want)
		}
	}
}

func TestABadQueryValueIsRefusedUnderItsJSONName(t *testing.T) {
	for query, want := range map[string]string{
		"page_size=abc":              `pageSize is not a valid int: "abc"`,
		"page_size=1.5":              `pageSize is not a valid int: "1.5"`,
		"page_size=%205":             `pageSize is not a valid int: " 5"`,
		"page_size=2147483648":       `pageSize is not a valid int: "2147483648" is out of range`,
		"since=99999999999999999999": `since is not a valid int: "99999999999999999999" is out of range`,
		"count=-1":                   `count is not a valid uint: "-1"`,
		"ratio=x":                    `ratio is not a valid number: "x"`,
		"only_live=maybe":            `onlyLive is not a valid bool: "maybe"`,
		"color=RED":                  `color is not a valid enum: "RED"`,
		"page_token=%ff":             `pageToken: is not text: it is not UTF-8 or has a NUL character`,
		"page_token=%00":             `pageToken: is not text: it is not UTF-8 or has a NUL character`,
		"page_token=%zz":             `pageToken: has a bad percent escape`,
		"page_size=" + "7777777777777777777777777777777777777777777777777777777777777777777777": `pageSize is not a valid int: "7777777777777777777777777777777777777777777777777777777777777777…" is out of range`,
	} {
		if got := refused(t, "GET", "/odd/v1/things?"+query, "", codes.InvalidArgument); got != want {
			t.Errorf("?%s\ngot  %s\nwant %s", query, got, want)
		}
	}
}

func TestAMessageInTheBodyTakesNoQueryParameters(t *testing.T) {
	if got := decoded(t, "POST", "/odd/v1/things?display_name=query", `{"displayName":"body"}`); got != `{"displayName":"body"}` {
		t.Error(got)
	}
}

func TestPathVariablesAreUnescapedOnce(t *testing.T) {
	for path, want := range map[string]string{
		"a%2Fb":     `{"id":"a/b"}`,
		"a%252Fb":   `{"id":"a%2Fb"}`,
		"a%20b":     `{"id":"a b"}`,
		"a+b":       `{"id":"a+b"}`,
		"%C3%A9":    `{"id":"é"}`,
		"a:b@c":     `{"id":"a:b@c"}`,
		"a%3Ab%2Fc": `{"id":"a:b/c"}`,
		"{id}":      `{"id":"{id}"}`,
	} {
		if got := decoded(t, "GET", "/odd/v1/things/"+path, ""); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

func TestABadPathValueIsRefusedNamingTheField(t *testing.T) {
	for _, c := range []struct{ verb, path, want string }{
		{"GET", "/odd/v1/things/%ff", `id: is not text: it is not UTF-8 or has a NUL character`},
		{"PUT", "/odd/v1/merge/a/%00", `nested.inner.id: is not text: it is not UTF-8 or has a NUL character`},
		{"PATCH", "/odd/v1/numbers/12x", `number is not a valid int: "12x"`},
	} {
		if got := refused(t, c.verb, c.path, "", codes.InvalidArgument); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.path, got, c.want)
		}
	}
	if got := decoded(t, "PATCH", "/odd/v1/numbers/-12", `{"number":"5"}`); got != `{"number":"-12"}` {
		t.Error(got)
	}
}
