package catalog_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/platform/fault"
)

// today is a Sunday; its day is what dates are counted from.
var today = time.Date(2026, 3, 1, 23, 59, 0, 0, time.UTC)

func form(fields string) json.RawMessage {
	return json.RawMessage(`{"displayName":"Why","fields":[` + fields + `]}`)
}

func TestAFormIsFilledInAsItsFieldsSay(t *testing.T) {
	text := func(rules string) string { return `{"name":"a","stringField":{"rules":` + rules + `}}` }
	for _, c := range []struct{ field, data, wrong string }{
		{`{"name":"a","stringField":{}}`, `{"a":"x"}`, ""},
		{`{"name":"a","stringField":{}}`, ``, ""},
		{`{"name":"a","stringField":{}}`, `{}`, ""},
		{`{"name":"a","stringField":{}}`, `{"a":null}`, ""},
		{`{"name":"a","stringField":{}}`, `[]`, "requestData"},
		{`{"name":"a","stringField":{}}`, `{"b":"x"}`, `no field "b"`},
		{`{"name":"a","stringField":{}}`, `{"a":1}`, "requestData.a"},
		{`{"name":"a","stringField":{}}`, `{"a":"x\u001b[2Jy"}`, "requestData.a"},
		{`{"name":"a","stringField":{}}`, `{"a":"` + strings.Repeat("x", catalog.MaxValue+1) + `"}`, "at most 4096"},
		{`{"name":"a","required":true,"stringField":{}}`, `{}`, "required"},
		{`{"name":"a","required":true,"stringField":{}}`, `{"a":""}`, "required"},
		{`{"name":"a","required":true,"stringField":{}}`, `{"a":null}`, "required"},
		{`{"name":"a","readOnly":true,"stringField":{"defaultValue":"x"}}`, `{"a":"x"}`, ""},
		{`{"name":"a","readOnly":true,"stringField":{"defaultValue":"x"}}`, `{"a":"y"}`, "cannot be changed"},
		{text(`{"minLen":"2","maxLen":3}`), `{"a":"éé"}`, ""},
		{text(`{"minLen":"2"}`), `{"a":"é"}`, "at least 2 characters"},
		{text(`{"maxLen":"2"}`), `{"a":"xyz"}`, "at most 2 characters"},
		{text(`{"len":"2"}`), `{"a":"xyz"}`, "exactly 2 characters"},
		{text(`{"maxBytes":"3"}`), `{"a":"éé"}`, "at most 3 bytes"},
		{text(`{"minBytes":"5"}`), `{"a":"éé"}`, "at least 5 bytes"},
		{text(`{"lenBytes":"5"}`), `{"a":"éé"}`, "exactly 5 bytes"},
		{text(`{"minLen":"2"}`), `{"a":""}`, ""},
		{text(`{"pattern":"^[A-Z]{3}-[0-9]+$"}`), `{"a":"ABC-12"}`, ""},
		{text(`{"pattern":"^[A-Z]{3}-[0-9]+$"}`), `{"a":"abc-12"}`, "pattern"},
		{text(`{"prefix":"x","suffix":"z","contains":"y","notContains":"w"}`), `{"a":"xyz"}`, ""},
		{text(`{"prefix":"x"}`), `{"a":"y"}`, "begin"},
		{text(`{"suffix":"x"}`), `{"a":"y"}`, "end"},
		{text(`{"contains":"x"}`), `{"a":"y"}`, "contain"},
		{text(`{"notContains":"y"}`), `{"a":"y"}`, "not contain"},
		{text(`{"const":"x"}`), `{"a":"y"}`, "must be"},
		{text(`{"in":["x"]}`), `{"a":"y"}`, "none of"},
		{text(`{"notIn":["y"]}`), `{"a":"y"}`, "not allowed"},
		{text(`{"email":true}`), `{"a":"ada@example.com"}`, ""},
		{text(`{"email":true}`), `{"a":"Ada <ada@example.com>"}`, "e-mail"},
		{text(`{"hostname":true}`), `{"a":"db-1.example.com"}`, ""},
		{text(`{"hostname":true}`), `{"a":"-db"}`, "host name"},
		{text(`{"ip":true}`), `{"a":"10.0.0.300"}`, "IP address"},
		{text(`{"ipv4":true}`), `{"a":"::1"}`, "IPv4"},
		{text(`{"ipv6":true}`), `{"a":"10.0.0.1"}`, "IPv6"},
		{text(`{"address":true}`), `{"a":"10.0.0.1"}`, ""},
		{text(`{"uri":true}`), `{"a":"/x"}`, "URI"},
		{text(`{"uriRef":true}`), `{"a":"/x"}`, ""},
		{text(`{"uuid":true}`), `{"a":"0196-"}`, "UUID"},
		{text(`{"wellKnownRegex":"UNKNOWN"}`), `{"a":"x y"}`, ""},
		{text(`{"wellKnownRegex":"HTTP_HEADER_NAME"}`), `{"a":"X-Request-Id"}`, ""},
		{text(`{"wellKnownRegex":"HTTP_HEADER_NAME"}`), `{"a":":path"}`, ""},
		{text(`{"wellKnownRegex":"HTTP_HEADER_NAME"}`), `{"a":"X Request"}`, "name of an HTTP header"},
		{text(`{"wellKnownRegex":"HTTP_HEADER_NAME"}`), `{"a":"X:"}`, "name of an HTTP header"},
		{text(`{"wellKnownRegex":"HTTP_HEADER_NAME"}`), `{"a":"é"}`, "name of an HTTP header"},
		{text(`{"wellKnownRegex":"HTTP_HEADER_NAME","strict":false}`), `{"a":"X Request"}`, ""},
		{text(`{"wellKnownRegex":"HTTP_HEADER_NAME","strict":false}`), `{"a":"X\nRequest"}`, "name of an HTTP header"},
		{text(`{"wellKnownRegex":"HTTP_HEADER_VALUE"}`), `{"a":"max-age=5;\té"}`, ""},
		{text(`{"wellKnownRegex":"HTTP_HEADER_VALUE"}`), `{"a":"x\ny: z"}`, "value of an HTTP header"},
		{text(`{"wellKnownRegex":"HTTP_HEADER_VALUE","strict":false}`), `{"a":"x\ny: z"}`, "value of an HTTP header"},
		{`{"name":"a","stringField":{"selectField":{"options":[{"value":"x"},{"value":"y"}]}}}`, `{"a":"y"}`, ""},
		{`{"name":"a","stringField":{"selectField":{"options":[{"value":"x"}]}}}`, `{"a":"X"}`, "choices"},
		{`{"name":"a","stringField":{"dateField":{"minDate":"2026-03-01","maxDaysFromToday":2}}}`, `{"a":"2026-03-03"}`, ""},
		{`{"name":"a","stringField":{"dateField":{"maxDaysFromToday":2}}}`, `{"a":"2026-03-04"}`, "after 2026-03-03"},
		{`{"name":"a","stringField":{"dateField":{"minDaysFromToday":0}}}`, `{"a":"2026-02-28"}`, "before 2026-03-01"},
		{`{"name":"a","stringField":{"dateField":{"minDate":"2026-03-01"}}}`, `{"a":"2026-02-28"}`, "before"},
		{`{"name":"a","stringField":{"dateField":{"maxDate":"2026-03-01"}}}`, `{"a":"2026-03-02"}`, "after"},
		{`{"name":"a","stringField":{"dateField":{}}}`, `{"a":"2026-02-30"}`, "date"},
		{`{"name":"a","boolField":{}}`, `{"a":false}`, ""},
		{`{"name":"a","boolField":{}}`, `{"a":"true"}`, "true or false"},
		{`{"name":"a","boolField":{"rules":{"const":true}}}`, `{"a":false}`, "must be true"},
		{`{"name":"a","int64Field":{}}`, `{"a":12}`, ""},
		{`{"name":"a","int64Field":{}}`, `{"a":"9223372036854775807"}`, ""},
		{`{"name":"a","int64Field":{}}`, `{"a":9223372036854775808}`, "whole number"},
		{`{"name":"a","int64Field":{}}`, `{"a":1.5}`, "whole number"},
		{`{"name":"a","int64Field":{"rules":{"gte":"1","lt":10}}}`, `{"a":1}`, ""},
		{`{"name":"a","int64Field":{"rules":{"gte":"1"}}}`, `{"a":0}`, "at least 1"},
		{`{"name":"a","int64Field":{"rules":{"gt":"1"}}}`, `{"a":1}`, "more than 1"},
		{`{"name":"a","int64Field":{"rules":{"lt":"1"}}}`, `{"a":1}`, "less than 1"},
		{`{"name":"a","int64Field":{"rules":{"lte":"1"}}}`, `{"a":2}`, "at most 1"},
		{`{"name":"a","int64Field":{"rules":{"const":"1"}}}`, `{"a":2}`, "must be 1"},
		{`{"name":"a","int64Field":{"rules":{"in":["1"]}}}`, `{"a":2}`, "none of"},
		{`{"name":"a","int64Field":{"rules":{"notIn":["2"]}}}`, `{"a":2}`, "not allowed"},
		{`{"name":"a","int64Field":{"rules":{"gt":"1","ignoreEmpty":true}}}`, `{"a":0}`, ""},
		{`{"name":"a","int64Field":{"numberField":{"minValue":"5","maxValue":"20","step":"5"}}}`, `{"a":15}`, ""},
		{`{"name":"a","int64Field":{"numberField":{"minValue":"5","maxValue":"20","step":"5"}}}`, `{"a":16}`, "multiple of 5"},
		{`{"name":"a","int64Field":{"numberField":{"minValue":"5","maxValue":"20"}}}`, `{"a":21}`, "from 5 to 20"},
		{`{"name":"a","int64Field":{"numberField":{"minValue":"-9223372036854775808","maxValue":"9223372036854775807","step":"2"}}}`, `{"a":"9223372036854775806"}`, ""},
		{`{"name":"a","stringSliceField":{}}`, `{"a":["x","y"]}`, ""},
		{`{"name":"a","stringSliceField":{}}`, `{"a":["x",1]}`, "list of texts"},
		{`{"name":"a","stringSliceField":{}}`, `{"a":[` + strings.Repeat(`"x",`, catalog.MaxValues) + `"x"]}`, "at most 100"},
		{`{"name":"a","stringSliceField":{"rules":{"minItems":"2","ignoreEmpty":true}}}`, `{"a":[]}`, ""},
		{`{"name":"a","stringSliceField":{"rules":{"minItems":"2"}}}`, `{"a":["x"]}`, "at least 2"},
		{`{"name":"a","stringSliceField":{"rules":{"maxItems":"1"}}}`, `{"a":["x","y"]}`, "at most 1"},
		{`{"name":"a","stringSliceField":{"rules":{"unique":true}}}`, `{"a":["x","y","x"]}`, "twice"},
		{`{"name":"a","stringSliceField":{"rules":{"items":{"string":{"email":true}}}}}`, `{"a":["ada@example.com","x"]}`, "e-mail"},
		{`{"name":"a","required":true,"stringSliceField":{}}`, `{"a":[]}`, "required"},
		{`{"name":"a","stringMapField":{}}`, `{"a":{"k":"v"}}`, ""},
		{`{"name":"a","stringMapField":{}}`, `{"a":{"k":1}}`, "object of texts"},
		{`{"name":"a","stringMapField":{"rules":{"isRequired":true}}}`, `{"a":{}}`, "required"},
		{`{"name":"a","stringMapField":{"rules":{"validateEmpty":true}}}`, `{"a":{"k":""}}`, "empty"},
		{`{"name":"a","readOnly":true,"stringMapField":{"defaultValue":{"k":"v"}}}`, `{"a":{"k":"w"}}`, "cannot be changed"},
	} {
		f, err := catalog.ParseForm(form(c.field))
		if err != nil {
			t.Errorf("%s: %v", c.field, err)
			continue
		}
		err = f.Check(json.RawMessage(c.data), today)
		if c.wrong == "" && err != nil || c.wrong != "" && (!fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.wrong)) {
			t.Errorf("%s with %.80s: %v, want %q", c.field, c.data, err, c.wrong)
		}
	}
}

