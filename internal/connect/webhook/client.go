package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Options are what a [Client] is made of. The zero value reaches https on port 443 of public addresses whose certificates the system
// trusts.
type Options struct {
	Allow    []netip.Prefix // networks that are open whatever they are, for http and https on any port
	Roots    *x509.CertPool // trusted beside nothing else; nil: the system's
	Resolver *net.Resolver  // nil: the system's
}

// Client sends messages. It implements [webhook.Sender] and is safe for concurrent use.
type Client struct {
	allow      []netip.Prefix
	plain, tls *http.Client
}

// Limits of a connection; a whole call is limited by its context.
const (
	dialLimit   = 10 * time.Second
	tlsLimit    = 10 * time.Second
	idle        = 30 * time.Second
	maxIdle     = 16
	maxHeader   = 64 << 10
	publicHTTPS = 443
)

// New returns a client.
func New(o Options) *Client {
	c := &Client{allow: o.Allow}
	c.plain = c.client(o, "http")
	c.tls = c.client(o, "https")
	return c
}

// client makes the client for one scheme.
func (c *Client) client(o Options, scheme string) *http.Client {
	dialer := &net.Dialer{
		Timeout: dialLimit, Resolver: o.Resolver,
		// Called with the address that the connection is about to be made to: nothing is resolved again after it.
		Control: func(_, address string, _ syscall.RawConn) error { return c.admit(scheme, address) },
	}
	return &http.Client{
		Transport: &http.Transport{
			Proxy: nil, // a proxy would go where we may not
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				return dialer.DialContext(ctx, network, address)
			},
			TLSClientConfig:        &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    tlsLimit,
			IdleConnTimeout:        idle,
			MaxIdleConns:           maxIdle,
			MaxResponseHeaderBytes: maxHeader,
			DisableCompression:     true, // what is small on the way must not be large here
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// admit refuses a connection to an address that no message may go to.
func (c *Client) admit(scheme, address string) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fault.New(fault.Precondition, "the address is not allowed")
	}
	if within(c.allow, to.Addr()) || within(c.allow, to.Addr().Unmap()) {
		return nil
	}
	switch {
	case !public(to.Addr()):
		return fault.New(fault.Precondition, "the address %s is not public, and not in the networks of --webhook-allow", to.Addr())
	case scheme != "https":
		return fault.New(fault.Precondition, "http is for the networks of --webhook-allow only; use https")
	case to.Port() != publicHTTPS:
		return fault.New(fault.Precondition, "only port 443 is called, but in the networks of --webhook-allow")
	default:
		return nil
	}
}

// Send implements [webhook.Sender].
func (c *Client) Send(ctx context.Context, r webhook.Request) (webhook.Reply, error) {
	client := c.tls
	if strings.HasPrefix(strings.ToLower(r.URL), "http:") {
		client = c.plain
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return webhook.Reply{}, fault.Wrap(fault.Invalid, err, "the webhook's address cannot be read")
	}
	req.Header = r.Header
	resp, err := client.Do(req)
	if err != nil {
		return webhook.Reply{}, explain(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answered := webhook.Reply{Status: resp.StatusCode}
	body, err := io.ReadAll(io.LimitReader(resp.Body, webhook.MaxBody+1))
	if err != nil {
		return answered, explain(err)
	}
	if len(body) > webhook.MaxBody {
		return answered, fault.New(fault.Unavailable, "the reply has more than %d bytes", webhook.MaxBody)
	}
	return webhook.Reply{Status: resp.StatusCode, Body: body}, nil
}

// explain says what went wrong in words for administrators, without the address, which may hold a secret of the receiver's.
func explain(err error) error {
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		return f
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // its text holds the whole address
	}
	if name, ok := errors.AsType[*net.DNSError](err); ok {
		if name.IsNotFound {
			return fault.Wrap(fault.Unavailable, err, "the host name does not exist")
		}
		return fault.Wrap(fault.Unavailable, err, "the host name could not be resolved")
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded) || isTimeout(err):
		return fault.Wrap(fault.Timeout, err, "the receiver did not answer in time")
	case errors.Is(err, syscall.ECONNREFUSED):
		return fault.Wrap(fault.Unavailable, err, "the connection was refused")
	case isCertificate(err):
		return fault.Wrap(fault.Unavailable, err, "the receiver's certificate is not trusted")
	default:
		return fault.Wrap(fault.Unavailable, err, "the connection failed")
	}
}

func isTimeout(err error) bool {
	t, ok := errors.AsType[net.Error](err)
	return ok && t.Timeout()
}

func isCertificate(err error) bool {
	_, ok := errors.AsType[*tls.CertificateVerificationError](err)
	return ok
}
