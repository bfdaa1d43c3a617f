// Command protogen compiles the project's .proto files and runs the code generators over them.
//
// It needs neither protoc nor buf nor a network: our own files come from disk, every other import (google/api,
// google/protobuf, google/rpc, validate) comes from the descriptors linked into this binary by the blank imports below, so
// no third-party .proto is committed and their versions are those of go.mod. The generators are `go tool` programs, pinned
// the same way.
//
//	protogen [-image FILE] PROTO_DIR OUT_DIR PLUGIN[=PARAMETER]...
//
// The documents of protoc-gen-openapiv3 are joined over PROTO_DIR/openapi.json into OUT_DIR/openapi/openapi.json,
// and compressed into openapi.json.gz beside it.
//
// The output depends on the .proto files and go.sum only. Files below OUT_DIR that a run does not write again and that carry
// a generated suffix are removed, so that a renamed .proto leaves nothing behind.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/protoutil"
	_ "github.com/envoyproxy/protoc-gen-validate/validate"
	_ "google.golang.org/genproto/googleapis/api/annotations"
	_ "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	_ "google.golang.org/protobuf/types/known/anypb"
	_ "google.golang.org/protobuf/types/known/durationpb"
	_ "google.golang.org/protobuf/types/known/emptypb"
	_ "google.golang.org/protobuf/types/known/fieldmaskpb"
	_ "google.golang.org/protobuf/types/known/structpb"
	_ "google.golang.org/protobuf/types/known/timestamppb"
	_ "google.golang.org/protobuf/types/known/wrapperspb"
	"google.golang.org/protobuf/types/pluginpb"
)

// generated lists the suffixes of what the plugins write; only such files are ever removed.
var generated = []string{".pb.go", "openapi.json", "openapi.json.gz"}

func main() {
	image := flag.String("image", "", "also write the compiled FileDescriptorSet here")
	flag.Parse()
	if flag.NArg() < 3 {
		fmt.Fprintln(os.Stderr, "usage: protogen [-image FILE] PROTO_DIR OUT_DIR PLUGIN[=PARAMETER]...")
		os.Exit(2)
	}
	if err := run(context.Background(), flag.Arg(0), flag.Arg(1), *image, flag.Args()[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "protogen:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, root, out, image string, plugins []string) error {
	names, err := sources(root)
	if err != nil {
		return err
	}
	set, err := compile(ctx, root, names)
	if err != nil {
		return err
	}
	if image != "" {
		raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(&descriptorpb.FileDescriptorSet{File: set})
		if err != nil {
			return err
		}
		if err := os.WriteFile(image, raw, 0o644); err != nil {
			return err
		}
	}
	written := map[string]bool{}
	for _, spec := range plugins {
		plugin, parameter, _ := strings.Cut(spec, "=")
		req := &pluginpb.CodeGeneratorRequest{FileToGenerate: names, Parameter: &parameter, ProtoFile: set}
		files, err := generate(ctx, root, plugin, req)
		if err != nil {
			return fmt.Errorf("%s: %w", plugin, err)
		}
		for _, f := range files {
			path := filepath.Join(out, filepath.FromSlash(f.GetName()))
			if written[path] {
				return fmt.Errorf("%s: writes %s a second time", plugin, f.GetName())
			}
			written[path] = true
			if err := write(path, f.GetContent()); err != nil {
				return err
			}
		}
	}
	return prune(out, written)
}

// sources lists the .proto files below root, slash-separated and sorted.
func sources(root string) ([]string, error) {
	var names []string
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".proto") {
			names = append(names, path)
		}
		return err
	})
	slices.Sort(names)
	return names, err
}

// compile returns the named files and all they import, dependencies first.
func compile(ctx context.Context, root string, names []string) ([]*descriptorpb.FileDescriptorProto, error) {
	linked := protocompile.ResolverFunc(func(path string) (protocompile.SearchResult, error) {
		file, err := protoregistry.GlobalFiles.FindFileByPath(path)
		if err != nil {
			return protocompile.SearchResult{}, fmt.Errorf("%s is neither below %s nor linked into protogen", path, root)
		}
		return protocompile.SearchResult{Desc: file}, nil
	})
	compiler := protocompile.Compiler{
		Resolver:       protocompile.CompositeResolver{&protocompile.SourceResolver{ImportPaths: []string{root}}, linked},
		SourceInfoMode: protocompile.SourceInfoStandard,
	}
	files, err := compiler.Compile(ctx, names...)
	if err != nil {
		return nil, err
	}
	var set []*descriptorpb.FileDescriptorProto
	seen := map[string]bool{}
	var visit func(protoreflect.FileDescriptor)
	visit = func(file protoreflect.FileDescriptor) {
		if seen[file.Path()] {
			return
		}
		seen[file.Path()] = true
		for i := range file.Imports().Len() {
			visit(file.Imports().Get(i).FileDescriptor)
		}
		// ProtoFromFileDescriptor keeps our comments; linked files carry none, and a plugin may warn of a nil.
		fd := proto.CloneOf(protoutil.ProtoFromFileDescriptor(file))
		if fd.SourceCodeInfo == nil {
			fd.SourceCodeInfo = &descriptorpb.SourceCodeInfo{}
		}
		set = append(set, fd)
	}
	for _, file := range files {
		visit(file)
	}
	return set, nil
}

// output is one file that a plugin writes.
type output = pluginpb.CodeGeneratorResponse_File

// generate returns the files that one plugin makes of a request.
func generate(ctx context.Context, root, plugin string, req *pluginpb.CodeGeneratorRequest) ([]*output, error) {
	if plugin != openapiPlugin {
		return call(ctx, plugin, req)
	}
	shown, err := showDeletes(req)
	if err != nil {
		return nil, err
	}
	files, err := call(ctx, plugin, shown)
	if err != nil {
		return nil, err
	}
	return joinOpenAPI(filepath.Join(root, "openapi.json"), req.ProtoFile, files)
}

// call runs one plugin as `go tool` and returns the files it answers with.
func call(ctx context.Context, plugin string, req *pluginpb.CodeGeneratorRequest) ([]*output, error) {
	in, err := proto.MarshalOptions{Deterministic: true}.Marshal(req)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "go", "tool", plugin)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	raw, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var res pluginpb.CodeGeneratorResponse
	if err := proto.Unmarshal(raw, &res); err != nil {
		return nil, err
	}
	if res.Error != nil {
		return nil, errors.New(res.GetError())
	}
	return res.File, nil
}

// write leaves a file with the same content alone, so that its modification time does not move.
func write(path, content string) error {
	if old, err := os.ReadFile(path); err == nil && string(old) == content {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(content), 0o644)
}

// prune removes generated files below out that this run did not write.
func prune(out string, written map[string]bool) error {
	return filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		stale := err == nil && !d.IsDir() && !written[path] &&
			slices.ContainsFunc(generated, func(suffix string) bool { return strings.HasSuffix(path, suffix) })
		if stale {
			return os.Remove(path)
		}
		return err
	})
}
