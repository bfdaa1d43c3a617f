package compat

import (
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	_ "github.com/interim-access/interim/gen/c1/webhooks/v1" // what we send, which no door takes
	interimauthv1 "github.com/interim-access/interim/gen/interim/auth/v1"
	_ "github.com/interim-access/interim/internal/api/c1" // both doors, for the protos they serve
	_ "github.com/interim-access/interim/internal/api/interim"
)

// methods lists the linked methods of the packages that begin with a prefix, by full name.
func methods(t *testing.T, prefixes ...string) []protoreflect.MethodDescriptor {
	t.Helper()
	var list []protoreflect.MethodDescriptor
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(string(file.Package()), p) }) {
			for i := range file.Services().Len() {
				service := file.Services().Get(i)
				for j := range service.Methods().Len() {
					list = append(list, service.Methods().Get(j))
				}
			}
		}
		return true
	})
	if len(list) == 0 {
		t.Fatalf("no methods of %v are linked", prefixes)
	}
	slices.SortFunc(list, func(a, b protoreflect.MethodDescriptor) int {
		return strings.Compare(string(a.FullName()), string(b.FullName()))
	})
	return list
}

// ruleOf is who may call a method; nil when it does not say.
func ruleOf(m protoreflect.MethodDescriptor) *interimauthv1.Rule {
	rule, _ := proto.GetExtension(m.Options(), interimauthv1.E_Rule).(*interimauthv1.Rule)
	return rule
}

// route is the HTTP rule of a method.
func route(m protoreflect.MethodDescriptor) (verb, path, body string) {
	rule, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
	switch pattern := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		return http.MethodGet, pattern.Get, rule.GetBody()
	case *annotations.HttpRule_Post:
		return http.MethodPost, pattern.Post, rule.GetBody()
	case *annotations.HttpRule_Put:
		return http.MethodPut, pattern.Put, rule.GetBody()
	case *annotations.HttpRule_Patch:
		return http.MethodPatch, pattern.Patch, rule.GetBody()
	case *annotations.HttpRule_Delete:
		return http.MethodDelete, pattern.Delete, rule.GetBody()
	}
	return "", "", ""
}

// A proto that no door serves would escape every check here.
func TestEveryProtoIsLinked(t *testing.T) {
	protos := os.DirFS("../../proto")
	count := 0
	err := fs.WalkDir(protos, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".proto") {
			return err
		}
		count++
		if _, err := protoregistry.GlobalFiles.FindFileByPath(path); err != nil {
			t.Errorf("proto/%s is served by neither door", path)
		}
		return nil
	})
	if err != nil || count == 0 {
		t.Fatalf("found %d protos: %v", count, err)
	}
}

func TestEveryOperationSaysWhoMayCallIt(t *testing.T) {
	routes := map[string]protoreflect.FullName{}
	for _, m := range methods(t, "c1.", "interim.") {
		switch rule := ruleOf(m); {
		case rule.GetAccess() == interimauthv1.Access_ACCESS_UNSPECIFIED:
			t.Errorf("%s has no rule", m.FullName())
		case rule.GetAccess() != interimauthv1.Access_PERMISSION && rule.GetPermission() != "":
			t.Errorf("%s names a permission that its access %v does not ask for", m.FullName(), rule.GetAccess())
		case rule.GetAccess() == interimauthv1.Access_PERMISSION && rule.GetPermission() != "permission/"+string(m.FullName()):
			t.Errorf("%s asks for %q", m.FullName(), rule.GetPermission())
		}
		verb, path, _ := route(m)
		if verb == "" {
			t.Errorf("%s has no route", m.FullName())
		}
		key := verb + " " + shapeOf(path)
		if other, taken := routes[key]; taken {
			t.Errorf("%s and %s share %s", m.FullName(), other, key)
		}
		routes[key] = m.FullName()
	}
}
