package house

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// root is the repository's folder, seen from this package.
const root = "../.."

// foreign are folders at the root whose files nobody here wrote.
var foreign = []string{".git", "bin", "data", "gen", "tmp"}

// files returns the paths of hand-written files with one of the endings,
// relative to the root and with slashes. An ending may be a whole name.
func files(t *testing.T, endings ...string) []string {
	t.Helper()
	var found []string
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains(foreign, path):
			return fs.SkipDir
		case entry.IsDir():
			return nil
		case slices.ContainsFunc(endings, func(end string) bool { return strings.HasSuffix(path, end) }):
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatalf("no file ends in %v: is %q the repository?", endings, root)
	}
	return found
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func exists(path string) bool {
	_, err := os.Stat(filepath.Join(root, path))
	return err == nil
}
