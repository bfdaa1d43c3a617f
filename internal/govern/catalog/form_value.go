package catalog

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/platform/fault"
)

// check reports whether the field is filled in by raw: an empty text, list or map is not. Invalid if it may not be so.
func (v Field) check(at string, raw json.RawMessage, today time.Time) (filled bool, err error) {
	switch {
	case v.String != nil:
		return v.text(at, raw, today)
	case v.Bool != nil:
		return v.yes(at, raw)
	case v.Int != nil:
		return v.whole(at, raw)
	case v.Slice != nil:
		return v.texts(at, raw)
	case v.Map != nil:
		return v.named(at, raw)
	default:
		return false, fault.InvalidField(at, "cannot be filled in")
	}
}

// fixed refuses a value of a field that people only read.
func (v Field) fixed(at string, same bool) error {
	if v.ReadOnly && !same {
		return fault.InvalidField(at, "cannot be changed")
	}
	return nil
}

func (v Field) text(at string, raw json.RawMessage, today time.Time) (bool, error) {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return false, fault.InvalidField(at, "must be a text")
	}
	if err := first(prose(at, s, MaxValue), v.fixed(at, s == v.String.Default)); err != nil {
		return false, err
	}
	if s == "" && !v.Required {
		return false, nil
	}
	if o := v.String.Select; o != nil && !slices.ContainsFunc(o.Options, func(c struct {
		Value string `json:"value"`
	},
	) bool {
		return c.Value == s
	}) {
		return false, fault.InvalidField(at, "is none of the choices")
	}
	if d := v.String.Date; d != nil {
		if err := d.check(at, s, today); err != nil {
			return false, err
		}
	}
	return s != "", v.String.Rules.check(at, s)
}

func (d dateView) check(at, s string, today time.Time) error {
	day, err := time.Parse(dateForm, s)
	if err != nil {
		return fault.InvalidField(at, "must be a date such as 2026-01-31")
	}
	midnight := today.UTC().Truncate(24 * time.Hour)
	var least, most []time.Time
	if t, err := time.Parse(dateForm, d.Min); err == nil {
		least = append(least, t)
	}
	if t, err := time.Parse(dateForm, d.Max); err == nil {
		most = append(most, t)
	}
	if d.MinAhead != nil {
		least = append(least, midnight.AddDate(0, 0, int(*d.MinAhead)))
	}
	if d.MaxAhead != nil {
		most = append(most, midnight.AddDate(0, 0, int(*d.MaxAhead)))
	}
	for _, t := range least {
		if day.Before(t) {
			return fault.InvalidField(at, "must not be before %s", t.Format(dateForm))
		}
	}
	for _, t := range most {
		if day.After(t) {
			return fault.InvalidField(at, "must not be after %s", t.Format(dateForm))
		}
	}
	return nil
}

func (v Field) yes(at string, raw json.RawMessage) (bool, error) {
	var b bool
	if json.Unmarshal(raw, &b) != nil {
		return false, fault.InvalidField(at, "must be true or false")
	}
	if r := v.Bool.Rules; r != nil && r.Const != nil && *r.Const != b {
		return false, fault.InvalidField(at, "must be %t", *r.Const)
	}
	return true, v.fixed(at, b == v.Bool.Default)
}

func (v Field) whole(at string, raw json.RawMessage) (bool, error) {
	var n number
	if json.Unmarshal(raw, &n) != nil {
		return false, fault.InvalidField(at, "must be a whole number of at most 64 bits")
	}
	if err := v.fixed(at, v.Int.Default != nil && *v.Int.Default == n); err != nil {
		return false, err
	}
	if w := v.Int.Number; w != nil {
		bounded := w.Min != 0 || w.Max != 0
		switch {
		case bounded && (n < w.Min || n > w.Max && w.Max >= w.Min):
			return false, fault.InvalidField(at, "must be from %d to %d", w.Min, w.Max)
		case w.Step > 0 && (n%w.Step-w.Min%w.Step)%w.Step != 0:
			return false, fault.InvalidField(at, "must be %d and a multiple of %d", w.Min, w.Step)
		}
	}
	return true, v.Int.Rules.check(at, n)
}

func (v Field) texts(at string, raw json.RawMessage) (bool, error) {
	var list []string
	if json.Unmarshal(raw, &list) != nil {
		return false, fault.InvalidField(at, "must be a list of texts")
	}
	if err := first(count(at, len(list), MaxValues), v.fixed(at, slices.Equal(list, v.Slice.Defaults))); err != nil {
		return false, err
	}
	for i, s := range list {
		if err := prose(fmt.Sprintf("%s[%d]", at, i), s, MaxValue); err != nil {
			return false, err
		}
	}
	if len(list) == 0 && !v.Required {
		return false, nil
	}
	return len(list) > 0, v.Slice.Rules.check(at, list)
}

func (v Field) named(at string, raw json.RawMessage) (bool, error) {
	var m map[string]string
	if json.Unmarshal(raw, &m) != nil {
		return false, fault.InvalidField(at, "must be an object of texts")
	}
	if err := count(at, len(m), MaxValues); err != nil {
		return false, err
	}
	same := len(m) == len(v.Map.Default)
	for k, s := range m {
		d, ok := v.Map.Default[k]
		same = same && ok && d == s
		if err := first(line(at, k), prose(at, s, MaxValue)); err != nil {
			return false, err
		}
		if r := v.Map.Rules; r != nil && r.Empty && s == "" {
			return false, fault.InvalidField(at, "has an empty text")
		}
	}
	if r := v.Map.Rules; r != nil && r.Required && len(m) == 0 {
		return false, fault.InvalidField(at, "is required")
	}
	return len(m) > 0, v.fixed(at, same)
}
