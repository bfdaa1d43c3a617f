package mail

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	tlsca "github.com/interim-access/interim/internal/platform/tls"
)

// server is a mail server on this machine: RFC 5321 as far as a client needs it.
type server struct {
	net.Listener
	pool *x509.CertPool

	mu     sync.Mutex
	config *tls.Config
	plain  bool              // offers no STARTTLS
	auth   string            // "user:password" that is asked for; empty: none
	say    map[string]string // what is answered to a command, instead of OK; "hang" for nothing at all
	mails  []received
	hung   chan struct{}
}

type received struct {
	from, to, text string
	encrypted      bool
}

// serve runs a mail server; with direct, TLS comes first.
func serve(t *testing.T, direct bool) *server {
	t.Helper()
	now := clock.System(time.Time{}).Now() // certificates are checked against the clock on the wall
	ca, err := tlsca.NewCA(now)
	if err != nil {
		t.Fatal(err)
	}
	cert, key, err := ca.Issue([]string{"127.0.0.1", "localhost", "mail.example.com"}, now)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{pool: x509.NewCertPool(), config: &tls.Config{Certificates: []tls.Certificate{pair}}, say: map[string]string{}, hung: make(chan struct{})}
	s.pool.AppendCertsFromPEM(ca.CertPEM())
	s.Listener, err = (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if direct {
		s.Listener, s.plain = tls.NewListener(s.Listener, s.config), true
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := s.Accept()
			if err != nil {
				return
			}
			all.Go(func() { s.talk(c, direct) })
		}
	})
	t.Cleanup(func() { _ = s.Close(); all.Wait() })
	return s
}

func (s *server) talk(c net.Conn, encrypted bool) {
	defer func() { _ = c.Close() }()
	r := bufio.NewReader(c)
	var m received
	signedIn := false
	if !s.answer(c, "GREETING", "220 mail.example.com") {
		_, _ = r.ReadByte() // until the client goes
		return
	}
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, rest, _ := strings.Cut(line, " ")
		reply := "250 OK"
		switch verb {
		case "EHLO":
			reply = "250-mail.example.com\r\n250-AUTH PLAIN\r\n250 SIZE 1000000"
			if !encrypted && !s.plain {
				reply = "250-mail.example.com\r\n250-STARTTLS\r\n250 SIZE 1000000"
			}
		case "STARTTLS":
			reply = "220 go on"
		case "AUTH":
			raw, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(rest, "PLAIN "))
			signedIn = s.auth != "" && string(raw) == "\x00"+strings.ReplaceAll(s.auth, ":", "\x00")
			if reply = "235 welcome"; !signedIn {
				reply = "535 no"
			}
		case "MAIL":
			m = received{from: rest, encrypted: encrypted}
			if s.auth != "" && !signedIn {
				reply = "530 sign in first"
			}
		case "RCPT":
			m.to = rest
		case "DATA":
			reply = "354 go on"
		case "QUIT":
			reply = "221 bye"
		}
		if !s.answer(c, verb, reply) {
			_, _ = r.ReadByte()
			return
		}
		switch verb {
		case "STARTTLS":
			secure := tls.Server(c, s.config)
			c, r, encrypted = secure, bufio.NewReader(secure), true
		case "DATA":
			if m.text, err = text(r); err != nil {
				return
			}
			s.mu.Lock()
			s.mails = append(s.mails, m)
			s.mu.Unlock()
			if !s.answer(c, "MAIL TEXT", "250 taken") {
				_, _ = r.ReadByte()
				return
			}
		case "QUIT":
			return
		}
	}
}

// answer answers a command as usual, or as the test says; false where it says to hang.
func (s *server) answer(c net.Conn, command, usual string) bool {
	s.mu.Lock()
	said, ok := s.say[command]
	s.mu.Unlock()
	if said == "hang" {
		close(s.hung)
		return false
	}
	if ok {
		usual = said
	}
	_, err := fmt.Fprintf(c, "%s\r\n", usual)
	return err == nil
}

func (s *server) says(command, reply string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.say[command] = reply
}

func (s *server) taken() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]received{}, s.mails...)
}

func text(r *bufio.Reader) (string, error) {
	var b strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return "", err
		}
		if line == ".\r\n" {
			return b.String(), nil
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
}
