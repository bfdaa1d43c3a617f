package transcode

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// Known is an operation of the contract. One that no registered service serves
// is answered 501, code 12.
type Known struct {
	Verb string // upper case
	Path string // as in google.api.http; the names of its variables do not matter
	Op   string // package.Service.Method
}

// fullMethod returns the operation's name as gRPC writes it, "/package.Service/Method".
func (k Known) fullMethod() string {
	dot := strings.LastIndexByte(k.Op, '.')
	return "/" + k.Op[:dot] + "/" + k.Op[dot+1:]
}

// ParseKnown reads a list of operations, one "VERB PATH OP" a line; empty lines
// and lines that start with # are skipped. An error names the line.
func ParseKnown(r io.Reader) ([]Known, error) {
	var list []Known
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		words := strings.Fields(line)
		if len(words) != 3 || !verbs[words[0]] || words[1][0] != '/' || strings.Count(words[2], ".") < 2 {
			return nil, fmt.Errorf("known operations, line %d: want VERB /PATH package.Service.Method, got %q", n, line)
		}
		list = append(list, Known{Verb: words[0], Path: words[1], Op: words[2]})
	}
	return list, lines.Err()
}
