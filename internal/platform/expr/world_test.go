package expr

import (
	"fmt"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/platform/fault"
)

type person struct {
	id, name, title string
	tags            map[string]string
}

// world is an environment with a bit of everything, and what its expressions get: 3,000 words, one person.
func world(t testing.TB) (*Env, Input) {
	t.Helper()
	shape := NewShape("test.Person",
		FieldOf("id", String, func(p person) any { return p.id }),
		FieldOf("name", String, func(p person) any { return p.name }),
		FieldOf("job_title", String, func(p person) any { return p.title }),
		FieldOf("tags", MapOf(String), func(p person) any { return p.tags }),
	)
	e, err := New(Declaration{
		Shapes:    []*Shape{shape},
		Variables: []Variable{{"subject", shape.Type}, {"words", ListOf(String)}, {"people", ListOf(shape.Type)}},
		Constants: map[string]int64{"Level.HIGH": 3},
		Functions: []Function{
			{"find", []Overload{{Args: []Type{String}, Result: String, Cost: 100, With: func(in Input, args []any) (any, error) {
				found, _ := in.State.(func(string) (any, error))
				return found(args[0].(string))
			}}}},
		},
		Answers: []Type{Bool},
	})
	if err != nil {
		t.Fatal(err)
	}
	words := make([]string, 3000)
	for i := range words {
		words[i] = fmt.Sprintf("word%d", i)
	}
	ada := shape.Of(person{id: "1", name: "Ada", title: "Engineer", tags: map[string]string{"a": "b"}})
	return e, Input{
		Now: time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC),
		Vars: map[string]any{
			"subject": ada, "words": words, "people": Lazy(func() (any, error) { return []any{ada}, nil }),
		},
		State: func(s string) (any, error) {
			switch s {
			case "nobody":
				return nil, fault.New(fault.NotFound, "nobody is called that")
			case "broken":
				return nil, errBroken
			}
			return s, nil
		},
	}
}

var errBroken = fmt.Errorf("the disk is full")
