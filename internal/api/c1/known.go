package c1

import (
	_ "embed"
	"strings"

	"github.com/interim-access/interim/internal/api/transcode"
)

//go:embed known.txt
var known string

// Known are all operations of the upstream API, served or not: what is not served answers 501 and its name, so that no client takes it
// for a missing object.
func Known() ([]transcode.Known, error) { return transcode.ParseKnown(strings.NewReader(known)) }
