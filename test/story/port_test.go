package story

import (
	"context"
	"crypto/tls"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
)

func TestOnePortSpeaksHTTPOneHTTPTwoAndGRPC(t *testing.T) {
	t.Parallel()
	s := start(t, "")
	admin := s.admin()
	id := text(admin.post("/api/v1/apps", object{"displayName": "Warehouse"}), "app", "id")

	// HTTP/2 is what our client negotiates; HTTP/1.1 is what one without it gets.
	for name, transport := range map[string]*http.Transport{
		"HTTP/2.0": {TLSClientConfig: &tls.Config{RootCAs: s.pool}, ForceAttemptHTTP2: true},
		"HTTP/1.1": {TLSClientConfig: &tls.Config{RootCAs: s.pool, NextProtos: []string{"http/1.1"}}},
	} {
		req, err := http.NewRequest(http.MethodGet, s.boot.URL+"/api/v1/apps/"+id, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+admin.token)
		res, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusOK || res.Proto != name {
			t.Errorf("%s: %d over %s", name, res.StatusCode, res.Proto)
		}
		transport.CloseIdleConnections()
	}

	conn, err := grpc.NewClient(s.listen, grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: s.pool})))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	health, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	if err != nil || health.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		t.Errorf("health: %v %v", health, err)
	}
	apps := appv1.NewAppsClient(conn)
	if _, err := apps.Get(ctx, &appv1.GetAppRequest{Id: id}); status.Code(err) != codes.Unauthenticated {
		t.Errorf("without a token: %v", err)
	}
	signed := metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+admin.token)
	app, err := apps.Get(signed, &appv1.GetAppRequest{Id: id})
	if err != nil || app.GetApp().GetDisplayName() != "Warehouse" {
		t.Errorf("with one: %v %v", app, err)
	}
	if _, err := apps.Get(signed, &appv1.GetAppRequest{Id: "warehouse"}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("a malformed id: %v", err)
	}
}

func TestTheReferencePageNeedsNoNetwork(t *testing.T) {
	t.Parallel()
	s := start(t, "")
	b := s.browser()
	code, page := b.open(s.boot.URL + "/docs")
	if code != http.StatusOK || strings.Contains(page, "http://") || strings.Contains(page, "https://") {
		t.Errorf("/docs: %d, %d bytes, with addresses elsewhere", code, len(page))
	}
	if code, doc := b.open(s.boot.URL + "/docs/openapi.json"); code != http.StatusOK || !strings.Contains(doc, `"openapi"`) ||
		!strings.Contains(doc, "/api/interim/v1/access/check") {
		t.Errorf("/docs/openapi.json: %d", code)
	}
}

func TestWhatIsKnownAndNotServedSaysSo(t *testing.T) {
	t.Parallel()
	s := start(t, "")
	message := s.admin().refused(http.StatusNotImplemented, http.MethodPost, "/api/v1/task/action", object{})
	if !strings.Contains(message, "c1.api.task.v1.TaskService.CreateActionTask") {
		t.Errorf("%q does not name the operation", message)
	}
	nobody := &person{s: s, http: s.client(), token: "x", until: s.now().Add(patience)}
	nobody.refused(http.StatusUnauthorized, http.MethodPost, "/api/v1/task/action", object{})
	nobody.refused(http.StatusNotFound, http.MethodGet, "/api/v1/nothing-of-the-kind", nil)
}
