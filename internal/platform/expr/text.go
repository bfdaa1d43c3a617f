package expr

import (
	"strings"
	"unicode/utf8"
)

// texts are the functions on texts that every environment has, under the names of CEL's extension library. Those of that library
// make texts of any size in one step.
var texts = []Function{
	onText("lowerAscii", func(s string) string { return ascii(s, 'A', 'Z', 'a'-'A') }),
	onText("upperAscii", func(s string) string { return ascii(s, 'a', 'z', 'A'-'a') }),
	onText("trim", strings.TrimSpace),
	{"replace", []Overload{{Member: true, Args: []Type{String, String, String}, Result: String, Pure: func(a []any) (any, error) {
		return replace(a[0].(string), a[1].(string), a[2].(string))
	}}}},
	{"split", []Overload{{Member: true, Args: []Type{String, String}, Result: ListOf(String), Pure: func(a []any) (any, error) {
		return strings.Split(a[0].(string), a[1].(string)), nil
	}}}},
	{"join", []Overload{
		{Member: true, Args: []Type{ListOf(String)}, Result: String, Pure: func(a []any) (any, error) { return join(a[0].([]any), "") }},
		{Member: true, Args: []Type{ListOf(String), String}, Result: String, Pure: func(a []any) (any, error) {
			return join(a[0].([]any), a[1].(string))
		}},
	}},
	{"substring", []Overload{
		{Member: true, Args: []Type{String, Int}, Result: String, Pure: func(a []any) (any, error) {
			return substring(a[0].(string), a[1].(int64), int64(utf8.RuneCountInString(a[0].(string))))
		}},
		{Member: true, Args: []Type{String, Int, Int}, Result: String, Pure: func(a []any) (any, error) {
			return substring(a[0].(string), a[1].(int64), a[2].(int64))
		}},
	}},
	{"indexOf", []Overload{{Member: true, Args: []Type{String, String}, Result: Int, Pure: func(a []any) (any, error) {
		at := strings.Index(a[0].(string), a[1].(string))
		if at > 0 {
			at = utf8.RuneCountInString(a[0].(string)[:at])
		}
		return int64(at), nil
	}}}},
}

func onText(name string, f func(string) string) Function {
	return Function{name, []Overload{{Member: true, Args: []Type{String}, Result: String, Pure: func(a []any) (any, error) {
		return f(a[0].(string)), nil
	}}}}
}

// ascii shifts the letters from first to last and leaves every other character alone.
func ascii(s string, first, last byte, by int) string {
	return strings.Map(func(r rune) rune {
		if r >= rune(first) && r <= rune(last) {
			return r + rune(by)
		}
		return r
	}, s)
}

func replace(s, old, with string) (any, error) {
	if len(s)+strings.Count(s, old)*(len(with)-len(old)) > MaxString {
		return nil, failed("replace makes a text of more than %d bytes", MaxString)
	}
	return strings.ReplaceAll(s, old, with), nil
}

func join(list []any, sep string) (any, error) {
	words, n := make([]string, len(list)), len(list)*len(sep)
	for i, v := range list {
		w, ok := v.(string)
		if !ok {
			return nil, failed("join takes a list of texts")
		}
		words[i], n = w, n+len(w)
	}
	if n > MaxString {
		return nil, failed("join makes a text of more than %d bytes", MaxString)
	}
	return strings.Join(words, sep), nil
}

func substring(s string, from, until int64) (any, error) {
	r := []rune(s)
	if from < 0 || until < from || until > int64(len(r)) {
		return nil, failed("substring: %d to %d is not inside a text of %d characters", from, until, len(r))
	}
	return string(r[from:until]), nil
}
