package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/fault"
)

// MaxExpressions is how many expressions a form may have.
const MaxExpressions = 16

// Values works out the expressions of forms; [policy.Service] does.
type Values interface {
	// CheckValue answers Invalid about field for an expression that could never answer a value of the type.
	CheckValue(field, text string, t policy.ValueType, input bool) error
	// Value works out a value, from what was filled in unless that is nil. Invalid where it cannot be worked out.
	Value(ctx context.Context, text string, t policy.ValueType, facts policy.Facts, input any) (any, error)
}

// adminConfig says that nobody who asks sets the value: it is what an expression answers, or without one the field's own default. Whether
// clients show it is theirs; it is no secret.
type adminConfig struct {
	Default string `json:"defaultValueCel"`
	Show    bool   `json:"showToUser"`
}

// sharedConfig says what the value is unless somebody fills it in, or whatever they do, and what is made of what they fill in.
type sharedConfig struct {
	Default   string `json:"defaultValueCel"`
	Transform string `json:"inputTransformationCel"`
	Lock      bool   `json:"lockDefaultValues"`
}

// userConfig says what is made of what somebody fills in.
type userConfig struct {
	Transform string `json:"inputTransformationCel"`
}

// provision is where the value of a field comes from.
type provision struct {
	worked    string // an expression for the default
	transform string // one for what is filled in
	admin     bool   // it is always the default
	lock      bool   // it is always the default, and shown to be
	at        string // the config, as the API names it
}

func (v Field) provision() provision {
	switch {
	case v.Admin != nil:
		return provision{worked: v.Admin.Default, admin: true, at: "adminConfig"}
	case v.Shared != nil:
		c := v.Shared
		return provision{worked: c.Default, transform: c.Transform, lock: c.Lock || v.ReadOnly && c.Default != "", at: "sharedConfig"}
	case v.User != nil:
		return provision{transform: v.User.Transform, at: "userConfig"}
	default:
		return provision{}
	}
}

func (p provision) there() bool { return p.worked != "" || p.transform != "" || p.admin || p.lock }

// expression is one of a field.
type expression struct {
	field, text string
	input       bool // it is about what is filled in
}

func (p provision) expressions(at string) (list []expression) {
	if p.worked != "" {
		list = append(list, expression{at + "." + p.at + ".defaultValueCel", p.worked, false})
	}
	if p.transform != "" {
		list = append(list, expression{at + "." + p.at + ".inputTransformationCel", p.transform, true})
	}
	return list
}

// valueType is the type of what is filled in; "" for texts by name, of which there are no expressions.
func (v Field) valueType() policy.ValueType {
	switch {
	case v.String != nil:
		return policy.TextValue
	case v.Bool != nil:
		return policy.FlagValue
	case v.Int != nil:
		return policy.NumberValue
	case v.Slice != nil:
		return policy.TextsValue
	default:
		return ""
	}
}

// work answers Invalid, naming the field, for the first expression of f that could never be worked out; Unimplemented for one of texts
// by name.
func (s *Service) work(f Form) error {
	n := 0
	for i, v := range f.Fields {
		p := v.provision()
		for _, e := range p.expressions(fmt.Sprintf("form.fields[%d]", i)) {
			if n++; n > MaxExpressions {
				return fault.InvalidField("form.fields", "have more than %d expressions", MaxExpressions)
			}
			t := v.valueType()
			switch {
			case s.Values == nil:
				return fault.NotServed("Field." + p.at)
			case t == "":
				return fault.NotServed("Field." + p.at + " of a stringMapField")
			}
			if err := s.Values.CheckValue(e.field, e.text, t, e.input); err != nil {
				return err
			}
		}
	}
	return nil
}

// given is what was filled in, by field.
type given map[string]json.RawMessage

