package compat

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/api/opal"
)

// opalRecord is where the recorded facts of the Opal API lie when they are there: beside the checkout.
const opalRecord = "../../../shared/contract/opal.json"

// opalContract is one of the two parts of the record: the operations of one edition of the specification, and what the others have
// besides.
type opalContract struct {
	Operations []opalOp     `json:"operations"`
	Schemas    []opalSchema `json:"schemas"`
}

type opalOp struct {
	Verb      string             `json:"method"`
	Path      string             `json:"path"`
	ID        string             `json:"operationId"`
	Params    []opalField        `json:"params"`
	Request   string             `json:"request"`   // a schema
	Responses map[string]*string `json:"responses"` // by status: a schema, "[schema]", or nothing
}

type opalSchema struct {
	Name     string      `json:"name"`
	Enum     []string    `json:"enum"`
	Required []string    `json:"required"`
	Fields   []opalField `json:"fields"`
}

type opalField struct {
	In       string          `json:"in"`
	Name     string          `json:"name"` // of a parameter
	JSON     string          `json:"json"` // of a member
	Type     string          `json:"type"`
	Format   string          `json:"format"`
	Ref      string          `json:"ref"`
	Enum     []any           `json:"enum"` // of words, or of numbers
	Nullable bool            `json:"nullable"`
	Array    json.RawMessage `json:"array"`
}

// described is what this API's own description says.
type described struct {
	Paths      map[string]map[string]*describedOp `json:"paths"`
	Components struct {
		Schemas map[string]*describedSchema `json:"schemas"`
	} `json:"components"`
}

type describedOp struct {
	Name       string `json:"operationId"`
	Parameters []struct {
		In, Name string
	} `json:"parameters"`
	RequestBody *describedBody            `json:"requestBody"`
	Responses   map[string]*describedBody `json:"responses"`
}

type describedBody struct {
	Content map[string]struct {
		Schema *describedSchema `json:"schema"`
	} `json:"content"`
}

type describedSchema struct {
	Ref        string                      `json:"$ref"`
	Properties map[string]*describedSchema `json:"properties"`
	Items      *describedSchema            `json:"items"`
	Enum       []string                    `json:"enum"`
}

func (d *described) at(s *describedSchema) *describedSchema {
	for s != nil && s.Ref != "" {
		s = d.Components.Schemas[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]]
	}
	if s != nil && s.Items != nil {
		return d.at(s.Items)
	}
	return s
}

func body(b *describedBody) *describedSchema {
	if b == nil {
		return nil
	}
	return b.Content["application/json"].Schema
}

// opalDifferences compares what is served with the record.
type opalDifferences struct {
	schemas map[string]opalSchema
	mine    *described
	found   []string
}

func (c *opalDifferences) say(format string, args ...any) {
	c.found = append(c.found, fmt.Sprintf(format, args...))
}

// operation compares one operation that is served.
func (c *opalDifferences) operation(o opalOp) {
	mine := c.mine.Paths[o.Path][strings.ToLower(o.Verb)]
	where := o.Verb + " " + o.Path
	if mine == nil {
		c.say("%s is not described", where)
		return
	}
	for _, p := range o.Params {
		if p.In == "query" && !slices.ContainsFunc(mine.Parameters, func(m struct{ In, Name string }) bool {
			return m.In == "query" && m.Name == p.Name
		}) {
			c.say("%s does not take %s", where, p.Name)
		}
	}
	if o.Request != "" {
		c.schema(where+" request", o.Request, body(mine.RequestBody), nil)
	}
	for status, name := range o.Responses {
		if status[0] != '2' || len(o.Responses) > 1 && status == "204" {
			continue
		}
		answer, ok := mine.Responses[status]
		if !ok {
			c.say("%s does not answer %s", where, status)
			continue
		}
		if name != nil && *name != "any" {
			c.schema(where+" "+status, strings.Trim(*name, "[]"), body(answer), nil)
		}
	}
}

// schema compares the members of an object, and of those below.
func (c *opalDifferences) schema(where, name string, mine *describedSchema, above []string) {
	theirs, ok := c.schemas[name]
	if !ok || slices.Contains(above, name) || strings.Contains(name, "RemoteInfo") {
		return
	}
	if mine = c.mine.at(mine); mine == nil {
		c.say("%s: there is no %s", where, name)
		return
	}
	for _, e := range mine.Enum {
		if len(theirs.Enum) > 0 && !slices.Contains(theirs.Enum, e) {
			c.say("%s: %s is no value of %s", where, e, name)
		}
	}
	for _, f := range theirs.Fields {
		member, ok := mine.Properties[f.JSON]
		if !ok {
			c.say("%s: %s has no %s", where, name, f.JSON)
			continue
		}
		if f.Ref != "" {
			c.schema(where+"."+f.JSON, f.Ref, member, append(above, name))
		}
	}
}

// readOpal reads the recorded facts, schemas by name and operations; nil where they are not there.
func readOpal(t *testing.T) (map[string]opalSchema, []opalOp) {
	t.Helper()
	raw, err := os.ReadFile(opalRecord)
	if errors.Is(err, fs.ErrNotExist) {
		t.Logf("nothing compared: there is no contract folder beside the checkout (%s)", opalRecord)
		return nil, nil
	}
	var record struct {
		opalContract
		Supplement opalContract `json:"supplement"`
	}
	if err == nil {
		err = json.Unmarshal(raw, &record)
	}
	if err != nil {
		t.Fatal(err)
	}
	schemas := map[string]opalSchema{}
	for _, s := range slices.Concat(record.Schemas, record.Supplement.Schemas) {
		schemas[s.Name] = s
	}
	return schemas, slices.Concat(record.Operations, record.Supplement.Operations)
}

func TestOpalContract(t *testing.T) {
	record, all := readOpal(t)
	if record == nil {
		return
	}
	door, err := opal.New(&opal.Deps{}, "test")
	if err != nil {
		t.Fatal(err)
	}
	known, err := opal.Known()
	if err != nil {
		t.Fatal(err)
	}
	c := &opalDifferences{schemas: record, mine: &described{}}
	text, err := door.OpenAPI()
	if err == nil {
		err = json.Unmarshal(text, c.mine)
	}
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{} // "VERB /path" → our name
	for name, k := range known {
		names[k.Verb+" "+k.Path] = name
	}
	served := 0
	for _, o := range all {
		name, ok := names[o.Verb+" "+o.Path]
		switch {
		case !ok:
			c.say("%s %s (%s) is not known", o.Verb, o.Path, o.ID)
		case door.Served(name):
			served++
			c.operation(o)
		}
	}
	if len(known) != len(all) {
		c.say("%d operations are known, the record has %d", len(known), len(all))
	}
	for _, difference := range c.found {
		t.Error(difference)
	}
	t.Logf("Opal contract: %d operations; %d served, %d answer 501", len(all), served, len(all)-served)
}
