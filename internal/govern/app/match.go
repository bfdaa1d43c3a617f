package app

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/expr"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Limits of how a directory finds the users of its accounts.
const (
	MaxMatchCases = 8    // ways to match
	MaxMatchText  = 1024 // characters of an expression
	MaxMatchKey   = 256  // characters of a key; a longer one counts as failed
)

// Matching says which accounts of a directory identify users, and which users those are. The zero value: all accounts do, by the e-mail
// address.
//
// It acts when a connector reads the accounts. What it finds is only ever added: an account that the filter leaves out, whose keys match
// nobody or several, or cannot be worked out, stays with whoever holds it. The threat: a filter or a key with a slip in it, which would
// take everybody's access at the next reading.
type Matching struct {
	Filter string      `json:"filter,omitempty"`     // CEL over the account, true for those that count; empty: all
	Cases  []MatchCase `json:"matchCases,omitempty"` // at most [MaxMatchCases]; none: by the e-mail address
}

// MatchCase is one way to match: an account is a user's if both expressions answer the same text, which is not blank, and they do so
// for no other user. Texts are compared as they are. The first case that finds one user wins.
type MatchCase struct {
	Account string `json:"appUserKeyCel"`
	User    string `json:"userKeyCel"`
}

func (m Matching) equal(o Matching) bool {
	return m.Filter == o.Filter && slices.Equal(m.Cases, o.Cases)
}

// Validate answers Invalid, naming the field as the API does and the place in the text, for the first expression that could never be
// worked out.
func (m Matching) Validate() error {
	_, err := m.compile()
	return err
}

// Doubt says why an account with a [Matching] has found nobody although it should have.
type Doubt string

// The doubts.
const (
	Ambiguous Doubt = "AMBIGUOUS" // its key is that of several users
	Failed    Doubt = "FAILED"    // an expression could not be worked out for it
)

// matcher is a compiled [Matching].
type matcher struct {
	filter *expr.Program // nil: all
	cases  []matching
}

type matching struct{ account, user *expr.Program }

func (m Matching) compile() (out matcher, err error) {
	see, err := sights()
	if err != nil {
		return out, err
	}
	if m.Filter != "" {
		if out.filter, err = compiled("celExpression.expression", see.filter, m.Filter); err != nil {
			return out, err
		}
	}
	if len(m.Cases) > MaxMatchCases {
		return out, fault.InvalidField("mergeConfig.matchCases", "has %d entries; at most %d are allowed", len(m.Cases), MaxMatchCases)
	}
	out.cases = make([]matching, len(m.Cases))
	for i, c := range m.Cases {
		at := fmt.Sprintf("mergeConfig.matchCases[%d].", i)
		if out.cases[i].account, err = compiled(at+"appUserKeyCel", see.account, c.Account); err != nil {
			return out, err
		}
		if out.cases[i].user, err = compiled(at+"userKeyCel", see.user, c.User); err != nil {
			return out, err
		}
	}
	return out, nil
}

func compiled(field string, env *expr.Env, text string) (*expr.Program, error) {
	if strings.TrimSpace(text) == "" {
		return nil, fault.InvalidField(field, "is required")
	}
	if err := length(field, text, MaxMatchText); err != nil {
		return nil, err
	}
	p, err := env.Compile(text)
	if bad, ok := errors.AsType[*expr.Error](err); ok {
		m := bad.Markers[0]
		return nil, fault.InvalidField(field, "line %d, column %d: %s", m.StartLine, m.StartColumn, m.Message)
	}
	return p, err
}

// counts reports whether the filter lets an account identify a user; one for which it fails does not.
func (m matcher) counts(a Account, now time.Time) (counts, failed bool, err error) {
	if m.filter == nil {
		return true, false, nil
	}
	v, failed, err := worked(m.filter, accountVars(a), now)
	counts, _ = v.(bool)
	return counts, failed, err
}

// keyOf is what an expression answers as a key; "" if it answers none.
func keyOf(p *expr.Program, vars map[string]any, now time.Time) (key string, failed bool, err error) {
	v, failed, err := worked(p, vars, now)
	key, _ = v.(string)
	if strings.TrimSpace(key) == "" {
		return "", failed, err
	}
	if utf8.RuneCountInString(key) > MaxMatchKey {
		return "", true, err
	}
	return key, failed, err
}

// worked is the answer of a program; failed if there is none, which is the expression's fault or that of what it sees.
func worked(p *expr.Program, vars map[string]any, now time.Time) (v any, failed bool, err error) {
	v, err = p.Eval(expr.Input{Now: now, Vars: vars})
	if _, bad := errors.AsType[*expr.Error](err); bad {
		return nil, true, nil
	}
	return v, false, err
}

// candidate is the user whom a key names, as they were when it was worked out.
type candidate struct {
	user    directory.UserID
	version int64
	several bool
}

// identity is what a [Matching] says of an account that is read.
type identity struct {
	user    directory.UserID // empty: nobody
	version int64            // of the user, when their keys were worked out
	doubt   Doubt
}
