package transcode

import (
	"math"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	systemlogv1 "github.com/interim-access/interim/gen/c1/api/systemlog/v1"
)

// sameAsProtojson compares the fast way of writing an answer with the slow one.
func sameAsProtojson(t *testing.T, m proto.Message) {
	t.Helper()
	fast, fastErr := appendMessage(nil, m.ProtoReflect())
	slow, slowErr := protoJSON.Marshal(m)
	if (fastErr != nil) != (slowErr != nil) {
		t.Fatalf("%s: error %v, protojson's %v", m.ProtoReflect().Descriptor().FullName(), fastErr, slowErr)
	}
	if fastErr == nil && canonical(t, fast) != canonical(t, slow) {
		t.Errorf("%s\nfast %s\nslow %s", m.ProtoReflect().Descriptor().FullName(), canonical(t, fast), canonical(t, slow))
	}
}

// fill populates every field of a message, down to a depth: round picks the
// values and the members of oneofs.
func fill(m protoreflect.Message, depth, round int) {
	switch known := m.Interface().(type) {
	case *timestamppb.Timestamp:
		known.Seconds, known.Nanos = int64(round)*1e9, []int32{0, 5e8, 5e5, 5}[round%4]
		return
	case *structpb.Struct:
		known.Fields = map[string]*structpb.Value{"b": jsonValue(round), "a": jsonValue(round + 1), "é\"": jsonValue(round + 2)}
		return
	case *structpb.Value:
		known.Kind = jsonValue(round).GetKind()
		return
	case *anypb.Any:
		_ = known.MarshalFrom([]proto.Message{
			&timestamppb.Timestamp{Seconds: 1}, &appv1.App{DisplayName: "x", CreatedAt: &timestamppb.Timestamp{Seconds: 1}}, &appv1.GetAppRequest{},
		}[round%3])
		if round == 11 {
			known.TypeUrl = "no.such/Type"
		}
		return
	}
	if string(m.Descriptor().FullName().Parent()) == "google.protobuf" {
		return
	}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if o := f.ContainingOneof(); o != nil && o.Fields().Get(round%o.Fields().Len()) != f {
			continue
		}
		switch {
		case f.IsList():
			list := m.Mutable(f).List()
			for n := range round % 3 {
				list.Append(value(list.NewElement(), f, depth, round+n))
			}
		case f.IsMap():
			values := m.Mutable(f).Map()
			for n := range round % 3 {
				key := protoreflect.ValueOfString(string(rune('c' - n))).MapKey()
				if f.MapKey().Kind() == protoreflect.StringKind {
					values.Set(key, value(values.NewValue(), f.MapValue(), depth, round+n))
				}
			}
		default:
			if v := value(m.NewField(f), f, depth, round); v.IsValid() {
				m.Set(f, v)
			}
		}
	}
}

// jsonValue returns a sample of a Struct's value; the last two have no JSON form.
func jsonValue(round int) *structpb.Value {
	list := &structpb.ListValue{Values: []*structpb.Value{structpb.NewStringValue("x\n"), structpb.NewNumberValue(1e-7), {Kind: &structpb.Value_ListValue{}}}}
	return []*structpb.Value{
		structpb.NewNullValue(), structpb.NewBoolValue(true), structpb.NewBoolValue(false), structpb.NewNumberValue(-0.5), structpb.NewStringValue(""),
		structpb.NewListValue(list), structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{"z": structpb.NewListValue(list)}}),
		{Kind: &structpb.Value_StructValue{}}, structpb.NewNumberValue(math.MaxFloat64), structpb.NewNumberValue(math.Inf(1)), {},
	}[round%11]
}

// value returns a sample of a field's type; empty is a new value of that type.
func value(empty protoreflect.Value, f protoreflect.FieldDescriptor, depth, round int) protoreflect.Value {
	switch f.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		if depth > 0 {
			fill(empty.Message(), depth-1, round+1)
		}
		return empty
	case protoreflect.StringKind:
		return protoreflect.ValueOfString([]string{"", "x", "é\"\\\n\x01\u2028<&>\x7f"}[round%3])
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte{0, 255, byte(round)})
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(round%2 == 0)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(round))
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32([]int32{0, math.MaxInt32, math.MinInt32}[round%3])
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32([]uint32{0, 7, math.MaxUint32}[round%3])
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return protoreflect.ValueOfInt64([]int64{0, math.MaxInt64, math.MinInt64}[round%3])
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64([]uint64{0, 7, math.MaxUint64}[round%3])
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32([]float32{0, 1.5e-9, 3.4e38}[round%3])
	default:
		return protoreflect.ValueOfFloat64([]float64{0, 1e21, math.Inf(-1), math.NaN(), math.Inf(1), 123.456e-8}[round%6])
	}
}

