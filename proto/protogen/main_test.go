package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// committed is what stands in the repository; the plugins are those of proto/generate.go.
const committed = "../../gen"

var plugins = []string{"protoc-gen-go=paths=source_relative", "protoc-gen-go-grpc=paths=source_relative", "protoc-gen-openapiv3"}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		found[name] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestTheCommittedCodeIsWhatTheProtosGenerate(t *testing.T) {
	out := t.TempDir()
	if err := run(t.Context(), "..", out, "", plugins); err != nil {
		t.Fatal(err)
	}
	want, got := contents(t, out), contents(t, committed)
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("gen/%s is not what `make generate` writes", name)
		}
		delete(got, name)
	}
	for name := range got {
		t.Errorf("gen/%s comes from no proto", name)
	}
}

func TestAGeneratedFileWithoutAProtoGoesAndOthersStay(t *testing.T) {
	root, out := t.TempDir(), t.TempDir()
	files := map[string]string{
		filepath.Join(root, "a.proto"):  "syntax = \"proto3\";\npackage a;\noption go_package = \"example.com/a\";\nmessage A {}\n",
		filepath.Join(out, "old.pb.go"): "package a\n",
		filepath.Join(out, "notes.txt"): "kept\n",
	}
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := run(t.Context(), root, out, "", plugins[:1]); err != nil {
		t.Fatal(err)
	}
	got := contents(t, out)
	if len(got) != 2 || got["notes.txt"] == "" || got["a.pb.go"] == "" {
		t.Errorf("left %d files: a.pb.go %t, notes.txt %t, old.pb.go %t", len(got), got["a.pb.go"] != "", got["notes.txt"] != "", got["old.pb.go"] != "")
	}
}

func TestAnImportFromNowhereIsNamed(t *testing.T) {
	root := t.TempDir()
	source := "syntax = \"proto3\";\npackage a;\nimport \"no/such.proto\";\n"
	if err := os.WriteFile(filepath.Join(root, "a.proto"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	err := run(t.Context(), root, t.TempDir(), "", plugins)
	if err == nil || !strings.Contains(err.Error(), "no/such.proto") {
		t.Errorf("got %v", err)
	}
}
