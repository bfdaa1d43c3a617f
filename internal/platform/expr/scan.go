package expr

import (
	"strings"
	"unicode"
)

// scan goes over a text once, before the parser does, which takes longer by far: it counts words and signs and how deep lists and maps
// are inside each other, whose types grow with each, and finds a quote that is never closed, behind which the parser would report every
// character.
func scan(text string) *Error {
	s := scanner{runes: []rune(text), line: 1, column: 1}
	for s.at < len(s.runes) {
		if s.tokens++; s.tokens > MaxTokens {
			return refused(text, "has more than %d words and signs", MaxTokens)
		}
		if bad := s.token(); bad != nil {
			return bad
		}
		if s.inside > MaxInside {
			return refused(text, "has more than %d lists or maps inside each other", MaxInside)
		}
	}
	return nil
}

type scanner struct {
	runes            []rune
	at, line, column int
	tokens, inside   int
}

func (s *scanner) step(n int) {
	for ; n > 0 && s.at < len(s.runes); n-- {
		if s.column++; s.runes[s.at] == '\n' {
			s.line, s.column = s.line+1, 1
		}
		s.at++
	}
}

func (s *scanner) starts(with string) bool {
	return strings.HasPrefix(string(s.runes[s.at:min(s.at+len(with), len(s.runes))]), with)
}

// token steps over white space and one word, number, text or sign.
func (s *scanner) token() *Error {
	for s.at < len(s.runes) && unicode.IsSpace(s.runes[s.at]) {
		s.step(1)
	}
	from := s.at
	for s.at < len(s.runes) && wordy(s.runes[s.at]) {
		s.step(1)
	}
	word := strings.ToLower(string(s.runes[from:s.at]))
	switch {
	case s.at == len(s.runes):
	case s.runes[s.at] == '"' || s.runes[s.at] == '\'':
		return s.quoted(word == "r" || word == "br" || word == "rb")
	case s.starts("//"):
		for s.at < len(s.runes) && s.runes[s.at] != '\n' {
			s.step(1)
		}
	case s.at == from:
		switch s.runes[s.at] {
		case '[', '{':
			s.inside++
		case ']', '}':
			s.inside--
		}
		s.step(1)
	}
	return nil
}

func wordy(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

func (s *scanner) quoted(raw bool) *Error {
	open := Marker{StartLine: s.line, StartColumn: s.column, EndLine: s.line, EndColumn: s.column + 1, Message: "the text is not closed"}
	quote := string(s.runes[s.at])
	long := s.starts(strings.Repeat(quote, 3))
	if long {
		quote = strings.Repeat(quote, 3)
	}
	s.step(len(quote))
	for s.at < len(s.runes) {
		switch {
		case s.starts(quote):
			s.step(len(quote))
			return nil
		case s.runes[s.at] == '\\' && !raw:
			s.step(2)
		case s.runes[s.at] == '\n' && !long:
			return &Error{Markers: []Marker{open}}
		default:
			s.step(1)
		}
	}
	return &Error{Markers: []Marker{open}}
}