func TestEveryAnswerOfOurServicesIsWrittenAsProtojsonWritesIt(t *testing.T) {
	for _, service := range ourServices() {
		for i := range service.Methods().Len() {
			output := service.Methods().Get(i).Output()
			linked, err := protoregistry.GlobalTypes.FindMessageByName(output.FullName())
			if err != nil {
				t.Fatal(err)
			}
			sameAsProtojson(t, linked.New().Interface())
			for round := range 12 {
				m := linked.New()
				fill(m, 4, round)
				sameAsProtojson(t, m.Interface())
			}
		}
	}
}

func TestOddShapesAreWrittenAsProtojsonWritesThem(t *testing.T) {
	messages := oddService(t).ParentFile().Messages()
	for i := range messages.Len() {
		for round := range 24 {
			m := dynamicpb.NewMessage(messages.Get(i))
			fill(m, 3, round)
			sameAsProtojson(t, m)
		}
	}
}

func TestTimesAreWrittenAsProtojsonWritesThem(t *testing.T) {
	for _, seconds := range []int64{0, -1, 1, -62135596800, -62135596801, 253402300799, 253402300800, 1767323045} {
		for _, nanos := range []int32{0, 1, 999, 1000, 500_000, 1_000_000, 100_000_000, 999_999_999, -1, 1_000_000_000} {
			sameAsProtojson(t, &appv1.App{CreatedAt: &timestamppb.Timestamp{Seconds: seconds, Nanos: nanos}})
		}
	}
}

func TestAnAnswerWithTextThatIsNotUTF8IsRefusedAsByProtojson(t *testing.T) {
	sameAsProtojson(t, &appv1.App{DisplayName: "\xff"})
	sameAsProtojson(t, &appv1.App{Annotations: map[string]string{"\xff": "x"}})
	sameAsProtojson(t, &appv1.App{Annotations: map[string]string{"x": "\xff"}})
}

func TestANilAnswerOfARightTypeIsAnEmptyMessage(t *testing.T) {
	sameAsProtojson(t, (*appv1.App)(nil))
}

// Any message that can arrive in binary is written as protojson writes it.
func FuzzEncode(f *testing.F) {
	for round := range 6 {
		thing := dynamicpb.NewMessage(oddMessage(f, "Thing"))
		fill(thing, 2, round)
		app := &appv1.App{}
		fill(app.ProtoReflect(), 2, round)
		events := &systemlogv1.SystemLogServiceListEventsResponse{}
		fill(events.ProtoReflect(), 3, round)
		details := &anypb.Any{}
		fill(details.ProtoReflect(), 2, round)
		for _, m := range []proto.Message{thing, app, events, details} {
			raw, err := proto.Marshal(m)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(raw)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, m := range []proto.Message{dynamicpb.NewMessage(oddMessage(t, "Thing")), &appv1.App{}, &structpb.Struct{}, &anypb.Any{}, &systemlogv1.SystemLogServiceListEventsResponse{}} {
			if proto.Unmarshal(raw, m) == nil {
				sameAsProtojson(t, m)
			}
		}
	})
}

// What is written is read back as it was.
func TestAnAnswerReadsBackAsItWas(t *testing.T) {
	read := 0
	for round := range 12 {
		app := &appv1.App{}
		fill(app.ProtoReflect(), 3, round)
		text, err := appendMessage(nil, app.ProtoReflect())
		if err != nil {
			continue // a Struct with a value that has no JSON form
		}
		back := &appv1.App{}
		if err := protojson.Unmarshal(text, back); err != nil || !proto.Equal(app, back) {
			t.Errorf("round %d: %v\n%s", round, err, text)
		}
		read++
	}
	if read < 6 {
		t.Errorf("only %d answers could be written", read)
	}
}
