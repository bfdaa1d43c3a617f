package transcode

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	authv1 "github.com/interim-access/interim/gen/interim/auth/v1"
)

var verbs = map[string]bool{
	http.MethodGet: true, http.MethodPost: true, http.MethodPut: true, http.MethodPatch: true, http.MethodDelete: true,
}

// operationsOf resolves the google.api.http annotation of a method, its
// additional bindings included. A method without one has no operations.
func (g *Gateway) operationsOf(method protoreflect.MethodDescriptor, handler grpc.MethodHandler, impl any) ([]*operation, error) {
	rule, _ := proto.GetExtension(method.Options(), annotations.E_Http).(*annotations.HttpRule)
	if rule == nil {
		return nil, nil
	}
	if method.IsStreamingClient() || method.IsStreamingServer() {
		return nil, errors.New("a stream cannot have an HTTP route")
	}
	auth, _ := proto.GetExtension(method.Options(), authv1.E_Rule).(*authv1.Rule)
	service := method.Parent().FullName()
	var list []*operation
	for _, r := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
		op, err := resolve(r, method.Input())
		if err != nil {
			return nil, err
		}
		op.gateway = g
		op.info = &grpc.UnaryServerInfo{Server: impl, FullMethod: "/" + string(service) + "/" + string(method.Name())}
		op.name = string(service) + "." + string(method.Name())
		if !auth.GetNotServed() {
			op.handler = handler
		}
		list = append(list, op)
	}
	return list, nil
}

// unserved makes the operation of the contract that answers 501.
func (g *Gateway) unserved(k Known) *operation {
	return &operation{
		gateway: g, verb: k.Verb, path: k.Path, name: k.Op,
		params: make([]binding, len(variables(k.Path))),
		info:   &grpc.UnaryServerInfo{FullMethod: k.fullMethod()},
	}
}

// resolve turns one HTTP rule into an operation on the given request message.
// It knows what the C1 API uses: the five verbs, variables that are whole path
// segments, and a body that is the whole message or nothing.
func resolve(rule *annotations.HttpRule, input protoreflect.MessageDescriptor) (*operation, error) {
	op := &operation{}
	switch p := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		op.verb, op.path = http.MethodGet, p.Get
	case *annotations.HttpRule_Post:
		op.verb, op.path = http.MethodPost, p.Post
	case *annotations.HttpRule_Put:
		op.verb, op.path = http.MethodPut, p.Put
	case *annotations.HttpRule_Patch:
		op.verb, op.path = http.MethodPatch, p.Patch
	case *annotations.HttpRule_Delete:
		op.verb, op.path = http.MethodDelete, p.Delete
	default:
		return nil, errors.New("the HTTP rule has no get, post, put, patch or delete")
	}
	if rule.GetResponseBody() != "" {
		return nil, errors.New("response_body is not supported")
	}
	if body := rule.GetBody(); body != "" && (body != "*" || op.verb == http.MethodGet) {
		return nil, fmt.Errorf("body %q of %s %s is not supported", body, op.verb, op.path)
	}
	if err := checkPath(op.path); err != nil {
		return nil, err
	}
	bound := map[string]bool{}
	for _, name := range variables(op.path) {
		if bound[name] {
			return nil, fmt.Errorf("%s binds %s twice", op.path, name)
		}
		bound[name] = true
		b, err := bind(input, name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", op.path, err)
		}
		op.params = append(op.params, b)
	}
	if rule.GetBody() == "" {
		op.bindQuery(input, bound)
	}
	if op.verb != http.MethodGet {
		op.update = updateRuleOf(input, op.params)
	}
	return op, nil
}

// bindQuery gives every singular scalar field that the path does not fill a
// query parameter, under its proto name and its JSON name.
func (op *operation) bindQuery(input protoreflect.MessageDescriptor, bound map[string]bool) {
	op.query = map[string]int{}
	for i := range input.Fields().Len() {
		field := input.Fields().Get(i)
		if bound[string(field.Name())] {
			continue
		}
		b, err := bind(input, string(field.Name()))
		if err != nil {
			continue // not a singular scalar: it has no query form
		}
		op.queryFields = append(op.queryFields, b)
		op.query[string(field.Name())] = len(op.queryFields) - 1
		op.query[field.JSONName()] = len(op.queryFields) - 1
	}
}

// checkPath refuses templates other than /literal/{variable}.
func checkPath(path string) error {
	if !strings.HasPrefix(path, "/") {
		return fmt.Errorf("path %q does not start with a slash", path)
	}
	for segment := range strings.SplitSeq(path[1:], "/") {
		inner, open := strings.CutPrefix(segment, "{")
		inner, closed := strings.CutSuffix(inner, "}")
		if inner == "" || open != closed || strings.ContainsAny(inner, "{}*:=") {
			return fmt.Errorf("path %q: segment %q is neither a literal nor a {variable}", path, segment)
		}
	}
	return nil
}

// variables returns the names in a path's braces, in order.
func variables(path string) []string {
	var names []string
	for segment := range strings.SplitSeq(path, "/") {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			names = append(names, strings.TrimSuffix(name, "}"))
		}
	}
	return names
}

// shape returns the path with its variables unnamed: two operations of the same
// verb and shape cannot be told apart.
func shape(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if strings.HasPrefix(s, "{") {
			segments[i] = "{}"
		}
	}
	return strings.Join(segments, "/")
}
