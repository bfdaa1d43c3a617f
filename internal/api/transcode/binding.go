package transcode

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/interim-access/interim/internal/platform/fault"
)

// binding fills one scalar field of a request, possibly inside nested messages,
// from the text of a path variable or a query parameter.
type binding struct {
	parents []protoreflect.FieldDescriptor // the messages on the way, outermost first
	field   protoreflect.FieldDescriptor
	name    string // JSON names joined with dots, for the client
	parse   parser
}

// parser reads one scalar. It returns errSyntax or errRange, which set turns into words.
type parser func(text string) (protoreflect.Value, error)

var (
	errSyntax = errors.New("syntax")
	errRange  = errors.New("range")
)

// bind resolves a dotted path of proto field names below a message.
func bind(message protoreflect.MessageDescriptor, path string) (binding, error) {
	var b binding
	for name := range strings.SplitSeq(path, ".") {
		if b.field != nil {
			if b.field.Message() == nil || b.field.Cardinality() == protoreflect.Repeated {
				return binding{}, fmt.Errorf("%s: %s is not a single message", path, b.field.Name())
			}
			b.parents = append(b.parents, b.field)
			message = b.field.Message()
			b.name += "."
		}
		b.field = message.Fields().ByName(protoreflect.Name(name))
		if b.field == nil {
			return binding{}, fmt.Errorf("%s: %s has no field %q", path, message.FullName(), name)
		}
		b.name += b.field.JSONName()
	}
	if b.parse = parserOf(b.field); b.parse == nil {
		return binding{}, fmt.Errorf("%s is not a singular string, number, bool or enum", path)
	}
	return b, nil
}

// set writes the parsed text into the message; a bad value is a 400 that names the field.
func (b *binding) set(m protoreflect.Message, text string) error {
	value, err := b.parse(text)
	if err != nil {
		return b.refuse(text, err)
	}
	for _, p := range b.parents {
		m = m.Mutable(p).Message()
	}
	m.Set(b.field, value)
	return nil
}

func (b *binding) refuse(text string, err error) error {
	switch {
	case b.field.Kind() == protoreflect.StringKind:
		return fault.InvalidField(b.name, "is not text: it is not UTF-8 or has a NUL character")
	case errors.Is(err, errRange):
		return &fault.Fault{Code: fault.Invalid, Field: b.name,
			Message: fmt.Sprintf("%s is not a valid %s: %q is out of range", b.name, kindName(b.field.Kind()), short(text))}
	default:
		return &fault.Fault{Code: fault.Invalid, Field: b.name,
			Message: fmt.Sprintf("%s is not a valid %s: %q", b.name, kindName(b.field.Kind()), short(text))}
	}
}

// kindName is the word the C1 API uses for a type, whatever its width.
func kindName(k protoreflect.Kind) string {
	switch k {
	case protoreflect.BoolKind, protoreflect.EnumKind:
		return k.String()
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind, protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return "uint"
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return "number"
	default:
		return "int"
	}
}

// parserOf returns the parser of a singular scalar field, nil for any other. Empty
// text is the zero value of every type.
func parserOf(field protoreflect.FieldDescriptor) parser {
	if field.Cardinality() == protoreflect.Repeated {
		return nil
	}
	switch field.Kind() {
	case protoreflect.StringKind:
		return parseText
	case protoreflect.BoolKind:
		return parseBool
	case protoreflect.EnumKind:
		return enumParser(field.Enum())
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return func(s string) (protoreflect.Value, error) {
			n, err := strconv.ParseInt(zero(s), 10, 32)
			return protoreflect.ValueOfInt32(int32(n)), numberError(err)
		}
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return func(s string) (protoreflect.Value, error) {
			n, err := strconv.ParseInt(zero(s), 10, 64)
			return protoreflect.ValueOfInt64(n), numberError(err)
		}
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return func(s string) (protoreflect.Value, error) {
			n, err := strconv.ParseUint(zero(s), 10, 32)
			return protoreflect.ValueOfUint32(uint32(n)), numberError(err)
		}
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return func(s string) (protoreflect.Value, error) {
			n, err := strconv.ParseUint(zero(s), 10, 64)
			return protoreflect.ValueOfUint64(n), numberError(err)
		}
	case protoreflect.FloatKind:
		return func(s string) (protoreflect.Value, error) {
			n, err := strconv.ParseFloat(zero(s), 32)
			return protoreflect.ValueOfFloat32(float32(n)), numberError(err)
		}
	case protoreflect.DoubleKind:
		return func(s string) (protoreflect.Value, error) {
			n, err := strconv.ParseFloat(zero(s), 64)
			return protoreflect.ValueOfFloat64(n), numberError(err)
		}
	default: // bytes and messages
		return nil
	}
}

// parseText refuses what a text column cannot hold: bytes that are not UTF-8, and NUL.
func parseText(s string) (protoreflect.Value, error) {
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		return protoreflect.Value{}, errSyntax
	}
	return protoreflect.ValueOfString(s), nil
}

func parseBool(s string) (protoreflect.Value, error) {
	switch strings.ToLower(s) {
	case "true", "t", "1":
		return protoreflect.ValueOfBool(true), nil
	case "false", "f", "0", "":
		return protoreflect.ValueOfBool(false), nil
	default:
		return protoreflect.Value{}, errSyntax
	}
}

// enumParser takes a value's name or any 32-bit number, as proto3 JSON does.
func enumParser(enum protoreflect.EnumDescriptor) parser {
	numbers := map[string]protoreflect.EnumNumber{"": 0}
	for i := range enum.Values().Len() {
		v := enum.Values().Get(i)
		numbers[string(v.Name())] = v.Number()
	}
	return func(s string) (protoreflect.Value, error) {
		if n, ok := numbers[s]; ok {
			return protoreflect.ValueOfEnum(n), nil
		}
		n, err := strconv.ParseInt(s, 10, 32)
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(n)), numberError(err)
	}
}

func zero(s string) string {
	if s == "" {
		return "0"
	}
	return s
}

func numberError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, strconv.ErrRange):
		return errRange
	default:
		return errSyntax
	}
}

// maxEcho limits how much of a client's text an error repeats, in bytes.
const maxEcho = 64

// short cuts a client's text to what an error may repeat.
func short(s string) string { return cut(s, maxEcho) }

func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit] + "…"
}
