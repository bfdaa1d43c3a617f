package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/mail"
	"net/netip"
	"net/smtp"
	"net/textproto"
	"net/url"
	"time"

	"github.com/interim-access/interim/internal/govern/notify"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Options are what a [Sender] is made of.
type Options struct {
	URL   string // smtp://[USER:PASSWORD@]HOST[:PORT] or smtps://…; see [ParseURL]
	From  string // "Name <address>" or an address: whom mails are from
	Roots *x509.CertPool
	Clock clock.Clock
}

// Sender sends mails through one server. It implements [notify.Mailer] and is safe for concurrent use.
type Sender struct {
	server Server
	from   mail.Address
	roots  *x509.CertPool
	clock  clock.Clock
}

// New returns a sender; it does not connect yet.
func New(o Options) (*Sender, error) {
	server, err := ParseURL(o.URL)
	if err != nil {
		return nil, err
	}
	from, err := mail.ParseAddress(o.From)
	if err != nil {
		return nil, errors.New(`want an address such as "Interim <interim@example.com>"`)
	}
	return &Sender{server: server, from: *from, roots: o.Roots, clock: o.Clock}, nil
}

// Server is where mails are handed in.
type Server struct {
	Host, Port     string
	TLS            bool // from the start
	User, Password string
}

// ParseURL reads smtp://[USER:PASSWORD@]HOST[:PORT], by default of port 587, and smtps://…, by default of port 465. Its errors never
// show the URL, which may hold a password.
func ParseURL(s string) (Server, error) {
	bad := errors.New("want smtp://USER:PASSWORD@HOST:PORT, or smtps:// for TLS from the start")
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return Server{}, bad
	}
	v := Server{Host: u.Hostname(), Port: u.Port(), User: u.User.Username()}
	v.Password, _ = u.User.Password()
	switch u.Scheme {
	case "smtp":
		v.Port = or(v.Port, "587")
	case "smtps":
		v.TLS, v.Port = true, or(v.Port, "465")
	default:
		return Server{}, bad
	}
	return v, nil
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// local reports whether the server is on this machine, where nobody listens on the way.
func (v Server) local() bool {
	a, err := netip.ParseAddr(v.Host)
	return v.Host == "localhost" || err == nil && a.Unmap().IsLoopback()
}

// Send implements [notify.Mailer]: it hands one mail in. Errors that the server says will not pass (5xx about the mail or its reader)
// are permanent.
func (s *Sender) Send(ctx context.Context, m notify.Message) error {
	text, err := s.compose(m)
	if err != nil {
		return notify.Permanent(err)
	}
	conn, err := s.dial(ctx)
	if err != nil {
		return explain(ctx, err, "the mail server cannot be reached")
	}
	// net/smtp knows no context: when ctx ends, whatever waits for the server is woken.
	wake := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer wake()
	defer func() { _ = conn.Close() }()
	client, err := s.greet(conn)
	if err != nil {
		return explain(ctx, err, "the mail server does not let us in")
	}
	if err := client.Mail(s.from.Address); err != nil {
		return explain(ctx, err, "the mail server refused the sender")
	}
	if err := client.Rcpt(m.Address); err != nil {
		return about(ctx, err, "the mail server refused the recipient")
	}
	if err := hand(client, text); err != nil {
		return about(ctx, err, "the mail server refused the mail")
	}
	_ = client.Quit() // it has taken the mail, whatever it says now
	return nil
}

func (s *Sender) dial(ctx context.Context) (net.Conn, error) {
	address := net.JoinHostPort(s.server.Host, s.server.Port)
	dialer := &net.Dialer{}
	if s.server.TLS {
		return (&tls.Dialer{NetDialer: dialer, Config: s.config()}).DialContext(ctx, "tcp", address)
	}
	return dialer.DialContext(ctx, "tcp", address)
}

func (s *Sender) config() *tls.Config {
	return &tls.Config{ServerName: s.server.Host, RootCAs: s.roots, MinVersion: tls.VersionTLS12}
}

var errNoTLS = fault.New(fault.Unavailable, "the mail server offers no STARTTLS; without it mails are sent to this machine only")

// greet says hello, encrypts and signs in.
func (s *Sender) greet(conn net.Conn) (*smtp.Client, error) {
	client, err := smtp.NewClient(conn, s.server.Host)
	if err != nil {
		return nil, err
	}
	if err := client.Hello(domain(s.from.Address)); err != nil {
		return nil, err
	}
	if !s.server.TLS {
		switch offered, _ := client.Extension("STARTTLS"); {
		case offered:
			if err := client.StartTLS(s.config()); err != nil {
				return nil, err
			}
		case !s.server.local():
			return nil, errNoTLS
		}
	}
	if s.server.User == "" {
		return client, nil
	}
	if offered, _ := client.Extension("AUTH"); !offered {
		return nil, fault.New(fault.Unavailable, "the mail server takes no user name and password")
	}
	return client, client.Auth(smtp.PlainAuth("", s.server.User, s.server.Password, s.server.Host))
}

func hand(client *smtp.Client, text []byte) error {
	w, err := client.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	return w.Close()
}

// about is explain for an answer about one mail or its reader, which a 5xx settles for good.
func about(ctx context.Context, err error, what string) error {
	explained := explain(ctx, err, what)
	if t, ok := errors.AsType[*textproto.Error](err); ok && t.Code >= 500 {
		return notify.Permanent(explained)
	}
	return explained
}

// explain says what went wrong in words for administrators: of what the server says only the number.
func explain(ctx context.Context, err error, what string) error {
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return f
	}
	if ctx.Err() != nil {
		return fault.Wrap(fault.Timeout, errors.Join(ctx.Err(), err), "the mail server did not answer in time")
	}
	if t, ok := errors.AsType[*textproto.Error](err); ok {
		return fault.Wrap(fault.Unavailable, err, "%s (%d)", what, t.Code)
	}
	if errors.Is(err, io.EOF) {
		err = fmt.Errorf("the connection was closed: %w", err)
	}
	return fault.Wrap(fault.Unavailable, err, "%s", what)
}
