package expr

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// Type is the type of a value in an expression.
type Type = *types.Type

// The plain types. In Go they are bool, int64, string, time.Time, time.Duration.
var (
	Bool      Type = types.BoolType
	Int       Type = types.IntType
	String    Type = types.StringType
	Timestamp Type = types.TimestampType
	Duration  Type = types.DurationType
	Any       Type = types.DynType
)

// ListOf is the type of a list: a []any in Go, or a slice of strings.
func ListOf(t Type) Type { return types.NewListType(t) }

// MapOf is the type of texts by name: a map[string]string in Go.
func MapOf(t Type) Type { return types.NewMapType(types.StringType, t) }

// Shape is a kind of object: named fields of a Go value. Expressions read them under their snake_case name and its camelCase
// spelling alike, since both are in use upstream.
type Shape struct {
	Type   Type
	fields map[string]*types.FieldType
}

// Field is one field of a [Shape].
type Field struct {
	name string
	typ  Type
	get  func(any) (any, error)
}

// FieldOf declares a field of objects that are a T in Go. name is in snake_case.
func FieldOf[T any](name string, t Type, get func(T) any) Field {
	return Field{name: name, typ: t, get: func(v any) (any, error) { return get(v.(T)), nil }}
}

// FieldThat declares a field that may have no value an expression can go by: an error fails the expression.
func FieldThat[T any](name string, t Type, get func(T) (any, error)) Field {
	return Field{name: name, typ: t, get: func(v any) (any, error) { return get(v.(T)) }}
}

// NewShape declares a kind of object. Its field id, if it has one, tells two objects of the kind apart.
func NewShape(name string, fields ...Field) *Shape {
	s := &Shape{Type: types.NewObjectType(name, traits.FieldTesterType|traits.IndexerType), fields: map[string]*types.FieldType{}}
	for _, f := range fields {
		at := &types.FieldType{
			Type:    f.typ,
			IsSet:   func(v any) bool { got, err := f.get(v); return err == nil && !empty(got) },
			GetFrom: func(v any) (any, error) { got, err := f.get(v); return value(got), err },
		}
		s.fields[f.name], s.fields[camel(f.name)] = at, at
	}
	return s
}

// Of makes a value that expressions can read as this kind of object.
func (s *Shape) Of(v any) any { return &object{shape: s, v: v} }

func camel(snake string) string {
	words := strings.Split(snake, "_")
	for i, w := range words[1:] {
		words[i+1] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, "")
}

func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case time.Time:
		return v.IsZero()
	case ref.Val:
		return false
	}
	r := reflect.ValueOf(v)
	if r.Kind() == reflect.Map || r.Kind() == reflect.Slice {
		return r.Len() == 0
	}
	return r.IsZero()
}

// object is a value of a [Shape].
type object struct {
	shape *Shape
	v     any
}

func (o *object) Value() any     { return o.v }
func (o *object) Type() ref.Type { return o.shape.Type }

func (o *object) ConvertToNative(t reflect.Type) (any, error) {
	return nil, failed("%s cannot become %s", o.shape.Type.TypeName(), t)
}

func (o *object) ConvertToType(t ref.Type) ref.Val {
	switch t.TypeName() {
	case types.TypeType.TypeName():
		return o.shape.Type
	case o.shape.Type.TypeName():
		return o
	}
	return types.NewErr("%s cannot become %s", o.shape.Type.TypeName(), t.TypeName())
}

func (o *object) Equal(other ref.Val) ref.Val {
	p, ok := other.(*object)
	if !ok || p.shape != o.shape {
		return types.False
	}
	id := o.shape.fields["id"]
	if id == nil {
		return types.Bool(o.v == p.v)
	}
	a, err1 := id.GetFrom(o.v)
	b, err2 := id.GetFrom(p.v)
	return types.Bool(err1 == nil && err2 == nil && a == b)
}

func (o *object) field(name ref.Val) (*types.FieldType, ref.Val) {
	s, ok := name.(types.String)
	f := o.shape.fields[string(s)]
	if !ok || f == nil {
		return nil, types.NewErr("no such field: %v", name.Value())
	}
	return f, nil
}

func (o *object) IsSet(name ref.Val) ref.Val {
	f, err := o.field(name)
	if err != nil {
		return err
	}
	return types.Bool(f.IsSet(o.v))
}

func (o *object) Get(name ref.Val) ref.Val {
	f, missing := o.field(name)
	if missing != nil {
		return missing
	}
	v, err := f.GetFrom(o.v)
	if err != nil {
		return types.WrapErr(err)
	}
	return value(v)
}

// value turns what Go code answers into what expressions see.
func value(v any) ref.Val {
	if list, ok := v.([]any); ok {
		vals := make([]ref.Val, len(list))
		for i, e := range list {
			vals[i] = value(e)
		}
		return types.NewRefValList(types.DefaultTypeAdapter, vals)
	}
	return types.DefaultTypeAdapter.NativeToValue(v)
}

// native is the reverse of value.
func native(v ref.Val) any {
	list, ok := v.(traits.Lister)
	if !ok {
		return v.Value()
	}
	out := []any{}
	for it := list.Iterator(); it.HasNext() == types.True; {
		out = append(out, native(it.Next()))
	}
	return out
}

// provider knows the shapes beside CEL's own types.
type provider struct {
	types.Provider
	shapes map[string]*Shape
}

func (p provider) FindStructType(name string) (*types.Type, bool) {
	if s, ok := p.shapes[name]; ok {
		return types.NewTypeTypeWithParam(s.Type), true
	}
	return p.Provider.FindStructType(name)
}

func (p provider) FindStructFieldNames(name string) ([]string, bool) {
	if s, ok := p.shapes[name]; ok {
		return slices.Sorted(maps.Keys(s.fields)), true
	}
	return p.Provider.FindStructFieldNames(name)
}

func (p provider) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	if s, ok := p.shapes[name]; ok {
		f, ok := s.fields[field]
		return f, ok
	}
	return p.Provider.FindStructFieldType(name, field)
}

// NewValue refuses objects made inside an expression: they would pass for looked-up ones.
func (p provider) NewValue(name string, fields map[string]ref.Val) ref.Val {
	if _, ok := p.shapes[name]; ok {
		return types.NewErr("%s cannot be made in an expression", name)
	}
	return p.Provider.NewValue(name, fields)
}
