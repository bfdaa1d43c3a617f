package transcode

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// sketch is a JSON text under construction that remembers where each value and key is.
type sketch struct {
	text  strings.Builder
	paths map[int]string
}

func (s *sketch) space(t *rapid.T) {
	s.text.WriteString(rapid.SampledFrom([]string{"", "", " ", "\n\t"}).Draw(t, "space"))
}

func (s *sketch) key(t *rapid.T, taken map[string]bool) string {
	key := rapid.SampledFrom([]string{"a", "thing", "é", `q"uote`, `{`, `x,y:]`, `back\`}).Filter(func(k string) bool { return !taken[k] }).Draw(t, "key")
	taken[key] = true
	return key
}

func (s *sketch) value(t *rapid.T, path string, depth int) {
	s.paths[s.text.Len()] = path
	kinds := []string{"text", "number", "null", "list", "object"}
	if depth == 0 {
		kinds = kinds[:3]
	}
	switch rapid.SampledFrom(kinds).Draw(t, "kind") {
	case "text":
		quoted, _ := json.Marshal(rapid.SampledFrom([]string{"", "x", `"`, `}],{`, `\`, "ü"}).Draw(t, "text"))
		s.text.Write(quoted)
	case "number":
		s.text.WriteString("-1.5e3")
	case "null":
		s.text.WriteString("null")
	case "list":
		s.text.WriteByte('[')
		for i := range rapid.IntRange(0, 3).Draw(t, "members") {
			if i > 0 {
				s.text.WriteByte(',')
			}
			s.space(t)
			s.value(t, path+"["+strconv.Itoa(i)+"]", depth-1)
			s.space(t)
		}
		s.text.WriteByte(']')
	case "object":
		s.object(t, path, depth)
	}
}

// object writes an object and returns its keys.
func (s *sketch) object(t *rapid.T, path string, depth int) []string {
	s.text.WriteByte('{')
	taken := map[string]bool{}
	var keys []string
	for i := range rapid.IntRange(0, 3).Draw(t, "members") {
		if i > 0 {
			s.text.WriteByte(',')
		}
		s.space(t)
		key := s.key(t, taken)
		keys = append(keys, key)
		below := key
		if path != "" {
			below = path + "." + key
		}
		s.paths[s.text.Len()] = below
		quoted, _ := json.Marshal(key)
		s.text.Write(quoted)
		s.space(t)
		s.text.WriteByte(':')
		s.space(t)
		s.value(t, below, depth-1)
		s.space(t)
	}
	s.text.WriteByte('}')
	return keys
}

func TestThePathOfEveryKeyAndValueIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &sketch{paths: map[int]string{}}
		s.space(t)
		s.value(t, "", 4)
		body := []byte(s.text.String())
		if !json.Valid(body) {
			t.Fatalf("the generator made %s", body)
		}
		for at, want := range s.paths {
			if got := pathAt(body, at); got != want {
				t.Errorf("offset %d of %s: %q, want %q", at, body, got, want)
			}
		}
	})
}

func TestTheKeysOfTheWrapperAreFoundInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &sketch{paths: map[int]string{}}
		s.text.WriteString(`{`)
		if rapid.Bool().Draw(t, "before") {
			s.text.WriteString(`"before":`)
			s.value(t, "", 3)
			s.text.WriteString(`,`)
		}
		s.text.WriteString(rapid.SampledFrom([]string{`"theThing" : `, `"the_thing":`, `"the\u0054hing":`}).Draw(t, "name"))
		want := s.object(t, "", 3)
		if rapid.Bool().Draw(t, "after") {
			s.text.WriteString(`,"after":`)
			s.value(t, "", 3)
		}
		s.text.WriteString(`}`)
		if got := objectKeys([]byte(s.text.String()), "theThing", "the_thing"); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", s.text.String(), got, want)
		}
	})
}

func TestAnObjectThatIsNotThereHasNoKeys(t *testing.T) {
	for _, body := range []string{``, `{}`, `[{"thing":{"a":1}}]`, `{"other":{"thing":{"a":1}}}`, `{"thing":null,"other":{"a":1}}`, `{"x":"thing","y":{"a":1}}`} {
		if got := objectKeys([]byte(body), "thing", "thing"); got != nil {
			t.Errorf("%s: %q", body, got)
		}
	}
}

func TestAnyTextInThePathArrivesAsItWasSent(t *testing.T) {
	h := serveOdd(t, Options{}, nil)
	rapid.Check(t, func(rt *rapid.T) {
		want := rapid.String().Filter(func(s string) bool { return s != "" && !strings.ContainsRune(s, 0) }).Draw(rt, "id")
		w := send(t, h, http.MethodGet, "/odd/v1/things/"+url.PathEscape(want), "")
		var got struct{ ID string }
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.ID != want {
			rt.Errorf("%q arrived as %q (%v, %d)", want, got.ID, err, w.Code)
		}
	})
}

func TestAnyTextInTheQueryArrivesAsItWasSent(t *testing.T) {
	h := serveOdd(t, Options{}, nil)
	rapid.Check(t, func(rt *rapid.T) {
		want := rapid.String().Filter(func(s string) bool { return !strings.ContainsRune(s, 0) }).Draw(rt, "token")
		w := send(t, h, http.MethodGet, "/odd/v1/things?"+url.Values{"page_token": {want}, "x": {want}}.Encode(), "")
		var got struct{ PageToken string }
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.PageToken != want {
			rt.Errorf("%q arrived as %q (%v, %d)", want, got.PageToken, err, w.Code)
		}
	})
}

func TestValuesAreCountedOutsideOfTexts(t *testing.T) {
	for text, values := range map[string]int{
		``: 0, `{}`: 1, `[1,2,3]`: 3, `{"a":[{},{}],"b":1}`: 5, `{"a":"[,{\\\",,"}`: 1, `"`: 0, `[[[`: 3,
	} {
		if crowded([]byte(text), max(values, len(text))) || values > 0 && len(text) >= values && !crowded([]byte(text), values-1) {
			t.Errorf("%s: not %d values", text, values)
		}
	}
}
