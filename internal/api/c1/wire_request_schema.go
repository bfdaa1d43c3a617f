package c1

import (
	"bytes"
	"encoding/json"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	formv1 "github.com/interim-access/interim/gen/c1/api/form/v1"
	requestschemav1 "github.com/interim-access/interim/gen/c1/api/request_schema/v1"
	"github.com/interim-access/interim/internal/govern/catalog"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

const justifyPrefix = "JUSTIFICATION_VISIBILITY_"

func encodeSchema(v catalog.Schema) *requestschemav1.RequestSchema {
	return &requestschemav1.RequestSchema{
		Id:   KSUID(v.ID),
		Form: EncodeForm(v),
		JustificationVisibility: EnumValue[requestschemav1.JustificationVisibility](
			requestschemav1.JustificationVisibility_value, justifyPrefix, v.Justification),
		CreatedAt:  Moment(v.CreatedAt),
		ModifiedAt: Moment(v.UpdatedAt),
		DeletedAt:  Moment(v.DeletedAt),
	}
}

// EncodeForm shows the form of a schema, with the schema's id. What is stored came through decodeForm; a member that a later release
// has dropped is left out.
func EncodeForm(v catalog.Schema) *formv1.Form {
	f := &formv1.Form{}
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(v.Form, f); err != nil {
		return nil
	}
	f.Id = KSUID(v.ID)
	return f
}

// checkFormName refuses what a new form is called, in the words of its creation.
func checkFormName(name, description string) error {
	if strings.TrimSpace(name) == "" {
		return fault.InvalidField("name", "is required: 1 to %d characters", catalog.MaxName)
	}
	return firstError(text.Line("name", name), CheckText("name", name, catalog.MaxName),
		text.Block("description", description), CheckText("description", description, catalog.MaxDescription))
}

// decodeForm turns a form into what is stored: the API's spelling, without its id.
func decodeForm(field string, f *formv1.Form) (json.RawMessage, error) {
	if f == nil {
		return nil, fault.InvalidField(field, "is required")
	}
	if err := CheckText(field+".id", f.GetId(), len("287oY0rG4UirjDNFEYguMBvxyim")); err != nil {
		return nil, err
	}
	f = proto.Clone(f).(*formv1.Form)
	f.Id = ""
	err := checkEach(field, f.ProtoReflect(), func(at, s string) error {
		return firstError(text.Block(at, s), CheckText(at, s, catalog.MaxValue))
	})
	if err != nil {
		return nil, err
	}
	raw, err := protojson.Marshal(f)
	if err != nil {
		return nil, fault.InvalidField(field, "is not valid text")
	}
	var compact bytes.Buffer // protojson spaces its output at random
	if err := json.Compact(&compact, raw); err != nil {
		return nil, err
	}
	return compact.Bytes(), nil
}
