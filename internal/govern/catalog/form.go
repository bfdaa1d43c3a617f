package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/platform/fault"
)

// Limits of a form and of what is filled in.
const (
	MaxForm       = 64 * 1024 // bytes of a form as it is kept
	MaxFields     = 64        // fields of a form
	MaxOptions    = 200       // choices of a field
	MaxRelations  = 32        // rules over several fields; as many groups
	MaxPattern    = 1024      // bytes of a pattern
	MaxData       = 64 * 1024 // bytes of what is filled in
	MaxValue      = 4096      // characters of one text filled in
	MaxValues     = 100       // texts in one list or map
	dateForm      = time.DateOnly
	typesOfFields = "stringField, boolField, int64Field, stringSliceField and stringMapField"
)

var fieldName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,63}$`)

// Form is what is asked of somebody, in the JSON spelling of the API's c1.api.form.v1.Form.
type Form struct {
	ID            string     `json:"id,omitempty"` // not kept: that of the schema
	DisplayName   string     `json:"displayName"`
	Description   string     `json:"description"`
	Fields        []Field    `json:"fields"`
	Groups        []group    `json:"fieldGroups"`
	Relationships []relation `json:"fieldRelationships"`
}

// Field is one field of a form; exactly one of the kinds is there.
type Field struct {
	Name        string        `json:"name"`
	DisplayName string        `json:"displayName"`
	Description string        `json:"description"`
	Required    bool          `json:"required"`
	ReadOnly    bool          `json:"readOnly"`
	String      *stringField  `json:"stringField"`
	Bool        *boolField    `json:"boolField"`
	Int         *intField     `json:"int64Field"`
	Slice       *sliceField   `json:"stringSliceField"`
	Map         *mapField     `json:"stringMapField"`
	File        *struct{}     `json:"fileField"`
	OAuth2      *struct{}     `json:"oauth2Field"`
	Admin       *adminConfig  `json:"adminConfig"`
	Shared      *sharedConfig `json:"sharedConfig"`
	User        *userConfig   `json:"userConfig"`
}

type group struct {
	Name        string   `json:"name"`
	DisplayName string   `json:"displayName"`
	HelpText    string   `json:"helpText"`
	Fields      []string `json:"fields"`
}

type relation struct {
	Fields     []string  `json:"fieldNames"`
	AtLeastOne *struct{} `json:"atLeastOne"`
	Exclusive  *struct{} `json:"mutuallyExclusive"`
	Together   *struct{} `json:"requiredTogether"`
	Dependent  *struct {
		On []string `json:"dependencyFieldNames"`
	} `json:"dependentOn"`
}

type stringField struct {
	Default  string       `json:"defaultValue"`
	Rules    *stringRules `json:"rules"`
	Date     *dateView    `json:"dateField"`
	Password *struct{}    `json:"passwordField"`
	Picker   *picker      `json:"pickerField"`
	Select   *selectView  `json:"selectField"`
}

type dateView struct {
	Today    bool   `json:"defaultToToday"`
	Min      string `json:"minDate"`
	Max      string `json:"maxDate"`
	MinAhead *int32 `json:"minDaysFromToday"`
	MaxAhead *int32 `json:"maxDaysFromToday"`
}

type selectView struct {
	Options []struct {
		Value string `json:"value"`
	} `json:"options"`
}

type boolField struct {
	Default bool `json:"defaultValue"`
	Rules   *struct {
		Const *bool `json:"const"`
	} `json:"rules"`
}

type intField struct {
	Default *number `json:"defaultValue"`
	Number  *struct {
		Min  number `json:"minValue"`
		Max  number `json:"maxValue"`
		Step number `json:"step"`
	} `json:"numberField"`
	Rules *intRules `json:"rules"`
}

type sliceField struct {
	Defaults []string    `json:"defaultValues"`
	Picker   *picker     `json:"pickerField"`
	Rules    *sliceRules `json:"rules"`
}

type mapField struct {
	Default map[string]string `json:"defaultValue"`
	Rules   *struct {
		Required bool `json:"isRequired"`
		Empty    bool `json:"validateEmpty"`
	} `json:"rules"`
}

// number is a whole number, which JSON shows as a text where it may be long.
type number int64

// UnmarshalJSON reads a whole number with or without quotes.
func (n *number) UnmarshalJSON(raw []byte) error {
	v, err := strconv.ParseInt(strings.Trim(string(raw), `"`), 10, 64)
	*n = number(v)
	if err != nil {
		err = fmt.Errorf("a whole number: %w", err)
	}
	return err
}

