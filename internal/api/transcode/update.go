package transcode

import (
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/interim-access/interim/internal/platform/fault"
)

// updateRule belongs to a request that has an update_mask and exactly one
// singular message field besides, the wrapper: the object as it should be.
// (Members of a oneof, well-known types and other masks do not count.) The
// handler of such a request always finds both:
//
//   - A body without the wrapper is a 400 that names it. Source: the C1 API.
//   - A mask in the body is checked: a path that the wrapper does not have is a 400.
//     A path may lead into nested messages.
//   - Without a mask (or with an empty one), the mask is the set of keys present in
//     the wrapper's JSON, null ones included, less those that are OUTPUT_ONLY (in
//     operations of the wrapper's own package) and those the URL's path fills.
//     Only top-level keys count: a nested message is replaced whole. So an object
//     read, edited and sent back updates what it may, and
//     `{"app":{"displayName":"x"}}` updates one field.
type updateRule struct {
	mask    protoreflect.FieldDescriptor
	paths   protoreflect.FieldDescriptor // FieldMask.paths
	wrapper protoreflect.FieldDescriptor
	fields  map[string]string // the wrapper's JSON and proto names → proto name; "" = never in a mask made here
}

const maskName protoreflect.FullName = "google.protobuf.FieldMask"

// updateRuleOf returns the rule of a request message, nil when it is no update.
func updateRuleOf(input protoreflect.MessageDescriptor, params []binding) *updateRule {
	mask := input.Fields().ByName("update_mask")
	if mask == nil || mask.Cardinality() == protoreflect.Repeated || mask.Message() == nil || mask.Message().FullName() != maskName {
		return nil
	}
	u := &updateRule{mask: mask, paths: mask.Message().Fields().ByName("paths"), fields: map[string]string{}}
	for i := range input.Fields().Len() {
		field := input.Fields().Get(i)
		if !isWrapper(field) {
			continue
		}
		if u.wrapper != nil {
			return nil
		}
		u.wrapper = field
	}
	if u.wrapper == nil {
		return nil
	}
	// What is read-only is said for the operations of the wrapper's own package. An operation of ours that borrows a
	// message from upstream, to write what upstream only shows, picks for itself what it writes.
	own := u.wrapper.Message().ParentFile().Package() == input.ParentFile().Package()
	fields := u.wrapper.Message().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		path := string(field.Name())
		if (own && isOutputOnly(field)) || u.fromPath(field, params) {
			path = ""
		}
		u.fields[field.JSONName()] = path
		u.fields[string(field.Name())] = path
	}
	return u
}

func isWrapper(field protoreflect.FieldDescriptor) bool {
	message, oneof := field.Message(), field.ContainingOneof()
	return message != nil && field.Cardinality() != protoreflect.Repeated && (oneof == nil || oneof.IsSynthetic()) &&
		!strings.HasPrefix(string(message.FullName()), "google.protobuf.") &&
		!strings.HasSuffix(string(field.Name()), "_mask")
}

// isOutputOnly reports whether a field is read-only. One that is marked OPTIONAL besides is shown as read-only upstream
// and written all the same, such as AppUser.identityUserId.
func isOutputOnly(field protoreflect.FieldDescriptor) bool {
	behaviors, _ := proto.GetExtension(field.Options(), annotations.E_FieldBehavior).([]annotations.FieldBehavior)
	return slices.Contains(behaviors, annotations.FieldBehavior_OUTPUT_ONLY) &&
		!slices.Contains(behaviors, annotations.FieldBehavior_OPTIONAL)
}

// fromPath reports whether the URL's path fills a field of the wrapper, in whole or in part.
func (u *updateRule) fromPath(field protoreflect.FieldDescriptor, params []binding) bool {
	for _, p := range params {
		way := slices.Concat(p.parents, []protoreflect.FieldDescriptor{p.field})
		if len(way) > 1 && way[0] == u.wrapper && way[1] == field {
			return true
		}
	}
	return false
}

// apply checks or makes the mask of a request that was just filled from body.
func (u *updateRule) apply(m protoreflect.Message, body []byte) error {
	if !m.Has(u.wrapper) {
		return fault.InvalidField(u.wrapper.JSONName(), "is missing: an update needs the object to update")
	}
	if m.Has(u.mask) {
		if paths := m.Get(u.mask).Message().Get(u.paths).List(); paths.Len() > 0 {
			return u.check(paths)
		}
	}
	mask := m.Mutable(u.mask).Message().Mutable(u.paths).List()
	for _, key := range objectKeys(body, u.wrapper.JSONName(), string(u.wrapper.Name())) {
		if path := u.fields[key]; path != "" {
			mask.Append(protoreflect.ValueOfString(path))
		}
	}
	return nil
}

// check refuses a mask with a path the wrapper does not have.
func (u *updateRule) check(paths protoreflect.List) error {
	for i := range paths.Len() {
		path := paths.Get(i).String()
		if !hasPath(u.wrapper.Message(), path) {
			return fault.InvalidField(u.mask.JSONName(), "%s has no field %s", u.wrapper.JSONName(), asClientWrote(path))
		}
	}
	return nil
}

// hasPath reports whether a dotted path of proto names leads through single messages to a field.
func hasPath(message protoreflect.MessageDescriptor, path string) bool {
	for name := range strings.SplitSeq(path, ".") {
		if message == nil {
			return false
		}
		field := message.Fields().ByName(protoreflect.Name(name))
		if field == nil {
			return false
		}
		message = nil
		if field.Cardinality() != protoreflect.Repeated {
			message = field.Message()
		}
	}
	return true
}

// asClientWrote returns a mask's path in quotes and camelCase.
func asClientWrote(path string) string {
	quoted, err := protojson.Marshal(&fieldmaskpb.FieldMask{Paths: []string{short(path)}})
	if err != nil {
		return `"` + short(path) + `"`
	}
	return string(quoted)
}
