package opal

import (
	_ "embed"
	"strings"

	"github.com/interim-access/interim/internal/api/transcode"
)

//go:embed known.txt
var known string

// Known are all operations of the API, served or not, by their full names; the paths are those below /v1.
func Known() (map[string]transcode.Known, error) {
	list, err := transcode.ParseKnown(strings.NewReader(known))
	if err != nil {
		return nil, err
	}
	byName := make(map[string]transcode.Known, len(list))
	for _, k := range list {
		byName[k.Op] = k
	}
	return byName, nil
}

// fullMethod is the name of an operation as permissions and logs write it, "/opal.v1.Groups/GetGroups".
func fullMethod(op string) string {
	dot := strings.LastIndexByte(op, '.')
	return "/" + op[:dot] + "/" + op[dot+1:]
}
