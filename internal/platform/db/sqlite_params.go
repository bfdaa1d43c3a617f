package db

import "strconv"

// positional turns the $N of a text into plain question marks, and tells the N
// of each. SQLite finds the name of a parameter by going through those of all
// before it, which for a list of 500 costs more than to find the rows; one
// without a name is found by its place.
func positional(text string) (plain string, order []int) {
	out, from := make([]byte, 0, len(text)), 0
	for i := 0; i < len(text); {
		switch {
		case text[i] == '$':
			end := digits(text, i+1)
			if n, err := strconv.Atoi(text[i+1 : end]); err == nil {
				out, order = append(append(out, text[from:i]...), '?'), append(order, n)
				from = end
			}
			i = end
		case inWord(text[i]): // to its end: a $ in it is part of it
			for i < len(text) && (inWord(text[i]) || text[i] == '$') {
				i++
			}
		default:
			i = skip(text, i)
		}
	}
	return string(append(out, text[from:]...)), order
}

// skip returns where the quoted text, the comment or the single byte at i ends.
func skip(text string, i int) int {
	switch rest := text[i:]; {
	case rest[0] == '\'' || rest[0] == '"' || rest[0] == '`': // a quote in it is doubled, and so begins another
		return past(text, i+1, rest[:1])
	case rest[0] == '[':
		return past(text, i+1, "]")
	case len(rest) > 1 && rest[:2] == "--":
		return past(text, i+2, "\n")
	case len(rest) > 1 && rest[:2] == "/*":
		return past(text, i+2, "*/")
	default:
		return i + 1
	}
}

// past is the place after the next end, or the end of the text.
func past(text string, i int, end string) int {
	for ; i+len(end) <= len(text); i++ {
		if text[i:i+len(end)] == end {
			return i + len(end)
		}
	}
	return len(text)
}

// digits is the place after the digits at i.
func digits(text string, i int) int {
	for i < len(text) && text[i] >= '0' && text[i] <= '9' {
		i++
	}
	return i
}

func inWord(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b|0x20 >= 'a' && b|0x20 <= 'z' || b >= 0x80
}