// settle puts into g what the form says itself, and makes of the rest what it says is to be made of it, but for what is as it was kept
// before. Invalid, naming the field.
func (s *Service) settle(ctx context.Context, f Form, kept, g given, facts policy.Facts) error {
	for _, v := range f.Fields {
		p := v.provision()
		if !p.there() {
			continue
		}
		at := "requestData." + v.Name
		value, filled, err := g.read(v, at)
		if err != nil {
			return err
		}
		was, known, _ := kept.read(v, at)
		same := filled && known && reflect.DeepEqual(was, value)
		switch {
		case p.admin || p.lock || !filled && p.worked != "":
			var own any
			if own, err = s.own(ctx, v, p, facts); err == nil && filled && !same && !reflect.DeepEqual(own, value) {
				return fault.InvalidField(at, "cannot be changed")
			}
			value = own
		case !filled:
			continue
		case p.transform != "" && !same:
			value, err = s.Values.Value(ctx, p.transform, v.valueType(), facts, value)
		}
		if err = unworked(at, err); err != nil {
			return err
		}
		if err := g.put(v.Name, value); err != nil {
			return err
		}
	}
	return nil
}

// read is what was filled in for a field, if anything was; what is empty is not, where the form has a value of its own.
func (g given) read(v Field, at string) (value any, filled bool, err error) {
	raw, filled := g[v.Name]
	if !filled {
		return nil, false, nil
	}
	if value, err = v.read(at, raw); err != nil {
		return nil, false, err
	}
	if p := v.provision(); empty(value) && (p.admin || p.lock) {
		return nil, false, nil
	}
	return value, true, nil
}

// empty reports whether a value is as if it had not been filled in.
func empty(value any) bool {
	switch r := reflect.ValueOf(value); r.Kind() {
	case reflect.Invalid:
		return true
	case reflect.String, reflect.Slice, reflect.Map:
		return r.Len() == 0
	default:
		return false
	}
}

// settled is the form without what [Service.settle] has seen to.
func (f Form) settled() Form {
	f.Fields = slices.Clone(f.Fields)
	for i, v := range f.Fields {
		if p := v.provision(); p.admin || p.lock || p.worked != "" {
			f.Fields[i].ReadOnly = false
		}
	}
	return f
}

// put keeps a value; what is empty is not filled in.
func (g given) put(name string, value any) error {
	if empty(value) {
		delete(g, name)
		return nil
	}
	raw, err := json.Marshal(value)
	g[name] = raw
	return err
}

// unworked says of a field what an expression answered that could not be worked out.
func unworked(at string, err error) error {
	if fault.Is(err, fault.Invalid) && fault.Of(err).Field == "" {
		return fault.InvalidField(at, "cannot be worked out: %s", brief(fault.Of(err).Message))
	}
	return err
}

// own is what a form itself says that the value of a field is.
func (s *Service) own(ctx context.Context, v Field, p provision, facts policy.Facts) (any, error) {
	switch {
	case p.worked != "":
		return s.Values.Value(ctx, p.worked, v.valueType(), facts, nil)
	case v.String != nil:
		return v.String.Default, nil
	case v.Bool != nil:
		return v.Bool.Default, nil
	case v.Int != nil && v.Int.Default != nil:
		return int64(*v.Int.Default), nil
	case v.Slice != nil && len(v.Slice.Defaults) > 0:
		return v.Slice.Defaults, nil
	case v.Map != nil && len(v.Map.Default) > 0:
		return v.Map.Default, nil
	default:
		return nil, nil //nolint:nilnil // nothing is a value too
	}
}

// read is a value as it was filled in, within the limits of all values; its rules are for [Form.Check].
func (v Field) read(at string, raw json.RawMessage) (any, error) {
	switch {
	case v.String != nil:
		return readAs[string](Field{String: &stringField{}}, at, raw)
	case v.Bool != nil:
		return readAs[bool](Field{Bool: &boolField{}}, at, raw)
	case v.Int != nil:
		n, err := readAs[number](Field{Int: &intField{}}, at, raw)
		return int64(n), err
	case v.Slice != nil:
		return readAs[[]string](Field{Slice: &sliceField{}}, at, raw)
	default:
		return readAs[map[string]string](Field{Map: &mapField{}}, at, raw)
	}
}

// readAs reads a value of a field that has no rules.
func readAs[T any](bare Field, at string, raw json.RawMessage) (v T, err error) {
	if _, err = bare.check(at, raw, time.Time{}); err != nil {
		return v, err
	}
	return v, json.Unmarshal(raw, &v)
}
