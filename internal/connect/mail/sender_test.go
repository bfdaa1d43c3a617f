package mail

import (
	"context"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/notify"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/fault"
)

var hello = notify.Message{
	ID: "0196a000-0000-7000-8000-000000000001", Name: "Grâce", Address: "grace@example.com", Subject: "Bitte entscheiden: Zugriff für Ada",
	Text: "Hello Grâce,\n\n.a line with a dot\nhttps://interim.example.com/task/1?a=b\n",
}

func sender(t *testing.T, s *server, url string) *Sender {
	t.Helper()
	out, err := New(Options{
		URL: strings.ReplaceAll(url, "HERE", s.Addr().String()), From: "Interim <interim@example.com>", Roots: s.pool,
		Clock: clock.NewFake(time.Date(2026, 5, 4, 8, 0, 0, 0, time.UTC)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAMailArrivesAsItWasWritten(t *testing.T) {
	for name, c := range map[string]struct {
		url    string
		direct bool
	}{"STARTTLS": {"smtp://u:p%40ss@HERE", false}, "TLS": {"smtps://u:p%40ss@HERE", true}} {
		s := serve(t, c.direct)
		s.auth = "u:p@ss"
		if err := sender(t, s, c.url).Send(t.Context(), hello); err != nil {
			t.Fatalf("%s: %v: %v", name, err, fault.Of(err).Cause())
		}
		got := s.taken()
		if len(got) != 1 || !got[0].encrypted || got[0].from != "FROM:<interim@example.com>" || got[0].to != "TO:<grace@example.com>" {
			t.Fatalf("%s: %+v", name, got)
		}
		m, err := mail.ReadMessage(strings.NewReader(got[0].text))
		if err != nil {
			t.Fatal(err)
		}
		subject, _ := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		to, _ := m.Header.AddressList("To")
		from, _ := m.Header.AddressList("From")
		text, err := io.ReadAll(quotedprintable.NewReader(m.Body))
		if err != nil || subject != hello.Subject || to[0].Name != "Grâce" || to[0].Address != hello.Address || from[0].Name != "Interim" ||
			strings.ReplaceAll(string(text), "\r\n", "\n") != hello.Text {
			t.Errorf("%s: %q %v %v %q", name, subject, to, from, text)
		}
		for header, want := range map[string]string{
			"Message-ID": "<" + string(hello.ID) + "@example.com>", "Date": "Mon, 04 May 2026 08:00:00 +0000", "Auto-Submitted": "auto-generated",
			"Content-Type": "text/plain; charset=utf-8", "MIME-Version": "1.0",
		} {
			if m.Header.Get(header) != want {
				t.Errorf("%s: %s: %q", name, header, m.Header.Get(header))
			}
		}
	}
}

func TestNoLineOfAMailIsLongerThanMailServersTake(t *testing.T) {
	s := &Sender{from: mail.Address{Name: "Interim", Address: "interim@example.com"}, clock: clock.NewFake(time.Unix(0, 0))}
	for _, word := range []string{"é", "権限", "a", "two words ", "\U0001f511"} {
		m := hello
		m.Subject = "Please decide: " + strings.TrimSpace(strings.Repeat(word, 250)) + " in " + strings.TrimSpace(strings.Repeat(word, 250))
		m.Name = strings.TrimSpace(strings.Repeat(word, 250))
		text, err := s.compose(m)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(string(text), "\r\n") {
			if len(line) > 998 {
				t.Errorf("%q: a line has %d characters: %.60s", word, len(line), line)
			}
		}
		got, err := mail.ReadMessage(strings.NewReader(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
		to, err2 := got.Header.AddressList("To")
		if err != nil || err2 != nil || subject != m.Subject || to[0].Name != m.Name {
			t.Errorf("%q: %q %v, %v %v", word, subject, err, to, err2)
		}
	}
}

func TestPlainSMTPIsForThisMachineOnly(t *testing.T) {
	s := serve(t, false)
	s.plain = true
	if err := sender(t, s, "smtp://HERE").Send(t.Context(), hello); err != nil || len(s.taken()) != 1 {
		t.Errorf("this machine: %v", err)
	}
	out := sender(t, s, "smtp://HERE")
	out.server.Host = "mail.example.com" // as if it were another
	conn, err := (&Sender{server: Server{Host: "127.0.0.1", Port: strings.Split(s.Addr().String(), ":")[1]}}).dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := out.greet(conn); err == nil || !strings.Contains(err.Error(), "STARTTLS") {
		t.Errorf("another machine: %v", err)
	}
	for host, local := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true, "mail.example.com": false, "10.0.0.1": false, "localhost.example.com": false,
	} {
		if (Server{Host: host}).local() != local {
			t.Errorf("%s: local is not %t", host, local)
		}
	}
}

func TestACertificateMustBeTrusted(t *testing.T) {
	for url, direct := range map[string]bool{"smtp://HERE": false, "smtps://HERE": true} {
		s := serve(t, direct)
		out := sender(t, s, url)
		out.roots = serve(t, false).pool
		if err := out.Send(t.Context(), hello); err == nil || len(s.taken()) != 0 || notify.IsPermanent(err) {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestWhatTheServerSaysDecidesWhetherItIsTriedAgain(t *testing.T) {
	for _, c := range []struct {
		command, reply, says string
		permanent            bool
	}{
		{"GREETING", "421 busy", "does not let us in (421)", false},
		{"EHLO", "502 what", "takes no user name and password", false},
		{"AUTH", "535 wrong password", "does not let us in (535)", false},
		{"MAIL", "451 later", "refused the sender (451)", false},
		{"MAIL", "550 never", "refused the sender (550)", false},
		{"RCPT", "450 full", "refused the recipient (450)", false},
		{"RCPT", "550 nobody", "refused the recipient (550)", true},
		{"DATA", "451 later", "refused the mail (451)", false},
		{"DATA", "554 spam", "refused the mail (554)", true},
		{"MAIL TEXT", "452 full", "refused the mail (452)", false},
		{"MAIL TEXT", "554 spam", "refused the mail (554)", true},
		{"QUIT", "500 what", "", false},
	} {
		s := serve(t, false)
		s.auth = "u:p"
		s.says(c.command, c.reply)
		err := sender(t, s, "smtp://u:p@HERE").Send(t.Context(), hello)
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(fault.Of(err).Message, c.says)) || notify.IsPermanent(err) != c.permanent {
			t.Errorf("%s %s: %v, permanent %t", c.command, c.reply, err, notify.IsPermanent(err))
		}
	}
}

func TestAServerThatFailsAndRecovers(t *testing.T) {
	s := serve(t, false)
	out := sender(t, s, "smtp://HERE")
	s.says("DATA", "421 shutting down")
	if err := out.Send(t.Context(), hello); err == nil || notify.IsPermanent(err) {
		t.Errorf("%v", err)
	}
	s.mu.Lock()
	delete(s.say, "DATA")
	s.mu.Unlock()
	if err := out.Send(t.Context(), hello); err != nil || len(s.taken()) != 1 {
		t.Errorf("%v", err)
	}
	_ = s.Close()
	if err := out.Send(t.Context(), hello); err == nil || !strings.Contains(fault.Of(err).Message, "cannot be reached") {
		t.Errorf("%v", err)
	}
}

func TestASlowServerIsLeftWhenTheTimeIsUp(t *testing.T) {
	for _, command := range []string{"GREETING", "EHLO", "MAIL", "RCPT", "DATA", "MAIL TEXT"} {
		s := serve(t, false)
		s.says(command, "hang")
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-s.hung; cancel() }()
		if err := sender(t, s, "smtp://HERE").Send(ctx, hello); err == nil || !strings.Contains(fault.Of(err).Message, "did not answer in time") {
			t.Errorf("%s: %v", command, err)
		}
	}
}

func TestNoTextBecomesAHeader(t *testing.T) {
	s := serve(t, false)
	out := sender(t, s, "smtp://HERE")
	for name, change := range map[string]func(m *notify.Message){
		"name":           func(m *notify.Message) { m.Name = "Ada\r\nBcc: eve@example.com" },
		"subject":        func(m *notify.Message) { m.Subject = "Hi\r\nBcc: eve@example.com" },
		"subject, bare":  func(m *notify.Message) { m.Subject = "Hi\nBcc: eve@example.com" },
		"address":        func(m *notify.Message) { m.Address = "ada@example.com\r\nBcc: eve@example.com" },
		"two addresses":  func(m *notify.Message) { m.Address = "ada@example.com, eve@example.com" },
		"a named one":    func(m *notify.Message) { m.Address = "Ada <ada@example.com>" },
		"a quoted break": func(m *notify.Message) { m.Address = "\"a\r\nb\"@example.com" },
		"none":           func(m *notify.Message) { m.Address = "" },
	} {
		m := hello
		change(&m)
		if err := out.Send(t.Context(), m); !notify.IsPermanent(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(s.taken()); n != 0 {
		t.Errorf("%d mails were sent", n)
	}
}

func FuzzCompose(f *testing.F) {
	f.Add("Ada", "ada@example.com", "Hi", "text\n.\n")
	f.Add("A\"\\,<>", "\"a b\"@example.com", "=?utf-8?q?x?=", "\r\n.\r\n")
	f.Add("é\u202e", "x@xn--e1afmkfd.example", strings.Repeat("long ", 200), "\xff")
	f.Fuzz(func(t *testing.T, name, address, subject, text string) {
		s := &Sender{from: mail.Address{Name: "Interim", Address: "interim@example.com"}, clock: clock.NewFake(time.Unix(0, 0))}
		raw, err := s.compose(notify.Message{ID: "1", Name: name, Address: address, Subject: subject, Text: text})
		if err != nil {
			return
		}
		m, err := mail.ReadMessage(strings.NewReader(string(raw)))
		if err != nil {
			t.Fatalf("%v: %q", err, raw)
		}
		if len(m.Header) != 9 {
			t.Errorf("%d headers: %q", len(m.Header), raw)
		}
		if to, err := m.Header.AddressList("To"); err != nil || len(to) != 1 || to[0].Address != address {
			t.Errorf("to %v, %v: %q", to, err, raw)
		}
	})
}

func TestAddressesOfMailServers(t *testing.T) {
	for s, want := range map[string]Server{
		"smtp://mail.example.com":             {Host: "mail.example.com", Port: "587"},
		"smtp://127.0.0.1:25":                 {Host: "127.0.0.1", Port: "25"},
		"smtps://u:p%40ss@mail.example.com":   {Host: "mail.example.com", Port: "465", TLS: true, User: "u", Password: "p@ss"},
		"smtps://u@[2001:db8::1]:2465":        {Host: "2001:db8::1", Port: "2465", TLS: true, User: "u"},
		"http://u:secret@mail.example.com":    {},
		"smtp://u:secret@":                    {},
		"smtp://u:secret@h/path":              {},
		"smtp://u:secret@h?x":                 {},
		"smtp://u:secret@h:port":              {},
		"mail.example.com:25":                 {},
		"smtp://u:secret%zz@mail.example.com": {},
	} {
		got, err := ParseURL(s)
		if got != want || (err == nil) != (want != Server{}) {
			t.Errorf("%s: %+v, %v", s, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", s, err)
		}
	}
	if _, err := New(Options{URL: "smtp://h", From: "nobody"}); err == nil {
		t.Error("a sender without an address")
	}
}