func TestFieldsStandInRelationToEachOther(t *testing.T) {
	const fields = `{"name":"a","stringField":{}},{"name":"b","stringField":{}},{"name":"c","stringField":{}}`
	for rule, data := range map[string][2]string{ // one that is right, one that is wrong
		`{"fieldNames":["a","b"],"atLeastOne":{}}`:                                      {`{"b":"x"}`, `{"c":"x"}`},
		`{"fieldNames":["a","b"],"mutuallyExclusive":{}}`:                               {`{"b":"x","a":""}`, `{"a":"x","b":"x"}`},
		`{"fieldNames":["a","b"],"requiredTogether":{}}`:                                {`{"c":"x"}`, `{"a":"x"}`},
		`{"fieldNames":["a"],"dependentOn":{"dependencyFieldNames":["b","c"]}}`:         {`{"a":"x","b":"x","c":"x"}`, `{"a":"x","b":"x"}`},
		`{"fieldNames":["a","b","c"],"dependentOn":{"dependencyFieldNames":["a","b"]}}`: {`{}`, `{"c":"x"}`},
	} {
		f, err := catalog.ParseForm(json.RawMessage(`{"displayName":"x","fields":[` + fields + `],"fieldRelationships":[` + rule + `]}`))
		if err != nil {
			t.Errorf("%s: %v", rule, err)
			continue
		}
		if err := f.Check(json.RawMessage(data[0]), today); err != nil {
			t.Errorf("%s with %s: %v", rule, data[0], err)
		}
		if err := f.Check(json.RawMessage(data[1]), today); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s with %s: %v", rule, data[1], err)
		}
	}
}

