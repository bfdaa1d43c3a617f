package app_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/fault"
)

func TestAnnotationsAreMerged(t *testing.T) {
	old := map[string]string{"a": "1", "b": "2"}
	got, err := app.Annotate(old, map[string]string{"b": "", "c": "3", "d": ""})
	if want := map[string]string{"a": "1", "c": "3"}; err != nil || !maps.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	if len(old) != 2 || old["b"] != "2" {
		t.Errorf("the old ones became %v", old)
	}
}

func TestAnnotationsHaveLimits(t *testing.T) {
	for name, bad := range map[string]map[string]string{
		"a reserved key":     {"c1/owner": "x"},
		"a key without name": {"": "x"},
		"a key of figures":   {"1": "x"},
		"a long key":         {strings.Repeat("a", 129): "x"},
		"a space":            {"a": "two words"},
		"not ASCII":          {"a": "é"},
		"a long value":       {"a": strings.Repeat("x", 257)},
		"too many":           keys(17, "x"),
		"too much":           keys(16, strings.Repeat("x", 256)),
	} {
		if _, err := app.Annotate(nil, bad); !fault.Is(err, fault.Invalid) || fault.Of(err).Field != "annotations" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := app.Annotate(nil, keys(16, "https://example.com/a?b=c")); err != nil {
		t.Error(err)
	}
	if _, err := app.Annotate(keys(16, "x"), map[string]string{"k0": "", "new": "y"}); err != nil {
		t.Errorf("a full map could not trade one for another: %v", err)
	}
}

func keys(n int, value string) map[string]string {
	m := map[string]string{}
	for i := range n {
		m[fmt.Sprintf("k%d", i)] = value
	}
	return m
}

func TestAnnotatingTwiceIsTheSameAsOnce(t *testing.T) {
	words := rapid.MapOf(rapid.SampledFrom([]string{"a", "b", "c"}), rapid.SampledFrom([]string{"", "1", "2"}))
	rapid.Check(t, func(t *rapid.T) {
		old, change := words.Draw(t, "old"), words.Draw(t, "change")
		once, err := app.Annotate(old, change)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := app.Annotate(once, change)
		if err != nil || !maps.Equal(once, twice) {
			t.Errorf("%v, then %v, %v", once, twice, err)
		}
	})
}
