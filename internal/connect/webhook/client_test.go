package webhook

import (
	"context"
	"crypto/x509"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/fault"
)

// receiver is a web server on a loopback address that counts who comes.
type receiver struct {
	*httptest.Server
	calls atomic.Int64
}

func receive(t *testing.T, address string, secure bool, h http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.calls.Add(1)
		h(w, req)
	}))
	_ = r.Listener.Close()
	r.Listener = l
	r.Config.SetKeepAlivesEnabled(false)
	if secure {
		r.StartTLS()
	} else {
		r.Start()
	}
	t.Cleanup(r.Close)
	return r
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "taken") }

func (r *receiver) pool() *x509.CertPool {
	p := x509.NewCertPool()
	if c := r.Certificate(); c != nil {
		p.AddCert(c)
	}
	return p
}

func (r *receiver) port() string {
	_, port, _ := net.SplitHostPort(r.Listener.Addr().String())
	return port
}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func send(t *testing.T, c *Client, address string) (webhook.Reply, error) {
	t.Helper()
	return c.Send(t.Context(), webhook.Request{URL: address, Header: http.Header{"Webhook-Version": {"v1"}}, Body: []byte("{}")})
}

// refused checks that nothing was sent, for the reason why.
func refused(t *testing.T, c *Client, r *receiver, address, why string) {
	t.Helper()
	before := r.calls.Load()
	reply, err := send(t, c, address)
	if err == nil || !strings.Contains(fault.Of(err).Message, why) || r.calls.Load() != before {
		t.Errorf("%s: %+v, %v, %d calls; want %q and none", address, reply, err, r.calls.Load()-before, why)
	}
}

func TestThisMachineIsClosedUntilTheOperatorOpensIt(t *testing.T) {
	plain, secure := receive(t, "127.0.0.1:0", false, ok), receive(t, "127.0.0.1:0", true, ok)
	refused(t, New(Options{}), plain, plain.URL, "is not public")
	refused(t, New(Options{Roots: secure.pool()}), secure, secure.URL, "is not public")
	for _, r := range []*receiver{plain, secure} {
		reply, err := send(t, New(Options{Allow: loopback, Roots: secure.pool()}), r.URL)
		if err != nil || reply.Status != http.StatusOK || string(reply.Body) != "taken" || r.calls.Load() != 1 {
			t.Errorf("allowed: %+v, %v", reply, err)
		}
	}
}

func TestOddSpellingsOfThisMachineAreClosedToo(t *testing.T) {
	r := receive(t, "127.0.0.1:0", false, ok)
	c := New(Options{Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}})
	for _, host := range []string{
		"127.0.0.1", "127.1", "0177.0.0.1", "0x7f.0.0.1", "2130706433", "localhost", "localhost.", "0.0.0.0", "0", "[::]", "[::1]",
		"[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]",
		"127.0.0.1%00.example.com", "127。0。0。1", "[fe80::1%25lo]",
	} {
		if _, err := send(t, c, "http://"+host+":"+r.port()+"/"); err == nil {
			t.Errorf("%s was called", host)
		}
	}
	if n := r.calls.Load(); n != 0 {
		t.Errorf("%d calls came through", n)
	}
}

func TestOnlyHTTPSOnItsOwnPortGoesOut(t *testing.T) {
	c := New(Options{Allow: loopback})
	for _, v := range []struct{ scheme, address, why string }{
		{"https", "8.8.8.8:443", ""},
		{"https", "[2606:4700::1]:443", ""},
		{"http", "8.8.8.8:443", "use https"},
		{"http", "8.8.8.8:80", "use https"},
		{"https", "8.8.8.8:22", "only port 443"},
		{"https", "10.0.0.1:443", "10.0.0.1 is not public"},
		{"https", "169.254.169.254:80", "not public"},
		{"https", "[::ffff:8.8.8.8]:443", "not public"},
		{"http", "127.0.0.1:1", ""},
		{"http", "[::ffff:127.0.0.1]:1", ""},
		{"https", "nonsense", "not allowed"},
	} {
		err := c.admit(v.scheme, v.address)
		if v.why == "" && err != nil || v.why != "" && (err == nil || !strings.Contains(err.Error(), v.why)) {
			t.Errorf("%s %s: %v, want %q", v.scheme, v.address, err, v.why)
		}
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	inside := receive(t, "127.0.0.1:0", false, ok)
	outside := receive(t, "127.0.0.2:0", false, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, inside.URL, http.StatusTemporaryRedirect)
	})
	for _, allow := range [][]netip.Prefix{loopback, {netip.MustParsePrefix("127.0.0.2/32")}} {
		reply, err := send(t, New(Options{Allow: allow}), outside.URL)
		if err != nil || reply.Status != http.StatusTemporaryRedirect || inside.calls.Load() != 0 {
			t.Errorf("%+v, %v, %d calls inside", reply, err, inside.calls.Load())
		}
	}
}

