package guard_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	authv1 "github.com/interim-access/interim/gen/interim/auth/v1"
	_ "github.com/interim-access/interim/internal/api/c1" // both doors, for the protos they serve
	"github.com/interim-access/interim/internal/api/guard"
	_ "github.com/interim-access/interim/internal/api/interim"
	"github.com/interim-access/interim/internal/api/opal"
	"github.com/interim-access/interim/internal/govern/iam"
)

func TestThePermissionTableIsThatOfTheContract(t *testing.T) {
	rules, err := guard.Declared(protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	var declared []string
	for _, r := range rules {
		if r.Access == guard.Permission {
			declared = append(declared, r.Permission)
		}
	}
	slices.Sort(declared)
	all := iam.AllPermissions()
	for _, p := range declared {
		if !slices.Contains(all, p) {
			t.Errorf("builtin.csv lacks %s", p)
		}
	}
	others, err := opal.Known() // declares its rules itself: its messages are no protobuf
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if _, known := others[strings.TrimPrefix(p, "permission/")]; !known && !slices.Contains(declared, p) {
			t.Errorf("builtin.csv has %s, which no method declares", p)
		}
	}
}

func TestEveryMethodDeclaresARuleThatMakesSense(t *testing.T) {
	own := &authv1.Rule{Access: authv1.Access_PERMISSION, Permission: "permission/c1.api.test.v1.Things.Get"}
	for name, c := range map[string]struct {
		rule *authv1.Rule
		want string // "" for none
	}{
		"with a permission":            {own, ""},
		"public":                       {&authv1.Rule{Access: authv1.Access_PUBLIC}, ""},
		"none at all":                  {nil, "declares no"},
		"without access":               {&authv1.Rule{Permission: own.GetPermission()}, "does not say"},
		"of an access nobody knows":    {&authv1.Rule{Access: 99}, "unknown access"},
		"with another's permission":    {&authv1.Rule{Access: authv1.Access_PERMISSION, Permission: "permission/c1.api.test.v1.Things.List"}, "want"},
		"without its permission":       {&authv1.Rule{Access: authv1.Access_PERMISSION}, "want"},
		"public and with a permission": {&authv1.Rule{Access: authv1.Access_PUBLIC, Permission: own.GetPermission()}, "not asked for"},
	} {
		t.Run(name, func(t *testing.T) {
			options := &descriptorpb.MethodOptions{}
			if c.rule != nil {
				proto.SetExtension(options, authv1.E_Rule, c.rule)
			}
			rules, err := guard.Declared(files(t, "c1.api.test.v1", options))
			if c.want == "" {
				if _, ok := rules.Find("/c1.api.test.v1.Things/Get"); err != nil || !ok {
					t.Errorf("got %v, %v", rules, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "/c1.api.test.v1.Things/Get") {
				t.Errorf("got %v, want …%s…", err, c.want)
			}
		})
	}
	if rules, err := guard.Declared(files(t, "somebody.elses", &descriptorpb.MethodOptions{})); err != nil || len(rules) != 0 {
		t.Errorf("protos of others: %v, %v", rules, err)
	}
}

// files are a registry with one service of one method.
func files(t *testing.T, pkg string, options *descriptorpb.MethodOptions) *protoregistry.Files {
	t.Helper()
	f, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: new("test.proto"), Package: new(pkg), Syntax: new("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{{Name: new("Empty")}},
		Service: []*descriptorpb.ServiceDescriptorProto{{Name: new("Things"), Method: []*descriptorpb.MethodDescriptorProto{{
			Name: new("Get"), InputType: new("." + pkg + ".Empty"), OutputType: new("." + pkg + ".Empty"), Options: options,
		}}}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var r protoregistry.Files
	if err := r.RegisterFile(f); err != nil {
		t.Fatal(err)
	}
	return &r
}

func TestKnownOperationsDoNotReplaceDeclaredOnes(t *testing.T) {
	rules := guard.Rules{"/a.v1.B/C": {Access: guard.Permission, Permission: "permission/a.v1.B.C"}}
	rules.Known("a.v1.B.C", "a.v1.B.D")
	rules.Open("/grpc.health.v1.Health/Check")
	if r, _ := rules.Find("/a.v1.B/C"); r.NotServed {
		t.Error("a served operation is not served any more")
	}
	if r, ok := rules.Find("/a.v1.B/D"); !ok || !r.NotServed || r.Access != guard.Authenticated {
		t.Errorf("known operation: %+v, %v", r, ok)
	}
	if r, _ := rules.Find("/grpc.health.v1.Health/Check"); r.Access != guard.Public {
		t.Errorf("health: %+v", r)
	}
}
