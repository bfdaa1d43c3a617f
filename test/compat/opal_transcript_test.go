package compat

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// opalTranscripts are what the tests of the door saw it answer.
const opalTranscripts = "../../internal/api/opal/testdata/*.golden"

var (
	asked    = regexp.MustCompile(`(?m)^(GET|POST|PUT|DELETE) (\S+)$`)
	answered = regexp.MustCompile(`(?ms)^(\d{3})(?: (.*))?\z`)
	shownID  = regexp.MustCompile(`^(<.+>|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)
	elided   = regexp.MustCompile(`(?m)(": )(<[^>]*>)(,?)$`) // what differs from run to run, where no string is
)

// TestOpalContractOfAnswers compares answers as they were given: a client whose enums are closed, or that wants a member to be there or not
// to be null, fails on the whole of one, whatever the description says.
func TestOpalContractOfAnswers(t *testing.T) {
	schemas, all := readOpal(t)
	if schemas == nil {
		return
	}
	files, err := filepath.Glob(opalTranscripts)
	if err != nil || len(files) == 0 {
		t.Fatal("no transcripts", err)
	}
	seen := map[string]bool{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for part := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n\n") {
			question := asked.FindStringSubmatchIndex(part)
			if question == nil {
				continue
			}
			verb, path := part[question[2]:question[3]], part[question[4]:question[5]]
			answer := answered.FindStringSubmatch(part[question[1]:])
			if answer == nil {
				t.Errorf("%s: no answer to %s %s", name, verb, path)
				continue
			}
			c := &answerCheck{schemas: schemas, where: filepath.Base(name) + ": " + verb + " " + path + " " + answer[1]}
			if o := c.operation(all, verb, path, answer[1], elided.ReplaceAllString(answer[2], `$1"$2"$3`)); o != "" {
				seen[o] = true
			}
			for _, found := range c.found {
				t.Error(found)
			}
		}
	}
	t.Logf("Opal contract: the answers to %d operations compared", len(seen))
}

// answerCheck compares one answer with the record.
type answerCheck struct {
	schemas map[string]opalSchema
	where   string
	found   []string
}

func (c *answerCheck) say(format string, args ...any) {
	if said := c.where + ": " + fmt.Sprintf(format, args...); !slices.Contains(c.found, said) {
		c.found = append(c.found, said)
	}
}

// operation compares an answer to the operation of that path, and names it; none for the paths of earlier editions.
func (c *answerCheck) operation(all []opalOp, verb, path, status, text string) string {
	path, _, _ = strings.Cut(path, "?")
	parts := strings.Split(strings.Trim(path, "/"), "/")
	var of *opalOp
	fixed := -1
	for n, o := range all {
		if same := samePath(strings.Split(strings.Trim(o.Path, "/"), "/"), parts); o.Verb == verb && same > fixed {
			of, fixed = &all[n], same
		}
	}
	if of == nil {
		return ""
	}
	var body any
	if text != "" {
		if err := json.Unmarshal([]byte(text), &body); err != nil {
			c.say("not JSON: %v", err)
			return ""
		}
	}
	name, known := of.Responses[status]
	switch {
	case status[0] != '2':
		if f, ok := body.(map[string]any); !ok || len(f) != 2 || fmt.Sprint(f["code"]) != status || f["message"] == nil {
			c.say("a failure is not {code, message}")
		}
	case !known:
		c.say("no such status in the record")
	case name != nil && *name != "any":
		c.value("", opalField{Ref: strings.Trim(*name, "[]"), Array: ifList(*name)}, body)
	}
	return of.ID
}

// samePath is how many parts of a path are those of a template, variables aside; -1 where it is another path.
func samePath(template, path []string) int {
	if len(template) != len(path) {
		return -1
	}
	same := 0
	for n, part := range template {
		switch {
		case part == path[n]:
			same++
		case part[0] != '{':
			return -1
		}
	}
	return same
}

func ifList(name string) json.RawMessage {
	if name[0] == '[' {
		return json.RawMessage("true")
	}
	return nil
}

// value compares a member with what the record says of it.
func (c *answerCheck) value(at string, f opalField, v any) {
	list, isList := v.([]any)
	switch {
	case v == nil && !f.Nullable:
		c.say("%s is null", at)
	case v == nil:
	case f.Array != nil && !isList:
		c.say("%s is no list", at)
	case f.Array != nil:
		f.Array = nil
		for _, one := range list {
			c.value(at, f, one)
		}
	case f.Ref != "":
		c.object(at, c.schemas[f.Ref], v)
	case len(f.Enum) > 0:
		if !slices.Contains(f.Enum, v) {
			c.say("%s: %v is none of the words that clients know", at, v)
		}
	case f.Format == "uuid" && !isID(v):
		c.say("%s is no UUID: %v", at, v)
	default:
		_, isText := v.(string)
		_, isNumber := v.(float64)
		_, isFlag := v.(bool)
		if f.Type == "string" && !isText || f.Type == "integer" && !isNumber || f.Type == "boolean" && !isFlag {
			c.say("%s is no %s: %v", at, f.Type, v)
		}
	}
}

// isID reports whether v is an identity: transcripts show those by name.
func isID(v any) bool {
	s, _ := v.(string)
	return shownID.MatchString(s)
}

func (c *answerCheck) object(at string, s opalSchema, v any) {
	if len(s.Enum) > 0 {
		if word, ok := v.(string); !ok || !slices.Contains(s.Enum, word) {
			c.say("%s: %v is none of the words that clients know", at, v)
		}
		return
	}
	members, ok := v.(map[string]any)
	if !ok {
		if len(s.Fields) > 0 {
			c.say("%s is no %s", at, s.Name)
		}
		return
	}
	for _, name := range s.Required {
		if _, ok := members[name]; !ok && !strings.Contains(s.Name, "RemoteInfo") {
			c.say("%s lacks %s, which %s requires", at, name, s.Name)
		}
	}
	for _, f := range s.Fields {
		if v, ok := members[f.JSON]; ok {
			c.value(at+"."+f.JSON, f, v)
		}
	}
}