// dns answers every question for an address with the next of its answers, the last one for ever.
func dns(t *testing.T, answers ...string) *net.Resolver {
	t.Helper()
	conn, err := (&net.ListenConfig{}).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		b := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			end := 12
			for end < n && b[end] != 0 {
				end += int(b[end]) + 1
			}
			kind := binary.BigEndian.Uint16(b[end+1:])
			reply := append([]byte{b[0], b[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, b[12:end+5]...)
			if kind == 1 {
				reply[7] = 1
				reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
				reply = append(reply, netip.MustParseAddr(answers[0]).AsSlice()...)
				if len(answers) > 1 {
					answers = answers[1:]
				}
			}
			_, _ = conn.WriteTo(reply, from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

func TestANameThatChangesWhatItStandsForGetsNoFurther(t *testing.T) {
	good := receive(t, "127.0.0.2:0", false, ok)
	inside := receive(t, "127.0.0.1:"+good.port(), false, ok)
	c := New(Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}, Resolver: dns(t, "127.0.0.2", "127.0.0.1")})
	address := "http://hooks.example.com:" + good.port()
	if reply, err := send(t, c, address); err != nil || string(reply.Body) != "taken" {
		t.Fatalf("%+v, %v", reply, err)
	}
	for range 3 {
		refused(t, c, inside, address, "127.0.0.1 is not public")
	}
	if good.calls.Load() != 1 {
		t.Errorf("%d calls", good.calls.Load())
	}
}

func TestANameThatStandsForThisMachineIsClosed(t *testing.T) {
	r := receive(t, "127.0.0.1:0", false, ok)
	refused(t, New(Options{Resolver: dns(t, "127.0.0.1")}), r, "http://public.example.com:"+r.port(), "is not public")
	refused(t, New(Options{Resolver: dns(t, "127.0.0.1")}), r, "https://public.example.com", "is not public")
}

func TestNoProxyOfTheEnvironmentIsUsed(t *testing.T) {
	proxy := receive(t, "127.0.0.1:0", false, ok)
	target := receive(t, "127.0.0.2:0", false, ok)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"} {
		t.Setenv(name, proxy.URL)
	}
	if _, err := send(t, New(Options{Allow: loopback}), target.URL); err != nil || proxy.calls.Load() != 0 || target.calls.Load() != 1 {
		t.Errorf("%v, %d calls to the proxy", err, proxy.calls.Load())
	}
}

func TestACertificateMustBeTrusted(t *testing.T) {
	r := receive(t, "127.0.0.1:0", true, ok)
	refused(t, New(Options{Allow: loopback}), r, r.URL, "certificate is not trusted")
}

func TestRepliesAreBounded(t *testing.T) {
	size := int64(webhook.MaxBody)
	r := receive(t, "127.0.0.1:0", false, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.CopyN(w, zeros{}, atomic.LoadInt64(&size))
	})
	c := New(Options{Allow: loopback})
	if reply, err := send(t, c, r.URL); err != nil || len(reply.Body) != webhook.MaxBody {
		t.Errorf("at the limit: %d bytes, %v", len(reply.Body), err)
	}
	atomic.StoreInt64(&size, webhook.MaxBody+1)
	if reply, err := send(t, c, r.URL); err == nil || !strings.Contains(err.Error(), "more than 250000 bytes") || reply.Status != http.StatusOK {
		t.Errorf("over the limit: %d, %v", reply.Status, err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

func TestACompressedReplyIsNotBlownUp(t *testing.T) {
	r := receive(t, "127.0.0.1:0", false, func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("Accept-Encoding") != "" {
			t.Error("compression was asked for")
		}
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, "raw")
	})
	if reply, err := send(t, New(Options{Allow: loopback}), r.URL); err != nil || string(reply.Body) != "raw" {
		t.Errorf("%+v, %v", reply, err)
	}
}

func TestAReceiverThatHangsIsLeftWhenTheTimeIsUp(t *testing.T) {
	hang := make(chan struct{})
	began := make(chan struct{})
	r := receive(t, "127.0.0.1:0", false, func(http.ResponseWriter, *http.Request) { close(began); <-hang })
	defer close(hang)
	ctx, cancel := context.WithDeadline(t.Context(), time.Unix(1<<40, 0))
	go func() { <-began; cancel() }()
	_, err := New(Options{Allow: loopback}).Send(ctx, webhook.Request{URL: r.URL, Header: http.Header{}})
	if err == nil {
		t.Error("no error")
	}
}

func TestFailuresAreExplainedWithoutTheAddress(t *testing.T) {
	r := receive(t, "127.0.0.1:0", false, ok)
	r.Close()
	closed, _ := url.Parse(r.URL)
	for address, why := range map[string]string{
		"http://" + closed.Host + "/secret":         "connection was refused",
		"http://no-such-host.invalid/secret":        "host name",
		"http://\x00/secret":                        "cannot be read",
		"https://" + closed.Host + "/secret?token=": "connection was refused",
	} {
		_, err := send(t, New(Options{Allow: loopback, Resolver: nil}), address)
		if err == nil || !strings.Contains(fault.Of(err).Message, why) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q", address, err, why)
		}
	}
}
