package expr

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestExpressionsAnswer(t *testing.T) {
	e, in := world(t)
	for _, text := range []string{
		`subject.job_title == "Engineer" && subject.jobTitle == "Engineer"`,
		`subject in people && subject == people[0]`,
		`people.exists(p, p.name == "Ada")`,
		`has(subject.tags.a) && !has(subject.tags.zz) && subject.tags["a"] == "b"`,
		`find("x") == "x"`,
		`Level.HIGH == 3`,
		`now() == timestamp("2026-05-04T08:00:00Z")`,
		`time.start_of(now(), "week") == timestamp("2026-05-04T00:00:00Z")`,
		`time.start_of(now(), "day", "America/New_York") == timestamp("2026-05-04T04:00:00Z")`,
		`time.end_of(now(), "month") == timestamp("2026-05-31T23:59:59.999999999Z")`,
		`time.start_of(now(), "quarter") == timestamp("2026-04-01T00:00:00Z") && time.start_of(now(), "year").getMonth() == 0`,
		`time.start_of(now(), "hour") == now() && time.start_of(now(), "minute") == now()`,
		`time.format(now(), TimeFormat.DATE) == "2026-05-04" && time.format(now()) == "2026-05-04T08:00:00Z"`,
		`time.format(now(), TimeFormat.KITCHEN, "Europe/Berlin") == "10:00AM"`,
		`time.parse("2026-05-04", TimeFormat.DATE) < now() && time.parse("2026-05-04T08:00:00Z") == now()`,
		`time.unix(time.unix(now())) == now() && time.unix_ms(time.unix_ms(now())) == now()`,
		`cidr("10.0.0.0/8").containsIP("10.1.1.1") && cidr("10.0.0.0/8").containsIP(ip("10.1.1.1"))`,
		`ip("::1").family() == 6 && ip("1.2.3.4").family() == 4 && isIP("::1") && !isIP("x") && isCIDR("::/0") && !isCIDR("x")`,
		`"A,b".split(",")[0].lowerAscii() == "a" && ["a", "b"].join("-") == "a-b" && ["a"].join() == "a"`,
		`" x ".trim().upperAscii() == "X" && "añb".indexOf("b") == 2 && "añb".substring(1) == "ñb" && "añb".substring(0, 1) == "a"`,
		`"aXa".replace("X", "--") == "a--a"`,
		`r"\" == "\\" && """a
b""" == "a\nb" // a remark with a "quote`,
	} {
		p, err := e.Compile(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if v, err := p.Eval(in); v != true || err != nil {
			t.Errorf("%s: %v, %v", text, v, err)
		}
	}
}

func TestWhatIsWrongIsSaidWithItsPlace(t *testing.T) {
	e, _ := world(t)
	for text, want := range map[string]string{
		"subject.nope == 1":                "1:9-13 undefined field",
		"true ||\n   oops":                 "2:4-8 undeclared reference to 'oops'",
		"subject.name":                     "1:1-13 must answer bool, not string",
		"":                                 "1:1-1 is empty",
		" \n ":                             "1:1-2 is empty",
		"\xff":                             "1:1-1 is not valid text",
		"a\x00":                            "1:1-1 is not valid text",
		"'abc":                             "1:1-2 the text is not closed",
		"true && 'abc\n'":                  "1:9-10 the text is not closed",
		"1 +":                              "1:4-5 Syntax error",
		"'a'.matches(subject.name)":        "1:1-26 a regular expression must be a literal",
		"'a'.matches('(')":                 "1:13-14 invalid matches argument",
		"timestamp('x') == now()":          "1:11-12 invalid timestamp argument",
		strings.Repeat("x", MaxText+1):     "has more than 4096 characters",
		strings.Repeat("1+", 200) + "1==1": "max recursion depth exceeded",
		strings.Repeat("!", MaxTokens+1):   "has more than 450 words and signs",
		strings.Repeat("oops()||", 90):     "Syntax error",
		strings.Repeat("oops||", 90) + "a": "1:1-5 undeclared reference to 'oops'",
		strings.Repeat("[", MaxInside+1):   "has more than 12 lists or maps inside each other",
	} {
		p, err := e.Compile(text)
		var bad *Error
		if p != nil || !errors.As(err, &bad) || len(bad.Markers) == 0 {
			t.Errorf("%.40q: %v, %v", text, p, err)
			continue
		}
		m := bad.Markers[0]
		if got := fmt.Sprintf("%d:%d-%d %s", m.StartLine, m.StartColumn, m.EndColumn, m.Message); !strings.Contains(got, want) {
			t.Errorf("%.40q: %s, want %s", text, got, want)
		}
	}
}

// What takes long is the hint at what an undeclared name may mean, so that many of them are found without it.
func TestWhatIsDeclaredIsNoStrangerHoweverOftenItIsNamed(t *testing.T) {
	e, _ := world(t)
	for _, one := range []string{
		"subject.name == 'a'", "words.exists(x, x == 'a' && words.all(y, y != x))", "find('a') == 'a'", "Level.HIGH == 3", "type(1) == int",
		"now() > timestamp('2026-01-01T00:00:00Z')", "ip('1.2.3.4') == ip('::1')", "has(subject.tags)", "size('a') > 0", "!([1].map(z, -z) == [2])",
		"now().format(TimeFormat.DATE) == ''", "'a'.lowerAscii().startsWith('b')", "{'a': 1}['a'] in [1] ? true : false",
	} {
		parsed, issues := e.env.Parse(one)
		if len(issues.Errors()) > 0 {
			t.Fatal(one, issues.Errors()[0].Message)
		}
		if got := e.strangers(parsed).Errors(); len(got) > 0 {
			t.Errorf("%s: %s", one, got[0].Message)
		}
	}
}

func TestWhatFailsIsNoAnswer(t *testing.T) {
	e, in := world(t)
	for text, want := range map[string]string{
		`find("nobody") == ""`:                                                       "nobody is called that",
		`subject.tags["zz"] == ""`:                                                   "no such key",
		`words[99999] == ""`:                                                         "index",
		`1 / 0 == 1`:                                                                 "division by zero",
		`test.Person{name: "x"} == subject`:                                          "cannot be made in an expression",
		`time.parse("x") == now()`:                                                   "does not have this format",
		`time.start_of(now(), "decade") == now()`:                                    "the unit is",
		`time.start_of(now(), "day", "Nowhere") == now()`:                            "no such time zone",
		`time.format(now(), "2006", "Local") == ""`:                                  "no such zone",
		`time.unix(9223372036854775807) == now()`:                                    "years 1 to 9999",
		`"abc".substring(2, 9) == ""`:                                                "not inside",
		`ip("fe80::1%eth0") == ip("::1")`:                                            "not an address",
		`cidr("x").containsIP("1.2.3.4")`:                                            "not a network",
		`cidr("::/0").containsIP("x")`:                                               "not an address",
		`words.exists(a, words.exists(b, a + b == "x"))`:                             "cost limit",
		`["` + strings.Repeat("a", 2000) + `"].map(s, s.replace("", s)).size() == 0`: "more than 16384 bytes",
		`words.map(w, words.join(w)).size() == 0`:                                    "more than 16384 bytes",
	} {
		p, err := e.Compile(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		v, err := p.Eval(in)
		var bad *Error
		if v != nil || !errors.As(err, &bad) || !strings.Contains(bad.Error(), want) {
			t.Errorf("%s: %v, %v, want %s", text, v, err, want)
		}
	}
}

func TestTroubleOfTheServerIsNoFailureOfTheExpression(t *testing.T) {
	e, in := world(t)
	for _, text := range []string{`find("broken") == "x"`, `find("broken") == "x" || true`, `people.exists(p, true)`} {
		in.Vars["people"] = Lazy(func() (any, error) { return nil, errBroken })
		p, err := e.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Eval(in); !errors.Is(err, errBroken) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestALazyVariableIsAskedOnlyWhenNeeded(t *testing.T) {
	e, in := world(t)
	asked := 0
	in.Vars["people"] = Lazy(func() (any, error) { asked++; return []any{}, nil })
	for text, want := range map[string]int{`true || people.size() == 0`: 0, `people.size() == 0 && people.all(p, p.name == "")`: 1} {
		asked = 0
		p, err := e.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		if v, err := p.Eval(in); v != true || err != nil || asked != want {
			t.Errorf("%s: %v, %v, asked %d times", text, v, err, asked)
		}
	}
}

func TestHostileExpressionsAreRefusedOrCostLittle(t *testing.T) {
	e, in := world(t)
	for name, text := range hostile() {
		p, bad := e.compile(text)
		if bad != nil {
			continue
		}
		// What one step adds at the end is bounded by the longest text, so the limit is passed by that at most.
		if _, cost, err := p.eval(in); cost > 2*MaxCost || cost > MaxCost && err == nil {
			t.Errorf("%s: cost %d, %v", name, cost, err)
		}
	}
}

// Whatever is generated from the grammar costs bounded work: it is refused, fails, or answers within the budget.
func TestGeneratedExpressionsCostBoundedWork(t *testing.T) {
	e, in := world(t)
	rapid.Check(t, func(t *rapid.T) {
		text := generated(t, 4)
		p, bad := e.compile(text)
		if bad != nil {
			for _, m := range bad.Markers {
				if m.StartLine < 1 || m.StartColumn < 1 || m.EndColumn < m.StartColumn || m.Message == "" {
					t.Fatalf("%s: %+v", text, m)
				}
			}
			return
		}
		v, cost, err := p.eval(in)
		if cost > 3*MaxCost || cost > MaxCost && err == nil || (v == nil) == (err == nil) {
			t.Fatalf("%s: %v, cost %d, %v", text, v, cost, err)
		}
	})
}

func generated(t *rapid.T, levels int) string {
	if levels == 0 {
		return rapid.SampledFrom([]string{
			"true", "words", "subject.name", "'x'", "1", "w", "now()", "people", "subject", "[1,2,3]", "'aaaaaaaaaaaaaaaaaaaa'", "0.5", "null",
		}).Draw(t, "leaf")
	}
	sub := func() string { return generated(t, rapid.IntRange(0, levels-1).Draw(t, "levels")) }
	switch rapid.IntRange(0, 9).Draw(t, "form") {
	case 0:
		return sub() + " == " + sub()
	case 1:
		return sub() + ".exists(w, " + sub() + ")"
	case 2:
		return sub() + ".map(w, " + sub() + ")"
	case 3:
		return sub() + " + " + sub()
	case 4:
		return "(" + sub() + " || " + sub() + ")"
	case 5:
		return sub() + ".all(w, " + sub() + ") && " + sub()
	case 6:
		return sub() + ".replace('', " + sub() + ")"
	case 7:
		return "find(" + sub() + ")"
	case 8:
		return "words.filter(w, " + sub() + ").join(" + sub() + ") != ''"
	default:
		return "size(" + sub() + ") > " + sub()
	}
}

func FuzzCompile(f *testing.F) {
	e, in := world(f)
	for _, text := range hostile() {
		f.Add(text)
	}
	f.Add(`subject.name == "Ada"`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := e.Compile(text)
		if (p == nil) == (err == nil) {
			t.Fatalf("%q: %v, %v", text, p, err)
		}
		if p != nil {
			if _, cost, err := p.eval(in); cost > MaxCost && err == nil {
				t.Fatalf("%q: cost %d", text, cost)
			}
			return
		}
		var bad *Error
		if !errors.As(err, &bad) || len(bad.Markers) == 0 || len(bad.Markers) > MaxMarkers {
			t.Fatalf("%q: %v", text, err)
		}
	})
}

func TestTextsAreRememberedAndForgotten(t *testing.T) {
	e, _ := world(t)
	first, err := e.Compile("true")
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := e.Compile("true"); again != first {
		t.Error("a text is compiled twice")
	}
	for i := range 3 * maxKept {
		e.kept.put(fmt.Sprint(i), nil, nil)
	}
	if len(e.kept.new)+len(e.kept.old) > maxKept {
		t.Errorf("%d texts are kept", len(e.kept.new)+len(e.kept.old))
	}
}

func TestAnAnswerCanBeShown(t *testing.T) {
	e, err := New(Declaration{})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][2]string{
		`"a" + "b"`:      {"string", "ab"},
		`1 + 1`:          {"int", "2"},
		`true`:           {"bool", "true"},
		`["a", "b"]`:     {"list", `["a","b"]`},
		`{"a": 1}`:       {"map", `{"a":1}`},
		`ip("1.2.3.4")`:  {"net.IP", ""},
		`duration("1h")`: {"google.protobuf.Duration", "3600s"},
	} {
		p, err := e.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		typ, shown, err := p.Show(Input{})
		if err != nil || typ != want[0] || strings.ReplaceAll(shown, " ", "") != want[1] {
			t.Errorf("%s: %s %q, %v", text, typ, shown, err)
		}
	}
}
