package expr

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common"
)

// Marker is a place in a text and what is wrong there. Lines and columns count from 1, columns in characters; the end is behind the
// last one.
type Marker struct {
	StartLine, StartColumn, EndLine, EndColumn int
	Message                                    string
}

// String is the place and the message: "2:7: undeclared reference to 'x'".
func (m Marker) String() string {
	return fmt.Sprintf("%d:%d: %s", m.StartLine, m.StartColumn, m.Message)
}

// Error says why an expression is not valid, or could not be worked out. Its text may be shown to people.
type Error struct {
	Markers []Marker // at least one for a text that is not valid; none for a failed evaluation
	Message string
}

func (e *Error) Error() string {
	if len(e.Markers) > 0 {
		return e.Markers[0].String()
	}
	return e.Message
}

func failed(format string, args ...any) *Error {
	return &Error{Message: clip(fmt.Sprintf(format, args...))}
}

// refused is the error of a text that is not valid as a whole.
func refused(text, format string, args ...any) *Error {
	lines := strings.Split(text, "\n")
	end := utf8.RuneCountInString(lines[len(lines)-1]) + 1
	return &Error{Markers: []Marker{{
		StartLine: 1, StartColumn: 1, EndLine: len(lines), EndColumn: end, Message: clip(fmt.Sprintf(format, args...)),
	}}}
}

// marked turns what CEL found into markers.
func marked(text string, issues *cel.Issues) *Error {
	lines := strings.Split(text, "\n")
	e := &Error{}
	for _, found := range issues.Errors() {
		if len(e.Markers) == MaxMarkers {
			break
		}
		e.Markers = append(e.Markers, mark(lines, found))
	}
	if len(e.Markers) == 0 {
		return refused(text, "is not a valid expression")
	}
	return e
}

func mark(lines []string, found *common.Error) Marker {
	line, column := found.Location.Line(), found.Location.Column()
	if line < 1 || line > len(lines) {
		line, column = 1, 0
	}
	runes := []rune(lines[line-1])
	column = min(max(column, 0), len(runes))
	if column+1 < len(runes) && runes[column] == '.' { // CEL points at the dot before a field
		column++
	}
	end := column
	for end < len(runes) && (unicode.IsLetter(runes[end]) || unicode.IsDigit(runes[end]) || runes[end] == '_') {
		end++
	}
	if end == column {
		end++
	}
	return Marker{StartLine: line, StartColumn: column + 1, EndLine: line, EndColumn: end + 1, Message: clip(found.Message)}
}

// clip cuts a message down to what is worth showing, as valid text.
func clip(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "?"), "?")
	if r := []rune(s); len(r) > maxMessage {
		return string(r[:maxMessage]) + "…"
	}
	return s
}
