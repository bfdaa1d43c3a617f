package expr

import (
	"fmt"
	"strings"
)

// hostile are texts made to cost as much as they can, each of a shape of its own.
func hostile() map[string]string {
	list := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat("1,", n), ",") + "]" }
	long := strings.Repeat("a", 2000)
	fill := strings.Repeat
	return map[string]string{
		"parentheses":            fill("(", 2000) + "1" + fill(")", 2000) + " == 1",
		"open parentheses":       fill("(", 4000),
		"brackets":               fill("[", 2000) + fill("]", 2000) + " == []",
		"open brackets":          fill("[", 4096),
		"nots":                   fill("!", 4000) + "true",
		"minuses":                fill("-", 4000) + "1 == 1",
		"a long sum":             fill("1+", 2000) + "1 == 1",
		"a long or":              fill("false||", 500) + "true",
		"ternaries":              fill("true?", 800) + "true" + fill(":true", 800),
		"selects":                "subject" + fill(".a", 2000) + " == 1",
		"indexes":                "words" + fill("[0]", 1300) + " == 1",
		"loops in a row":         list(400) + fill(".map(x, x+1)", 100) + " == []",
		"loops in loops":         list(200) + ".exists(a, " + list(200) + ".exists(b, " + list(200) + ".exists(c, a+b+c == 0)))",
		"two loops":              list(600) + ".exists(a, " + list(600) + ".exists(b, a+b == 0))",
		"two loops over data":    "words.exists(a, words.exists(b, a + b == 'x'))",
		"two maps over data":     "words.map(a, words.map(b, a + b)) == []",
		"doubling texts":         "['" + fill("a", 100) + "']" + fill(".map(s, s+s)", 60) + ".size() == 0",
		"doubling lists":         "[" + list(100) + "]" + fill(".map(s, s+s)", 60) + ".size() == 0",
		"replacing everywhere":   "['" + long + "'].map(s, s.replace('', s)).map(s, s.replace('', s)).size() == 0",
		"joining":                "words.map(w, words.join(w)).size() == 0",
		"splitting":              "words.map(w, '" + long + "'.split('')).size() == 0",
		"patterns":               "words.all(w, '" + long + "'.matches('(a|aa)*b'))",
		"a large pattern":        "'a'.matches('((a{100}){100}){10}')",
		"a pattern from data":    "words.all(w, w.matches(w))",
		"contains":               "words.all(w, !'" + long + "'.contains(w + '" + fill("a", 900) + "b'))",
		"time zones":             "words.all(w, now().getHours('Europe/Berlin') >= 0)",
		"starts of days":         "words.all(w, time.start_of(now(), 'day', 'Europe/Berlin') < now())",
		"adding times":           "words.all(w, timestamp('2026-01-01T00:00:00Z') + duration('1h') > now())",
		"equal lists":            "words.all(w, words == words)",
		"large equal lists":      "words.all(w, words.map(v, v) == words)",
		"sizes":                  "words.all(w, size('" + long + "') == 2000)",
		"escapes":                fill(`'\u0041'+`, 400) + "'' == ''",
		"nonsense":               fill("@#$%^&", 600),
		"errors":                 fill("a b ", 1000),
		"undeclared":             fill("xyz.abc()||", 300) + "true",
		"a map":                  "{" + fill("'k':1,", 600) + "} == {}",
		"macros without meaning": fill("words.map(1,2).all(3,4) && ", 100) + "true",
		"has":                    fill("has(subject.name) && ", 150) + "true",
		"look-ups":               "words.all(w, find(w) == w)",
		"numbers":                fill("9", 4000) + " == 1",
		"a string":               "'" + fill("x", 4000) + "' == ''",
		"an open string":         "'" + fill("x", 4000),
		"raw quotes":             fill(`'"`, 2000),
		"conversions":            "words.all(w, string(bytes(w + '" + long + "')) != '')",
		"text of a list of sums": fmt.Sprintf("%s.map(x, string(x)).join(',') == ''", list(1500)),
	}
}