// ParseForm reads a form and checks that it can be filled in. Invalid, naming the field; Unimplemented for kinds of fields, and ways
// to fill them in, that are not there yet.
func ParseForm(doc json.RawMessage) (Form, error) {
	var f Form
	if len(doc) > MaxForm {
		return f, fault.InvalidField("form", "has %d bytes; at most %d are allowed", len(doc), MaxForm)
	}
	if err := json.Unmarshal(doc, &f); err != nil {
		return f, fault.InvalidField("form", "is no form: a value does not fit its place")
	}
	return f, f.validate()
}

func (f Form) validate() error {
	if strings.TrimSpace(f.DisplayName) == "" {
		return fault.InvalidField("form.displayName", "is required: 1 to %d characters", MaxName)
	}
	if err := first(
		line("form.displayName", f.DisplayName), prose("form.description", f.Description, MaxDescription),
		count("form.fields", len(f.Fields), MaxFields), count("form.fieldGroups", len(f.Groups), MaxRelations),
		count("form.fieldRelationships", len(f.Relationships), MaxRelations),
	); err != nil {
		return err
	}
	names := map[string]bool{}
	for i, v := range f.Fields {
		at := fmt.Sprintf("form.fields[%d]", i)
		if err := v.validate(at); err != nil {
			return err
		}
		if names[v.Name] {
			return fault.InvalidField(at+".name", "%q stands twice", v.Name)
		}
		names[v.Name] = true
	}
	return f.known(names)
}

