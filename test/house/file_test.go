package house

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	longest = 450 // lines of a hand-written Go file
	median  = 130 // lines of the middle one of them
)

func TestFilesAreShortEnoughToReadAtOnce(t *testing.T) {
	var lengths []int
	for _, file := range files(t, ".go") {
		n := strings.Count(read(t, file), "\n")
		lengths = append(lengths, n)
		if n > longest {
			t.Errorf("%s has %d lines; split it by reason to change before it reaches %d", file, n, longest)
		}
	}
	slices.Sort(lengths)
	if middle := lengths[len(lengths)/2]; middle > median {
		t.Errorf("the median Go file has %d lines, want at most %d", middle, median)
	}
}

func TestPackagesAreNamedAfterWhatTheyAre(t *testing.T) {
	vague := regexp.MustCompile(`^(utils?|common|helpers?|models?|misc|shared|stuff)$`)
	for _, file := range files(t, ".go") {
		if name := path.Base(path.Dir(file)); vague.MatchString(name) {
			t.Errorf("%s: a package called %q says nothing about what it is", file, name)
		}
	}
}

// A path of the machine a file was written on tells a stranger nothing and
// works nowhere else.
func TestNoFileKnowsTheMachineItWasWrittenOn(t *testing.T) {
	machine := regexp.MustCompile("(?m)(?:^|[\\s\"'`(=:,])/(?:work|root|home|Users)/[\\w.]")
	for _, file := range files(t, ".go", ".md", ".yml", ".yaml", ".json", ".csv", ".txt", ".sql", ".proto", ".html", ".sh", "go.mod", "Makefile", ".ci/run") {
		if place := machine.FindString(read(t, file)); place != "" {
			t.Errorf("%s holds the path %q", file, strings.TrimSpace(place))
		}
	}
}
