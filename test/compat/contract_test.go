package compat

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"testing"
)

// record is where the contract lies when it is there: beside the checkout.
const record = "../../../shared/contract/c1.json"

// contract is the recorded facts of the C1 API. Its members are described in the record itself.
type contract struct {
	Ops     []*contractOp              `json:"ops"`
	Schemas map[string]*contractSchema `json:"schemas"`
}

type contractOp struct {
	Verb       string  `json:"m"`
	Path       string  `json:"path"`
	Name       string  `json:"op"` // package.Service.Method
	Params     []param `json:"params"`
	Request    string  `json:"req"` // a schema; "" for GET
	Response   string  `json:"res"` // a schema
	Deprecated flag    `json:"dep"`
}

type contractSchema struct {
	Fields []*contractField    `json:"fields"`
	Oneofs map[string][]string `json:"oneofs"` // group → JSON names, in order
}

type contractField struct {
	Name       string          `json:"json"`
	Type       json.RawMessage `json:"type"` // a word, or a list of words for "anything"
	Format     string          `json:"format"`
	Ref        string          `json:"ref"` // a schema
	Enum       []string        `json:"enum"`
	Oneof      string          `json:"oneof"`
	Map        json.RawMessage `json:"map"` // 1, or the schema of the values
	Inline     json.RawMessage `json:"inline"`
	Array      flag            `json:"array"`
	Any        flag            `json:"any"`
	Nullable   flag            `json:"null"`
	ReadOnly   flag            `json:"ro"`
	Deprecated flag            `json:"dep"`
}

// flag is a 1 that may be missing.
type flag bool

func (f *flag) UnmarshalJSON(raw []byte) error {
	*f = flag(bytes.Equal(raw, []byte("1")))
	return nil
}

// param is a path or query parameter, recorded as [in, name, type, required, enum?].
type param struct {
	In, Name, Type string
	Enum           []string
}

func (p *param) UnmarshalJSON(raw []byte) error {
	var required int
	return json.Unmarshal(raw, &[]any{&p.In, &p.Name, &p.Type, &required, &p.Enum})
}

// load reads a recorded contract; nil when the file is not there.
func load(t *testing.T, path string) *contract {
	t.Helper()
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	c := &contract{}
	if err := json.Unmarshal(raw, c); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return c
}

// loadRecord reads the recorded contract, or says that it is absent.
func loadRecord(t *testing.T) (*contract, bool) {
	t.Helper()
	c := load(t, record)
	if c == nil {
		t.Logf("nothing compared: there is no contract folder beside the checkout (%s)", record)
	}
	return c, c != nil
}

func TestContract(t *testing.T) {
	c, ok := loadRecord(t)
	if !ok {
		return
	}
	served, declared := 0, 0
	for _, m := range methods(t, "c1.") {
		declared++
		if !ruleOf(m).GetNotServed() {
			served++
		}
	}
	for _, difference := range c.compare(methods(t, "c1.")) {
		t.Error(difference)
	}
	t.Logf("contract: %d operations; %d served, %d answer 501 (%d of them declared in the protos)",
		len(c.Ops), served, len(c.Ops)-served, declared-served)
}
