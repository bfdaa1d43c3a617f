package c1_test

import (
	_ "embed"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protopath"
	"google.golang.org/protobuf/reflect/protorange"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	directoryv1 "github.com/interim-access/interim/gen/c1/api/directory/v1"
)

//go:embed testdata/never_null.txt
var neverNullText string

// neverNull are the fields that an answer has no null in, by the message that holds them.
var neverNull = func() map[protoreflect.FullName][]protoreflect.Name {
	fields := map[protoreflect.FullName][]protoreflect.Name{}
	for line := range strings.Lines(neverNullText) {
		if name := protoreflect.FullName(strings.TrimSpace(line)); name.IsValid() {
			fields[name.Parent()] = append(fields[name.Parent()], name.Name())
		}
	}
	return fields
}()

// nulls are the fields of an answer that are null where a client has no null. A member of a one-of, which is also what `optional` makes
// of a field, is left out instead.
func nulls(answer proto.Message) []protoreflect.FullName {
	var found []protoreflect.FullName
	_ = protorange.Range(answer.ProtoReflect(), func(v protopath.Values) error {
		m, ok := v.Index(-1).Value.Interface().(protoreflect.Message)
		if !ok {
			return nil
		}
		for _, name := range neverNull[m.Descriptor().FullName()] {
			field := m.Descriptor().Fields().ByName(name)
			if leftOut := field.ContainingOneof() != nil; !leftOut && !m.Has(field) {
				found = append(found, field.FullName())
			}
		}
		return nil
	})
	return found
}

func TestEveryFieldWithoutNullIsOneOfOurs(t *testing.T) {
	if len(neverNull) == 0 {
		t.Fatal("none")
	}
	for message, fields := range neverNull {
		found, err := protoregistry.GlobalFiles.FindDescriptorByName(message)
		if err != nil {
			t.Error(message, err)
			continue
		}
		for _, name := range fields {
			field := found.(protoreflect.MessageDescriptor).Fields().ByName(name)
			if field == nil || field.Message() == nil || field.IsList() || field.IsMap() {
				t.Errorf("%s.%s is nothing that could be null", message, name)
			}
		}
	}
}

func TestANullIsFoundWhereverItStands(t *testing.T) {
	bare := &directoryv1.DirectoryView{Directory: &directoryv1.Directory{}}
	for _, answer := range []proto.Message{
		bare.GetDirectory(), &directoryv1.DirectoryServiceGetResponse{DirectoryView: bare},
		&directoryv1.DirectoryServiceListResponse{List: []*directoryv1.DirectoryView{bare}},
	} {
		if got := nulls(answer); len(got) != 1 {
			t.Errorf("%T: %v", answer, got)
		}
	}
	bare.Directory.MergeConfig = &directoryv1.DirectoryMergeConfig{}
	if got := nulls(bare); len(got) != 0 {
		t.Error(got)
	}
}
