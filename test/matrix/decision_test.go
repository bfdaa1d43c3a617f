// Decisions are played from files: testdata/decisions. Each case is an office (people, owners, groups, a policy, delegations) and a
// script of what people do there and when; after each act the file says who may decide, why, and what has become of the task. The
// words are those of file and act.
package matrix_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

// leastDecisions is how many cases there are at least, so that none is lost unnoticed.
const leastDecisions = 150

func decisions(t *testing.T) map[string]file {
	t.Helper()
	paths, err := filepath.Glob("testdata/decisions/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]file{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var f file
		d := yaml.NewDecoder(bytes.NewReader(text))
		d.KnownFields(true)
		if err := d.Decode(&f); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		files[strings.TrimSuffix(filepath.Base(path), ".yaml")] = f
	}
	return files
}

func TestDecisionsAreManyAndEachHasANameOfItsOwn(t *testing.T) {
	seen := map[string]string{}
	for name, f := range decisions(t) {
		for _, c := range f.Cases {
			switch {
			case strings.TrimSpace(c.Name) == "":
				t.Errorf("%s: a case has no name", name)
			case seen[c.Name] != "":
				t.Errorf("%q is in %s and in %s", c.Name, seen[c.Name], name)
			case len(c.Script) == 0:
				t.Errorf("%q: nothing happens", c.Name)
			}
			seen[c.Name] = name
		}
	}
	if len(seen) < leastDecisions {
		t.Errorf("%d cases, want at least %d", len(seen), leastDecisions)
	}
}

func TestWhoDecidesIsAsTheDecisionsSay(t *testing.T) {
	t.Parallel()
	for name, f := range decisions(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				h := openHouse(t, d)
				played := 0
				for _, c := range f.Cases {
					t.Run(c.Name, func(t *testing.T) { play(t, h, f.Office.over(c.world), c.Script) })
					played++
				}
				if played != len(f.Cases) {
					t.Errorf("%d of %d cases were played", played, len(f.Cases))
				}
			})
		})
	}
}
