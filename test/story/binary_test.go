package story

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// binary is the server under test, built once for all stories.
var binary string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "interim-story-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "interim")
	build := exec.Command("go", "build", "-tags", "storyclock", "-o", binary, "../../cmd/interim")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build of the binary under test:", err)
		return 1
	}
	return m.Run()
}

// look has Go see of what the binary is built, which it looks for in the files that a test opens: a result of another binary it would else
// take from its cache.
var look = sync.OnceValue(func() error {
	var errs []error
	for _, dir := range []string{"cmd", "gen", "internal"} {
		errs = append(errs, filepath.WalkDir("../../"+dir, func(_ string, _ fs.DirEntry, err error) error { return err }))
	}
	return errors.Join(errs...)
})