func TestAFormThatCannotBeFilledInIsRefused(t *testing.T) {
	field := func(body string) string { return `{"displayName":"x","fields":[{"name":"a",` + body + `}]}` }
	many := strings.TrimSuffix(strings.Repeat(`{"name":"a","boolField":{}},`, catalog.MaxFields+1), ",")
	for doc, want := range map[string]string{
		`{}`:                 "form.displayName",
		`{"displayName":""}`: "form.displayName",
		`{"displayName":1}`:  "form",
		`{"displayName":"x","fields":[{"boolField":{}}]}`:                                                "form.fields[0].name",
		`{"displayName":"x","fields":[{"name":"é","boolField":{}}]}`:                                     "form.fields[0].name",
		`{"displayName":"x","fields":[{"name":"a","boolField":{}},{"name":"a","boolField":{}}]}`:         "form.fields[1].name",
		`{"displayName":"x","fields":[` + many + `]}`:                                                    "form.fields",
		`{"displayName":"x","fields":[{"name":"a"}]}`:                                                    "form.fields[0]",
		`{"displayName":"x","description":"` + strings.Repeat("x", catalog.MaxDescription+1) + `"}`:      "form.description",
		`{"displayName":"x","description":"` + strings.Repeat("x", catalog.MaxForm) + `"}`:               "form: has",
		`{"displayName":"x","fieldGroups":[{"fields":["a"]}]}`:                                           "form.fieldGroups[0].fields",
		`{"displayName":"x","fieldRelationships":[{"fieldNames":["a"],"atLeastOne":{}}]}`:                "form.fieldRelationships[0].fieldNames",
		`{"displayName":"x","fieldRelationships":[{"atLeastOne":{}}]}`:                                   "form.fieldRelationships[0].fieldNames",
		`{"displayName":"x","fieldRelationships":[{"fieldNames":["a"]}]}`:                                "form.fieldRelationships[0].kind",
		field(`"displayName":"a\nb","boolField":{}`):                                                     "form.fields[0].displayName",
		field(`"stringField":{"rules":{"pattern":"(?<=a)b"}}`):                                           "pattern",
		field(`"stringField":{"rules":{"pattern":"` + strings.Repeat("x", catalog.MaxPattern+1) + `"}}`): "pattern",
		field(`"stringField":{"rules":{"minLen":"-9223372036854775809"}}`):                               "form",
		field(`"stringField":{"selectField":{}}`):                                                        "selectField.options",
		field(`"stringField":{"dateField":{"minDate":"tomorrow"}}`):                                      "dateField.minDate",
		field(`"int64Field":{"numberField":{"step":"-1"}}`):                                              "numberField.step",
		field(`"stringSliceField":{"rules":{"items":{"int64":{}}}}`):                                     "rules.items",
		field(`"stringField":{"rules":{"wellKnownRegex":"COLOR"}}`):                                      "rules.wellKnownRegex",
		field(`"stringField":{"pickerField":{}}`):                                                        "stringField.pickerField",
		field(`"stringSliceField":{"pickerField":{"c1UserPicker":{},"appUserPicker":{}}}`):               "stringSliceField.pickerField",
		field(`"stringField":{"pickerField":{"appUserPicker":{}}}`):                                      "appUserPicker.appId",
		field(`"stringField":{"pickerField":{"resourcePicker":{"appId":"x"}}}`):                          "resourcePicker.appId",
		field(`"stringField":{"pickerField":{"c1UserPicker":{"userIds":["x"]}}}`):                        "c1UserPicker.userIds",
		field(`"stringField":{"pickerField":{"c1UserPicker":{"excludeUserIds":[""]}}}`):                  "c1UserPicker.excludeUserIds",
		field(`"stringField":{"pickerField":{"c1UserPicker":{"userIds":[` + strings.TrimSuffix(strings.Repeat(`"x",`, catalog.MaxOptions+1), ",") +
			`]}}}`): "c1UserPicker.userIds: has",
		field(`"stringSliceField":{"rules":{"items":{"string":{"pattern":"("}}}}`): "rules.items.string.pattern",
	} {
		if _, err := catalog.ParseForm(json.RawMessage(doc)); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.100s: %v, want %s", doc, err, want)
		}
	}
	for doc, want := range map[string]string{
		field(`"fileField":{}`):                     "fileField",
		field(`"oauth2Field":{}`):                   "oauth2Field",
		field(`"stringField":{"passwordField":{}}`): "passwordField",
	} {
		if _, err := catalog.ParseForm(json.RawMessage(doc)); !fault.Is(err, fault.Unimplemented) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.100s: %v, want %s", doc, err, want)
		}
	}
}

