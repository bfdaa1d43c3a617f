package matrix_test

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// file is a file of decisions: an office that all its cases begin with, and the cases.
type file struct {
	Office world      `yaml:"office"`
	Cases  []decision `yaml:"cases"`
}

// decision is one case: what is different in its office, and what happens there.
type decision struct {
	Name   string `yaml:"name"`
	world  `yaml:",inline"`
	Script []act `yaml:"script"`
}

// world is an office: an app with an entitlement in it, and the people around. Everything goes by the names given here.
type world struct {
	People      map[string]person      `yaml:"people"`
	Groups      map[string]group       `yaml:"groups"`      // entitlements whose holders count
	Owners      map[string][]string    `yaml:"owners"`      // of app, entitlement and resource: people and groups
	Entitlement entitlement            `yaml:"entitlement"` // what is asked for
	Policies    map[string]policyPaper `yaml:"policies"`    // grant, revoke and emergency are those of the entitlement
	Delegations []window               `yaml:"delegations"`
	Waits       moment                 `yaml:"waits"` // how long requests may wait that are made from then on
}

// over is w with what o says in its place: maps name by name, lists and the entitlement as a whole.
func (w world) over(o world) world {
	w.People, w.Groups, w.Owners, w.Policies = both(w.People, o.People), both(w.Groups, o.Groups), both(w.Owners, o.Owners), both(w.Policies, o.Policies)
	if o.Entitlement != (entitlement{}) {
		w.Entitlement = o.Entitlement
	}
	if o.Waits.set {
		w.Waits = o.Waits
	}
	if o.Delegations != nil {
		w.Delegations = o.Delegations
	}
	return w
}

func both[V any](a, b map[string]V) map[string]V {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]V{}
	}
	maps.Copy(all, b)
	return all
}

type person struct {
	Managers   []string `yaml:"managers"`
	Admin      bool     `yaml:"admin"`  // a Super Administrator
	Status     string   `yaml:"status"` // enabled, disabled or deleted
	Department string   `yaml:"department"`
}

// group has holders, each until a moment or always, and a crowd of people without names.
type group struct {
	Holders map[string]moment `yaml:"holders"`
	Crowd   int               `yaml:"crowd"`
}

type entitlement struct {
	Longest   moment `yaml:"longest"` // that it is given for
	Emergency bool   `yaml:"emergency"`
}

// window is a delegation: to answers for who, instead (reassign) or beside (add), in [from, until).
type window struct {
	Who   string `yaml:"who"`
	To    string `yaml:"to"`
	Mode  string `yaml:"mode"`
	From  moment `yaml:"from"`
	Until moment `yaml:"until"`
}

type policyPaper struct {
	Kind     string                 `yaml:"kind"` // grant (also where it is empty), revoke or certify
	Steps    []stepPaper            `yaml:"steps"`
	Baseline string                 `yaml:"baseline"` // another policy instead of steps
	Lists    map[string][]stepPaper `yaml:"lists"`    // steps that rules name
	Rules    []struct {
		If     string `yaml:"if"`
		List   string `yaml:"list"`
		Policy string `yaml:"policy"`
	} `yaml:"rules"`
}

// stepPaper is a step. $name in an expression is the id of what has that name; $app and $entitlement too.
type stepPaper struct {
	Approval  *approvalPaper `yaml:"approval"`
	Accept    string         `yaml:"accept"` // the message
	Reject    string         `yaml:"reject"`
	Wait      *waitPaper     `yaml:"wait"`
	Provision *struct {
		By    string   `yaml:"by"`
		Users []string `yaml:"users"`
	} `yaml:"provision"`
}

type approvalPaper struct {
	By           string           `yaml:"by"`
	Users        []string         `yaml:"users"`
	Group        string           `yaml:"group"`
	Expressions  []string         `yaml:"expressions"`
	Slots        []string         `yaml:"slots"`  // manager, item, "owners of" app, entitlement or resource, "holders of" a group, or a person
	Quorum       string           `yaml:"quorum"` // any or all
	Self         bool             `yaml:"self"`
	Distinct     bool             `yaml:"distinct"`
	Delegation   bool             `yaml:"delegation"`
	Reassignment bool             `yaml:"reassignment"`
	Reassignees  []string         `yaml:"reassignees"`
	Reasons      []string         `yaml:"reasons"` // for approve, deny, reassign
	Fallback     *fallbackPaper   `yaml:"fallback"`
	Escalation   *escalationPaper `yaml:"escalation"`
}

type fallbackPaper struct {
	Off    bool     `yaml:"off"`
	Users  []string `yaml:"users"`
	Groups []string `yaml:"groups"`
}

type escalationPaper struct {
	After  moment   `yaml:"after"`
	Do     string   `yaml:"do"` // as policy.EscalationKind
	To     []string `yaml:"to"`
	Policy string   `yaml:"policy"`
	Off    bool     `yaml:"off"`
}

type waitPaper struct {
	For     moment `yaml:"for"`
	Until   string `yaml:"until"` // "15:04"
	Zone    string `yaml:"zone"`
	If      string `yaml:"if"`
	Timeout moment `yaml:"timeout"`
}

// act is one thing that happens, and what must be true of the task afterwards. The clock moves first.
type act struct {
	At     *moment           `yaml:"at"`     // since the case began; what falls due on the way is done
	Asleep bool              `yaml:"asleep"` // nothing that falls due is done
	Verb   map[string]string `yaml:",inline"`
	Change *world            `yaml:"change"`

	Task    string   `yaml:"task"` // which one: as it was called, or "taken": the last revocation; empty: the last asked for
	As      string   `yaml:"as"`   // what a task is called that is asked for
	For     string   `yaml:"for"`  // whom
	To      []string `yaml:"to"`
	Lasting moment   `yaml:"lasting"`
	Urgent  bool     `yaml:"urgent"`
	Silent  bool     `yaml:"silent"` // no reason is given
	Stale   bool     `yaml:"stale"`  // about the step that was open first

	Refused  string              `yaml:"refused"`
	Eligible *[]string           `yaml:"eligible"` // "linus for grace as owner of the app"; nobody else
	Tier     string              `yaml:"tier"`
	Step     int                 `yaml:"step"` // of the plan, the first is 1
	Outcome  string              `yaml:"outcome"`
	Decided  string              `yaml:"decided"` // "linus for grace"
	Grant    string              `yaml:"grant"`   // none, always, "until 2h"
	Audit    []string            `yaml:"audit"`   // entries that the act brought
	NoAudit  []string            `yaml:"no audit"`
	May      map[string][]string `yaml:"may"` // what somebody may do now, among other things
	MayNot   map[string][]string `yaml:"may not"`
}

// moment is a time since the case began, or how long something lasts. "just before 2h" is a microsecond less; "always" and what is not
// written are none.
type moment struct {
	set  bool
	span time.Duration
}

// UnmarshalYAML implements [yaml.Unmarshaler].
func (m *moment) UnmarshalYAML(n *yaml.Node) error {
	text, before := strings.CutPrefix(n.Value, "just before ")
	if n.Kind != yaml.ScalarNode || n.Value == "always" {
		return nil
	}
	span, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("line %d: %w", n.Line, err)
	}
	if before {
		span -= time.Microsecond
	}
	*m = moment{true, span}
	return nil
}

// after is the moment itself, zero for none.
func (m moment) after(began time.Time) time.Time {
	if !m.set {
		return time.Time{}
	}
	return began.Add(m.span)
}
