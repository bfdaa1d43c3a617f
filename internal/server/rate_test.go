package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// often is more requests than anybody can send while one is allowed in a second.
const often = 100

// limited is a server of all doors that lets one request a second through, behind a proxy that says who asks.
type limited struct {
	*testing.T
	*httptest.Server
}

func onLimited(t *testing.T, test func(l *limited, b Bootstrap)) {
	t.Helper()
	dir := t.TempDir()
	start(t, dir, nil)
	b, err := ReadBootstrap(dir)
	if err != nil {
		t.Fatal(err)
	}
	start(t, dir, func(p *parts) error {
		handler, err := p.doors([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, 1)
		if err != nil {
			return err
		}
		server := httptest.NewUnstartedServer(handler)
		server.EnableHTTP2 = true
		server.StartTLS()
		defer server.Close()
		test(&limited{t, server}, b)
		return nil
	})
}

// ask sends a request from an address and answers what came back: its status, when to come again, and its text.
func (l *limited) ask(verb, path, from, token, body string) (status int, after, text string) {
	l.Helper()
	req, err := http.NewRequestWithContext(l.Context(), verb, l.URL+path, strings.NewReader(body))
	if err != nil {
		l.Fatal(err)
	}
	req.Header.Set("X-Forwarded-For", from)
	req.Header.Set("Content-Type", "application/json")
	if strings.HasPrefix(path, "/auth/") {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := l.Client().Do(req)
	if err != nil {
		l.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		l.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("Retry-After"), string(raw)
}

// exhausted asks until it is too often, from the address that the number of the request gives, and checks the refusal.
func (l *limited) exhausted(name, verb, path, token, body string, from func(int) string) {
	l.Helper()
	for n := range often {
		status, after, text := l.ask(verb, path, from(n), token, body)
		if status != http.StatusTooManyRequests {
			continue
		}
		if n == 0 {
			l.Errorf("%s: the first request is refused: %s", name, text)
		}
		if seconds, err := strconv.Atoi(after); err != nil || seconds < 1 {
			l.Errorf("%s: Retry-After %q", name, after)
		}
		if !json.Valid([]byte(text)) {
			l.Errorf("%s: %s", name, text)
		}
		return
	}
	l.Errorf("%s: nobody asks too often", name)
}

func TestEveryDoorSaysWhenToComeBackToWhoAsksTooOften(t *testing.T) {
	onLimited(t, func(l *limited, b Bootstrap) {
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {b.ClientID}, "client_secret": {b.ClientSecret}}
		status, _, text := l.ask(http.MethodPost, "/auth/v1/token", "192.0.2.1", "", form.Encode())
		var token struct {
			AccessToken string `json:"access_token"`
		}
		if err := json.Unmarshal([]byte(text), &token); err != nil || token.AccessToken == "" {
			t.Fatal(status, text)
		}
		form.Set("client_secret", "wrong")
		for n, door := range []struct{ name, verb, path, token, body string }{
			{"C1", http.MethodGet, "/api/v1/users", "", ""},
			{"C1, by a client", http.MethodGet, "/api/v1/users", token.AccessToken, ""},
			{"Interim's own", http.MethodGet, "/api/interim/v1/settings/requests", "", ""},
			{"Opal", http.MethodGet, "/v1/users", "", ""},
			{"Opal, by a client", http.MethodGet, "/v1/users", b.OpalToken, ""},
			{"Opal, what is not served", http.MethodPost, "/v1/queries/run", "", "{}"},
			{"signing in", http.MethodPost, "/auth/v1/token", "", form.Encode()},
		} {
			l.exhausted(door.name, door.verb, door.path, door.token, door.body, func(try int) string {
				if door.token == "" {
					return fmt.Sprintf("198.51.100.%d", n) // a stranger is known by the network
				}
				return fmt.Sprintf("203.0.113.%d", try) // a client by its credential, wherever it is
			})
		}
	})
}

// gRPC tells when to come back in a header and in the details.
func TestTheDoorForGRPCSaysWhenToComeBackToWhoAsksTooOften(t *testing.T) {
	onLimited(t, func(l *limited, _ Bootstrap) {
		pool := x509.NewCertPool()
		pool.AddCert(l.Certificate())
		conn, err := grpc.NewClient(l.Listener.Addr().String(),
			grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: pool, ServerName: "example.com", MinVersion: tls.VersionTLS12})))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		ctx := metadata.AppendToOutgoingContext(l.Context(), "x-forwarded-for", "192.0.2.7")
		for range often {
			header, refused := knock(ctx, conn)
			if refused.Code() != codes.ResourceExhausted {
				continue
			}
			if got := header.Get("retry-after"); len(got) != 1 || got[0] == "" {
				t.Errorf("retry-after %q", got)
			}
			told := false
			for _, d := range refused.Details() {
				info, ok := d.(*errdetails.RetryInfo)
				told = told || ok && info.GetRetryDelay().AsDuration() > 0
			}
			if !told {
				t.Errorf("details %v", refused.Details())
			}
			return
		}
		t.Error("nobody asks too often")
	})
}

// knock calls an operation without a token.
func knock(ctx context.Context, conn *grpc.ClientConn) (metadata.MD, *status.Status) {
	var header, trailer metadata.MD
	err := conn.Invoke(ctx, "/c1.api.user.v1.UserService/List", &emptypb.Empty{}, &emptypb.Empty{}, grpc.Header(&header), grpc.Trailer(&trailer))
	return metadata.Join(header, trailer), status.Convert(err)
}
