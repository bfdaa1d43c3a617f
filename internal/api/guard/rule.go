package guard

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	authv1 "github.com/interim-access/interim/gen/interim/auth/v1"
	"github.com/interim-access/interim/internal/govern/iam"
)

// Access is how much a caller must show before an operation runs.
type Access int

// The kinds of access.
const (
	Public        Access = iota + 1 // nothing
	Authenticated                   // any live access token
	Permission                      // a live access token with the rule's permission
)

// Rule says who may call a method.
type Rule struct {
	Permission string // "permission/<proto service>.<Method>"; with Access Permission only
	Access     Access
	NotServed  bool // part of the contract, answered 501 to whoever is signed in
	APITokens  bool // an API token opens it as an access token does; without it, API tokens are no credential here
}

// Rules are the rules of methods by their full name, "/<proto service>/<Method>".
type Rules map[string]Rule

// Find is the rule of a method, if it has one.
func (r Rules) Find(fullMethod string) (Rule, bool) {
	rule, ok := r[fullMethod]
	return rule, ok
}

// Known adds operations of the contract that have no proto here, as "<package>.<Service>.<Method>": they answer 501 to whoever is
// signed in.
func (r Rules) Known(ops ...string) {
	for _, op := range ops {
		dot := max(strings.LastIndexByte(op, '.'), 0)
		method := "/" + op[:dot] + "/" + strings.TrimPrefix(op[dot:], ".")
		if _, declared := r[method]; !declared {
			r[method] = Rule{Access: Authenticated, NotServed: true}
		}
	}
}

// Open makes methods public that other people's protos declare, such as the gRPC health service.
func (r Rules) Open(fullMethods ...string) {
	for _, m := range fullMethods {
		r[m] = Rule{Access: Public}
	}
}

// Declared reads the rules from the protos linked into the binary. An error names a method whose rule is missing or makes no sense;
// the server does not start with one. Only packages of ours are looked at.
func Declared(files *protoregistry.Files) (Rules, error) {
	rules := Rules{}
	var err error
	files.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		if !ours(f.Package()) {
			return true
		}
		for i := range f.Services().Len() {
			methods := f.Services().Get(i).Methods()
			for j := range methods.Len() {
				if err = rules.add(methods.Get(j)); err != nil {
					return false
				}
			}
		}
		return true
	})
	return rules, err
}

func ours(p protoreflect.FullName) bool {
	return strings.HasPrefix(string(p), "c1.api.") || strings.HasPrefix(string(p), "interim.")
}

func (r Rules) add(m protoreflect.MethodDescriptor) error {
	full := fmt.Sprintf("/%s/%s", m.Parent().FullName(), m.Name())
	declared, ok := proto.GetExtension(m.Options(), authv1.E_Rule).(*authv1.Rule)
	if !ok || declared == nil {
		return fmt.Errorf("%s declares no interim.auth.v1.rule", full)
	}
	rule := Rule{Permission: declared.GetPermission(), NotServed: declared.GetNotServed()}
	switch declared.GetAccess() {
	case authv1.Access_PUBLIC:
		rule.Access = Public
	case authv1.Access_AUTHENTICATED:
		rule.Access = Authenticated
	case authv1.Access_PERMISSION:
		rule.Access = Permission
	case authv1.Access_ACCESS_UNSPECIFIED:
		return fmt.Errorf("%s: its rule does not say who has access", full)
	default:
		return fmt.Errorf("%s: its rule has the unknown access %v", full, declared.GetAccess())
	}
	switch want := iam.PermissionOf(full); {
	case rule.Access == Permission && rule.Permission != want:
		return fmt.Errorf("%s: its rule names the permission %q, want %q", full, rule.Permission, want)
	case rule.Access != Permission && rule.Permission != "":
		return fmt.Errorf("%s: its rule names a permission that is not asked for", full)
	}
	r[full] = rule
	return nil
}
