package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/pluginpb"
)

// openapiPlugin writes one OpenAPI document per .proto file; joinOpenAPI makes a single one of them.
const openapiPlugin = "protoc-gen-openapiv3"

// deletePrefix marks the stand-in of a DELETE: every DELETE of the contract takes a body, which the plugin refuses. It is
// shown a POST below this prefix, and joinOpenAPI turns it back.
const deletePrefix = "/-delete-"

// object is a JSON object.
type object = map[string]any

// showDeletes returns a request in which every DELETE is a POST below deletePrefix.
func showDeletes(req *pluginpb.CodeGeneratorRequest) (*pluginpb.CodeGeneratorRequest, error) {
	// The compiler's options are dynamic messages; a trip through bytes makes them those of the linked Go types.
	raw, err := proto.Marshal(req)
	if err != nil {
		return nil, err
	}
	req = &pluginpb.CodeGeneratorRequest{}
	if err := proto.Unmarshal(raw, req); err != nil {
		return nil, err
	}
	for _, file := range req.ProtoFile {
		for _, service := range file.Service {
			for _, method := range service.Method {
				rule, _ := proto.GetExtension(method.Options, annotations.E_Http).(*annotations.HttpRule)
				if path := rule.GetDelete(); path != "" {
					rule.Pattern = &annotations.HttpRule_Post{Post: deletePrefix + path}
					proto.SetExtension(method.Options, annotations.E_Http, rule)
				}
			}
		}
	}
	return req, nil
}

// joinOpenAPI lays the plugin's documents over the hand-written one in the file base. Operations and tags are named after
// the full proto service, since several packages have a service of the same name, and carry the rule of their rpc as
// x-permission and x-not-served.
func joinOpenAPI(base string, set []*descriptorpb.FileDescriptorProto, files []*pluginpb.CodeGeneratorResponse_File) (*pluginpb.CodeGeneratorResponse_File, error) {
	raw, err := os.ReadFile(base)
	if err != nil {
		return nil, err
	}
	var doc object
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", base, err)
	}
	rules, err := methodRules(set)
	if err != nil {
		return nil, err
	}
	paths, schemas := at(doc, "paths"), at(doc, "components", "schemas")
	tags, _ := doc["tags"].([]any)
	for _, file := range files {
		var part object
		if err := json.Unmarshal([]byte(file.GetContent()), &part); err != nil {
			return nil, fmt.Errorf("%s: %w", file.GetName(), err)
		}
		pkg := strings.ReplaceAll(path.Dir(file.GetName()), "/", ".")
		for route, item := range at(part, "paths") {
			for verb, op := range item.(object) {
				op := op.(object)
				name := pkg + "." + strings.Replace(op["operationId"].(string), "_", ".", 1)
				op["operationId"], op["tags"] = name, []any{name[:strings.LastIndexByte(name, '.')]}
				maps.Copy(op, rules[name])
				if rest, ok := strings.CutPrefix(route, deletePrefix); ok {
					at(paths, rest)["delete"] = op
				} else {
					at(paths, route)[verb] = op
				}
			}
		}
		maps.Copy(schemas, at(part, "components", "schemas"))
		parts, _ := part["tags"].([]any)
		for _, tag := range parts {
			tag.(object)["name"] = pkg + "." + tag.(object)["name"].(string)
			tags = append(tags, tag)
		}
	}
	doc["tags"] = tags
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(doc); err != nil {
		return nil, err
	}
	return &pluginpb.CodeGeneratorResponse_File{Name: proto.String("openapi/openapi.json"), Content: proto.String(out.String())}, nil
}

// at descends into nested objects, making them where they are missing.
func at(doc object, keys ...string) object {
	for _, key := range keys {
		next, ok := doc[key].(object)
		if !ok {
			next = object{}
			doc[key] = next
		}
		doc = next
	}
	return doc
}

// methodRules reads the option (interim.auth.v1.rule) of every method, as members of an OpenAPI operation. The option's Go
// type is among what is being generated, so it is read through the compiled descriptors.
func methodRules(set []*descriptorpb.FileDescriptorProto) (map[string]object, error) {
	files, err := protodesc.NewFiles(&descriptorpb.FileDescriptorSet{File: set})
	if err != nil {
		return nil, err
	}
	types := dynamicpb.NewTypes(files)
	extension, err := types.FindExtensionByName("interim.auth.v1.rule")
	if err != nil {
		return nil, err
	}
	rules := map[string]object{}
	for _, file := range set {
		for _, service := range file.Service {
			for _, method := range service.Method {
				raw, err := proto.Marshal(method.Options)
				if err != nil {
					return nil, err
				}
				options := &descriptorpb.MethodOptions{}
				if err := (proto.UnmarshalOptions{Resolver: types}).Unmarshal(raw, options); err != nil {
					return nil, err
				}
				rule := options.ProtoReflect().Get(extension.TypeDescriptor()).Message()
				field := func(name protoreflect.Name) protoreflect.Value {
					return rule.Get(rule.Descriptor().Fields().ByName(name))
				}
				shown := object{}
				if permission := field("permission").String(); permission != "" {
					shown["x-permission"] = permission
				}
				if field("not_served").Bool() {
					shown["x-not-served"] = true
				}
				rules[file.GetPackage()+"."+service.GetName()+"."+method.GetName()] = shown
			}
		}
	}
	return rules, nil
}
