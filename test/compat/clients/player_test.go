package clients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A step is one request of a client and what it is answered, as a file under testdata has it:
//
//	# What the client does
//	POST /api/v1/apps
//	{"displayName":"Wiki"}
//	= wiki app.id
//	200 {"app": …}
//
// "= name path" names a part of the answer; <name> stands for it from then on, in requests as in answers. "200 ..." says that only
// the status counts.
type step struct {
	title, method, path string
	body                string
	names               [][2]string // name, path into the answer
	answer              string
}

var answerLine = regexp.MustCompile(`^\d{3} `)

// parseSteps reads a file. Its first paragraph says whose requests these are and is kept as it is.
func parseSteps(text string) (about string, steps []step, err error) {
	about, rest, _ := strings.Cut(text, "\n\n")
	for block := range strings.SplitSeq(strings.TrimSpace(rest), "\n\n") {
		lines := strings.Split(block, "\n")
		if len(lines) < 3 || !strings.HasPrefix(lines[0], "# ") {
			return "", nil, fmt.Errorf("no step: %q", block)
		}
		s := step{title: strings.TrimPrefix(lines[0], "# ")}
		s.method, s.path, _ = strings.Cut(lines[1], " ")
		i := 2
		for ; i < len(lines) && !answerLine.MatchString(lines[i]); i++ {
			if named, ok := strings.CutPrefix(lines[i], "= "); ok {
				name, path, _ := strings.Cut(named, " ")
				s.names = append(s.names, [2]string{name, path})
				continue
			}
			s.body += lines[i]
		}
		s.answer = strings.Join(lines[i:], "\n")
		steps = append(steps, s)
	}
	return about, steps, nil
}

// format is the step as its file has it.
func (s step) format() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n%s %s\n", s.title, s.method, s.path)
	if s.body != "" {
		b.WriteString(s.body + "\n")
	}
	for _, n := range s.names {
		fmt.Fprintf(&b, "= %s %s\n", n[0], n[1])
	}
	return b.String() + s.answer
}

// A player sends the requests of one file to one server.
type player struct {
	*testing.T
	client *http.Client
	base   string
	token  string
	names  map[string]string // by name
}

// play sends a step and returns it with the answer that came.
func (p *player) play(s step) step {
	p.Helper()
	send := func(text string) string {
		for name, value := range p.names {
			text = strings.ReplaceAll(text, "<"+name+">", value)
		}
		return text
	}
	req, err := http.NewRequestWithContext(p.Context(), s.method, p.base+send(s.path), strings.NewReader(send(s.body)))
	if err != nil {
		p.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	res, err := p.client.Do(req)
	if err != nil {
		p.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		p.Fatal(err)
	}
	if got := res.Header.Get("Content-Type"); got != "application/json" {
		p.Errorf("%s: Content-Type %q", s.title, got)
	}
	var body any
	if err := json.Unmarshal(raw, &body); err != nil {
		p.Fatalf("%s: %v: %s", s.title, err, raw)
	}
	for _, n := range s.names {
		if p.names[n[0]] = member(body, n[1]); p.names[n[0]] == "" {
			p.Fatalf("%s: nothing at %s: %d %s", s.title, n[1], res.StatusCode, raw)
		}
	}
	if strings.HasSuffix(s.answer, " ...") {
		s.answer = fmt.Sprintf("%d ...", res.StatusCode)
		return s
	}
	s.answer = fmt.Sprintf("%d %s", res.StatusCode, p.show(body))
	return s
}

// member is the string at a dotted path, numbers being places in a list; "" where there is none.
func member(v any, path string) string {
	for key := range strings.SplitSeq(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[key]
		case []any:
			var i int
			if _, err := fmt.Sscanf(key, "%d", &i); err != nil || i >= len(at) {
				return ""
			}
			v = at[i]
		}
	}
	s, _ := v.(string)
	return s
}

func (p *player) show(body any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(p.named(body)); err != nil {
		p.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}

var (
	anID    = regexp.MustCompile(`\b[0-9A-Za-z]{27}\b`)
	aTrace  = regexp.MustCompile(`request-id: [0-9a-f]{32}`)
	aClient = regexp.MustCompile(`^[a-z]+-[a-z]+-\d+@`)
	aSecret = regexp.MustCompile(`^secret-token:conductorone\.com:v1:[A-Za-z0-9_-]{172}$`)
	aPage   = regexp.MustCompile(`^[A-Za-z0-9_-]{40,}$`)
)

// named puts names in the place of what differs between runs.
func (p *player) named(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, member := range v {
			v[key] = p.named(member)
		}
	case []any:
		for i, member := range v {
			v[i] = p.named(member)
		}
	case string:
		if _, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return "<time>"
		}
		text := anID.ReplaceAllStringFunc(aTrace.ReplaceAllString(v, "request-id: <trace>"), func(id string) string {
			for name, value := range p.names {
				if value == id {
					return "<" + name + ">"
				}
			}
			return "<id>"
		})
		text = aClient.ReplaceAllString(text, "<client>@")
		text = aSecret.ReplaceAllString(text, "<secret>")
		return aPage.ReplaceAllString(text, "<page>")
	}
	return v
}
