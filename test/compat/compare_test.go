package compat

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// comparison collects differences; each schema is looked at once.
type comparison struct {
	contract *contract
	seen     map[string]bool
	found    []string
}

// compare returns every difference between the contract and the methods, as sentences.
func (c *contract) compare(methods []protoreflect.MethodDescriptor) []string {
	known := map[string]*contractOp{}
	for _, op := range c.Ops {
		known[op.Name] = op
	}
	cmp := &comparison{contract: c, seen: map[string]bool{}}
	for _, m := range methods {
		name := string(m.FullName())
		if op := known[name]; op != nil {
			cmp.operation(op, m)
		} else {
			cmp.differ(name, "operation", "nothing", "an operation")
		}
	}
	return cmp.found
}

func (c *comparison) differ(where, what, recorded, ours any) {
	c.found = append(c.found, fmt.Sprintf("%v: %v: the contract has %v, we have %v", where, what, recorded, ours))
}

var variable = regexp.MustCompile(`\{[^}]*\}`)

// shapeOf writes a path with its variables unnamed: the contract names a variable after the first operation of that path.
func shapeOf(path string) string { return variable.ReplaceAllString(path, "{}") }

func (c *comparison) operation(op *contractOp, m protoreflect.MethodDescriptor) {
	verb, path, body := route(m)
	if verb != op.Verb || shapeOf(path) != shapeOf(op.Path) {
		c.differ(op.Name, "route", op.Verb+" "+op.Path, verb+" "+path)
	}
	if hasBody := op.Verb != "GET"; hasBody != (body == "*") {
		c.differ(op.Name, "body", hasBody, body)
	}
	if deprecated := m.Options().(*descriptorpb.MethodOptions).GetDeprecated(); deprecated != bool(op.Deprecated) {
		c.differ(op.Name, "deprecated", op.Deprecated, deprecated)
	}
	c.request(op, m.Input(), variables(path))
	c.schema(op.Response, m.Output(), nil)
}

// variables names what the variables of a path template fill, in order.
func variables(path string) []string {
	var names []string
	for _, v := range variable.FindAllString(path, -1) {
		names = append(names, strings.Trim(v, "{}"))
	}
	return names
}

// request compares parameters, and the body with them: a request message has the fields of the body's schema, and one for
// each parameter that does not fill a nested message.
func (c *comparison) request(op *contractOp, in protoreflect.MessageDescriptor, vars []string) {
	own := map[string]bool{} // fields that are parameters
	position := 0
	for _, p := range op.Params {
		name := p.Name
		if p.In == "p" {
			if position >= len(vars) {
				c.differ(op.Name, "path parameter "+name, "one", "none")
				continue
			}
			name = vars[position]
			position++
		}
		field := resolve(in, name)
		if field == nil {
			c.differ(op.Name, "parameter "+p.Name, p.Type, "no field")
			continue
		}
		if want, got := p.shape(), shape(field); want != got {
			c.differ(op.Name, "parameter "+p.Name, want, got)
		}
		own[strings.SplitN(name, ".", 2)[0]] = true
	}
	if position != len(vars) {
		c.differ(op.Name, "path parameters", position, len(vars))
	}
	if want := strings.TrimSuffix(op.Request, "Input"); op.Request != "" && want != string(in.FullName()) && op.Request != string(in.FullName()) {
		c.differ(op.Name, "request", want, in.FullName())
	}
	c.schema(op.Request, in, own)
}

// resolve follows a dotted path of proto field names.
func resolve(m protoreflect.MessageDescriptor, path string) protoreflect.FieldDescriptor {
	var field protoreflect.FieldDescriptor
	for name := range strings.SplitSeq(path, ".") {
		if m == nil {
			return nil
		}
		if field = m.Fields().ByName(protoreflect.Name(name)); field == nil {
			return nil
		}
		m = field.Message()
	}
	return field
}

// schema compares a recorded schema with a message, and all they refer to. The fields named in own are parameters: the
// schema need not have them.
func (c *comparison) schema(name string, m protoreflect.MessageDescriptor, own map[string]bool) {
	key := name + " " + string(m.FullName())
	if c.seen[key] {
		return
	}
	c.seen[key] = true
	schema := c.contract.Schemas[name]
	if schema == nil {
		if name != "" {
			c.differ(name, "schema", "none of this name", m.FullName())
			return
		}
		schema = &contractSchema{}
	}
	recorded := map[string]bool{}
	for _, f := range schema.Fields {
		recorded[f.Name] = true
		field := m.Fields().ByJSONName(f.Name)
		if field == nil {
			c.differ(name, f.Name, f.shape(), "no field")
			continue
		}
		c.field(name, f, field)
	}
	for i := range m.Fields().Len() {
		field := m.Fields().Get(i)
		if !recorded[field.JSONName()] && !own[string(field.Name())] {
			c.differ(m.FullName(), field.JSONName(), "no field", shape(field))
		}
	}
	c.oneofs(name, schema, m)
}

func (c *comparison) field(schema string, f *contractField, field protoreflect.FieldDescriptor) {
	if want, got := f.shape(), shape(field); want != got {
		c.differ(schema, f.Name, want, got)
		return
	}
	if group := oneof(field); group != f.Oneof {
		c.differ(schema, f.Name+" in one-of", f.Oneof, group)
	}
	options := field.Options().(*descriptorpb.FieldOptions)
	behavior, _ := proto.GetExtension(options, annotations.E_FieldBehavior).([]annotations.FieldBehavior)
	if readOnly := slices.Contains(behavior, annotations.FieldBehavior_OUTPUT_ONLY); readOnly != bool(f.ReadOnly) {
		c.differ(schema, f.Name+" read-only", f.ReadOnly, readOnly)
	}
	if options.GetDeprecated() != bool(f.Deprecated) {
		c.differ(schema, f.Name+" deprecated", f.Deprecated, options.GetDeprecated())
	}
	if ref := f.reference(); ref != "" {
		if field.IsMap() {
			field = field.MapValue()
		}
		c.schema(ref, field.Message(), nil)
	}
}

// oneofs compares groups and the order of their members.
func (c *comparison) oneofs(name string, schema *contractSchema, m protoreflect.MessageDescriptor) {
	for group, want := range schema.Oneofs {
		oneof := m.Oneofs().ByName(protoreflect.Name(group))
		if oneof == nil {
			c.differ(name, "one-of "+group, want, "none")
			continue
		}
		var got []string
		for i := range oneof.Fields().Len() {
			got = append(got, oneof.Fields().Get(i).JSONName())
		}
		if !slices.Equal(want, got) {
			c.differ(name, "one-of "+group, want, got)
		}
	}
}