// known refuses groups and rules of fields that are not there.
func (f Form) known(names map[string]bool) error {
	there := func(at string, list []string) error {
		for _, n := range list {
			if !names[n] {
				return fault.InvalidField(at, "names a field that is not there")
			}
		}
		return nil
	}
	for i, g := range f.Groups {
		at := fmt.Sprintf("form.fieldGroups[%d]", i)
		if err := first(
			line(at+".name", g.Name), line(at+".displayName", g.DisplayName),
			prose(at+".helpText", g.HelpText, MaxDescription), there(at+".fields", g.Fields),
		); err != nil {
			return err
		}
	}
	for i, r := range f.Relationships {
		at := fmt.Sprintf("form.fieldRelationships[%d]", i)
		switch {
		case r.AtLeastOne == nil && r.Exclusive == nil && r.Together == nil && r.Dependent == nil:
			return fault.InvalidField(at+".kind", "is required")
		case len(r.Fields) == 0:
			return fault.InvalidField(at+".fieldNames", "is required")
		case r.Dependent != nil && len(r.Dependent.On) == 0:
			return fault.InvalidField(at+".dependentOn.dependencyFieldNames", "is required")
		}
		err := there(at+".fieldNames", r.Fields)
		if err == nil && r.Dependent != nil {
			err = there(at+".dependentOn.dependencyFieldNames", r.Dependent.On)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (v Field) validate(at string) error {
	if !fieldName.MatchString(v.Name) {
		return fault.InvalidField(at+".name", "must match the pattern %s", fieldName)
	}
	if err := first(line(at+".displayName", v.DisplayName), prose(at+".description", v.Description, MaxDescription)); err != nil {
		return err
	}
	switch {
	case v.File != nil:
		return fault.NotServed("Field.fileField")
	case v.OAuth2 != nil:
		return fault.NotServed("Field.oauth2Field")
	case v.String != nil:
		return v.String.validate(at + ".stringField")
	case v.Int != nil:
		return v.Int.validate(at + ".int64Field")
	case v.Slice != nil:
		return v.Slice.validate(at + ".stringSliceField")
	case v.Bool == nil && v.Map == nil:
		return fault.InvalidField(at, "is of no kind: one of %s is required", typesOfFields)
	default:
		return nil
	}
}

func (v stringField) validate(at string) error {
	switch {
	case v.Password != nil: // what is filled in is shown to whoever decides, and kept
		return fault.NotServed("StringField.passwordField")
	case v.Select != nil && len(v.Select.Options) == 0:
		return fault.InvalidField(at+".selectField.options", "is required")
	}
	if v.Select != nil {
		if err := count(at+".selectField.options", len(v.Select.Options), MaxOptions); err != nil {
			return err
		}
	}
	if d := v.Date; d != nil {
		for name, s := range map[string]string{"minDate": d.Min, "maxDate": d.Max} {
			if _, err := time.Parse(dateForm, s); s != "" && err != nil {
				return fault.InvalidField(at+".dateField."+name, "must be a date such as 2026-01-31")
			}
		}
	}
	return first(v.Picker.validate(at+".pickerField"), v.Rules.validate(at+".rules"))
}

func (v intField) validate(at string) error {
	if v.Number != nil && v.Number.Step < 0 {
		return fault.InvalidField(at+".numberField.step", "must not be negative")
	}
	if r := v.Rules; r != nil {
		return count(at+".rules", len(r.In)+len(r.NotIn), MaxOptions)
	}
	return nil
}

func (v sliceField) validate(at string) error {
	if err := v.Picker.validate(at + ".pickerField"); err != nil {
		return err
	}
	if v.Rules == nil || v.Rules.Items == nil {
		return nil
	}
	if len(v.Rules.Items) != 1 || v.Rules.Items["string"] == nil {
		return fault.InvalidField(at+".rules.items", "must be rules of a string: the items are texts")
	}
	return v.Rules.Items["string"].validate(at + ".rules.items.string")
}

// object reads a JSON object of values that are not read yet. Nothing is an empty one.
func object(data json.RawMessage) (map[string]json.RawMessage, error) {
	if len(data) > MaxData {
		return nil, fault.InvalidField("requestData", "has %d bytes; at most %d are allowed", len(data), MaxData)
	}
	members := map[string]json.RawMessage{}
	if len(bytes.TrimSpace(data)) == 0 {
		return members, nil
	}
	if err := json.Unmarshal(data, &members); err != nil {
		return nil, fault.InvalidField("requestData", "must be an object")
	}
	for k, v := range members {
		if string(v) == "null" {
			delete(members, k)
		}
	}
	return members, nil
}

// Check answers Invalid, naming the field, unless data is f filled in: an object with a member for each field that is filled in, whose
// values are a text, a boolean, a whole number (also as a text), a list of texts or an object of texts. null is not filled in. today is
// a moment of the day that dates are counted from. It takes time linear in the form and the data. Whether what is picked is there is for
// [Service.FillForm].
func (f Form) Check(data json.RawMessage, today time.Time) error {
	given, err := object(data)
	if err != nil {
		return err
	}
	for name := range given {
		if !slices.ContainsFunc(f.Fields, func(v Field) bool { return v.Name == name }) {
			return fault.InvalidField("requestData", "the form has no field %q", brief(name))
		}
	}
	filled := map[string]bool{}
	for _, v := range f.Fields {
		raw, ok := given[v.Name]
		at := "requestData." + v.Name
		if !ok {
			if v.Required {
				return fault.InvalidField(at, "is required")
			}
			continue
		}
		if filled[v.Name], err = v.check(at, raw, today); err != nil {
			return err
		}
		if v.Required && !filled[v.Name] {
			return fault.InvalidField(at, "is required")
		}
	}
	for _, r := range f.Relationships {
		if err := r.check(filled); err != nil {
			return err
		}
	}
	return nil
}

func (r relation) check(filled map[string]bool) error {
	n := 0
	for _, name := range r.Fields {
		if filled[name] {
			n++
		}
	}
	names := strings.Join(r.Fields, ", ")
	switch {
	case r.AtLeastOne != nil && n == 0:
		return fault.InvalidField("requestData", "one of %s is required", names)
	case r.Exclusive != nil && n > 1:
		return fault.InvalidField("requestData", "only one of %s can be filled in", names)
	case r.Together != nil && n > 0 && n < len(r.Fields):
		return fault.InvalidField("requestData", "%s are filled in together or not at all", names)
	case r.Dependent != nil && n > 0:
		for _, name := range r.Dependent.On {
			if !filled[name] {
				return fault.InvalidField("requestData."+name, "is required with %s", names)
			}
		}
	}
	return nil
}

func brief(s string) string {
	const most = 80
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
