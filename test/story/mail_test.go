package story

import (
	"bufio"
	"fmt"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"
)

// postOffice is a mail server on loopback, RFC 5321 as far as the server needs it.
type postOffice struct {
	listener net.Listener

	mu   sync.Mutex
	took []letter
}

// letter is a mail that arrived.
type letter struct{ id, to, subject, text string }

// withMail runs a story on both engines against a server that tells people by mail.
func withMail(t *testing.T, endsSoon string, story func(o *office, p *postOffice)) {
	t.Helper()
	onEngines(t, func(t *testing.T, database string) {
		p := openPostOffice(t)
		s := start(t, database)
		s.stop()
		s.flags = []string{"--smtp-url", "smtp://" + p.listener.Addr().String(), "--ends-soon", endsSoon}
		s.up()
		story(newPaperOffice(s), p)
	})
}

func openPostOffice(t *testing.T) *postOffice {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &postOffice{listener: l}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { p.serve(c) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); all.Wait() })
	return p
}

func (p *postOffice) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	r := textproto.NewReader(bufio.NewReader(c))
	say := func(line string) { _, _ = fmt.Fprintf(c, "%s\r\n", line) }
	say("220 mail.example.com")
	var to string
	for {
		line, err := r.ReadLine()
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		switch verb {
		case "RCPT":
			to = rest
		case "DATA":
			say("354 go on")
			p.take(to, r)
		case "QUIT":
			say("221 bye")
			return
		}
		say("250 OK")
	}
}

func (p *postOffice) take(to string, r *textproto.Reader) {
	l := letter{to: to}
	if raw, err := r.ReadDotBytes(); err == nil {
		if m, err := mail.ReadMessage(strings.NewReader(string(raw))); err == nil {
			l.id, l.subject = m.Header.Get("Message-Id"), m.Header.Get("Subject")
		}
		l.text = string(raw)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.took = append(p.took, l)
}

// subjects are those of the mails that arrived, in order.
func (p *postOffice) subjects() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]string, len(p.took))
	for i, l := range p.took {
		list[i] = l.subject
	}
	return list
}

// brings waits for the n-th mail and answers it.
func (p *postOffice) brings(s *server, n int) letter {
	s.t.Helper()
	s.await(fmt.Sprintf("mail %d arrives", n), func() bool { return len(p.subjects()) >= n })
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.took[n-1]
}

// A mail that must not come is looked for behind one that must: ends are told of in their order.
func TestMailsSayThatAccessEndsSoonAndThatItHasEndedOnceEach(t *testing.T) {
	withMail(t, "24h,1h", func(o *office, p *postOffice) {
		end := o.now().Add(48 * time.Hour)
		o.admin.post(o.grantsPath(), object{"appUserId": o.account, "deprovisionAt": stamp(end)})
		const soon, over = "Your access ends soon: reporting in Warehouse", "Your access has ended: reporting in Warehouse"
		want := func(n int, subject string) letter {
			o.t.Helper()
			l := p.brings(o.server, n)
			if all := p.subjects(); len(all) != n || l.subject != subject || l.to != "TO:<grace@example.com>" {
				o.t.Fatalf("mail %d is %q to %s, want %q; all: %q", n, l.subject, l.to, subject, all)
			}
			return l
		}
		again := func() { o.stop(); o.up() }

		o.advance(23 * time.Hour)
		again()
		o.advance(time.Hour + time.Minute)
		day := want(1, soon)
		if !strings.Contains(day.text, "ends at "+end.UTC().Format("2 January 2006, 15:04 MST")) {
			o.t.Errorf("the mail does not say when:\n%s", day.text)
		}
		again()
		o.kill()
		o.up()
		o.advance(23 * time.Hour)
		hour := want(2, soon)
		again()
		if !o.allowed() {
			o.t.Error("Grace was told that her access ends, and it has")
		}
		o.advance(time.Hour)
		ended := want(3, over)
		if o.allowed() {
			o.t.Error("Grace was told that her access has ended, and it has not")
		}
		again()

		// Another end goes the same way, and nothing comes between.
		o.admin.post(o.grantsPath(), object{"appUserId": o.account, "deprovisionAt": stamp(o.now().Add(2 * time.Hour))})
		o.advance(61 * time.Minute)
		want(4, soon)
		o.admin.do("DELETE", o.grantsPath()+"/"+o.account, object{"reason": "moved on"})
		taken := want(5, over)
		if !strings.Contains(taken.text, "Reason: moved on\n") && !strings.Contains(taken.text, "Reason: moved on\r\n") {
			o.t.Errorf("the mail does not say why:\n%s", taken.text)
		}
		ids := map[string]bool{day.id: true, hour.id: true, ended.id: true, taken.id: true}
		if len(ids) != 4 || ids[""] {
			o.t.Errorf("the mails have the ids %v", ids)
		}
	})
}
