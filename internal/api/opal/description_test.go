package opal_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/interim-access/interim/internal/api/opal"
)

// describe returns the description of the door.
func describe(t *testing.T) map[string]any {
	t.Helper()
	door, err := opal.New(&opal.Deps{}, "test")
	if err != nil {
		t.Fatal(err)
	}
	text, err := door.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	var described map[string]any
	if err := json.Unmarshal(text, &described); err != nil {
		t.Fatal(err)
	}
	return described
}

// eachObject calls visit with every object of a document, and where it is.
func eachObject(at string, v any, visit func(at string, o map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		visit(at, v)
		for name, below := range v {
			eachObject(at+"/"+name, below, visit)
		}
	case []any:
		for n, below := range v {
			eachObject(fmt.Sprint(at, "/", n), below, visit)
		}
	}
}

func TestTheDescriptionNamesNoTypeThatJSONSchemaDoesNotKnow(t *testing.T) {
	known := []any{"string", "integer", "number", "boolean", "array", "object", "null"}
	eachObject("", describe(t), func(at string, o map[string]any) {
		types, isList := o["type"].([]any)
		if o["scheme"] != nil { // how callers are told apart has types of its own
			return
		}
		if one, ok := o["type"].(string); ok {
			types = []any{one}
		} else if !isList {
			return
		}
		for _, name := range types {
			if !slices.Contains(known, name) {
				t.Errorf("%s: there is no type %q", at, name)
			}
		}
	})
}

func TestTheDescriptionSaysThatABodyOfWhichNothingIsRequiredMayBeLeftOut(t *testing.T) {
	described := describe(t)
	schemas := described["components"].(map[string]any)["schemas"].(map[string]any)
	bodies := 0
	eachObject("", described["paths"], func(at string, o map[string]any) {
		body, ok := o["requestBody"].(map[string]any)
		if !ok {
			return
		}
		bodies++
		schema := body["content"].(map[string]any)["application/json"].(map[string]any)["schema"].(map[string]any)
		if ref, ok := schema["$ref"].(string); ok {
			schema = schemas[ref[len("#/components/schemas/"):]].(map[string]any)
		}
		required, _ := schema["required"].([]any)
		if said, _ := body["required"].(bool); said != (len(required) > 0) {
			t.Errorf("%s: the body is required: %v; of it are: %v", at, said, required)
		}
	})
	if bodies == 0 {
		t.Fatal("no bodies")
	}
}

func TestTheDescriptionLetsNoListOfAPageBeNull(t *testing.T) {
	eachObject("", describe(t)["components"], func(at string, o map[string]any) {
		members, _ := o["properties"].(map[string]any)
		if members["next"] == nil && members["cursor"] == nil {
			return
		}
		for name, of := range members {
			if types, _ := of.(map[string]any)["type"].([]any); slices.Contains(types, any("array")) {
				t.Errorf("%s: %s may be null", at, name)
			}
		}
	})
}