// What any caller may send is read and answered, never more than Invalid.
func FuzzCheckForm(f *testing.F) {
	for _, s := range []string{`{"a":"x"}`, `{"a":1,"b":true}`, `{"c":["x"],"d":{"k":"v"}}`, `{"e":"12"}`, `[`, `{"a":null}`, `null`, `{"f":"2026-01-01"}`} {
		f.Add(s, `^x+$`)
	}
	f.Fuzz(func(t *testing.T, data, pattern string) {
		quoted, err := json.Marshal(pattern)
		if err != nil {
			t.Skip()
		}
		one, err := catalog.ParseForm(form(fmt.Sprintf(`{"name":"a","stringField":{"rules":{"pattern":%s,"uri":true}}},{"name":"b","boolField":{}},
			{"name":"c","stringSliceField":{"rules":{"unique":true}}},{"name":"d","stringMapField":{}},
			{"name":"e","int64Field":{"numberField":{"minValue":"-3","step":"7"}}},{"name":"f","stringField":{"dateField":{"maxDaysFromToday":3}}}`, quoted)))
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
		if err != nil {
			return
		}
		if err := one.Check(json.RawMessage(data), today); err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatalf("%q: %v", data, err)
		}
	})
}

// A form itself comes from callers too: whatever is taken can be filled in.
func FuzzParseForm(f *testing.F) {
	for _, s := range []string{
		`{"displayName":"x","fields":[{"name":"a","stringField":{"rules":{"minLen":"2","in":["x"]},"selectField":{"options":[{"value":"x"}]}}}]}`,
		`{"displayName":"x","fields":[{"name":"a","int64Field":{"defaultValue":"1","rules":{"gt":"1"}}}],"fieldRelationships":[{"fieldNames":["a"],"atLeastOne":{}}]}`,
		`{"displayName":"x","fieldGroups":[{"name":"g"}]}`, `{`, `{"fields":[null]}`,
		`{"displayName":"x","fields":[{"name":"a","stringField":{"pickerField":{"c1UserPicker":{"userIds":["287oY0rG4UirjDNFEYguMBvxyim"]}}}}]}`,
		`{"displayName":"x","fields":[{"name":"a","stringField":{"rules":{"wellKnownRegex":"HTTP_HEADER_NAME","strict":false}}}]}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		one, err := catalog.ParseForm(json.RawMessage(doc))
		if err != nil {
			if !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Unimplemented) {
				t.Fatal(err)
			}
			return
		}
		for _, data := range []string{`{}`, `{"a":"x"}`, `{"a":["x"]}`, `{"a":{"x":"y"}}`, `{"a":5}`, `{"a":true}`} {
			if err := one.Check(json.RawMessage(data), today); err != nil && !fault.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
		}
	})
}
