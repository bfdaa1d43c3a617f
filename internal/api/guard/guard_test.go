package guard_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/interim-access/interim/internal/api/guard"
	"github.com/interim-access/interim/internal/api/transcode"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/seal"
)

const (
	ownList = "/c1.api.user.v1.UserSearch/Search"     // Basic User: own
	allList = "/c1.api.app.v1.Apps/List"              // Basic User: all
	forbids = "/interim.v1.Users/Create"              // Basic User: not at all
	unknown = "/c1.api.app.v1.Apps/Explode"           // no rule
	program = "/c1.api.app.v1.Apps/Get"               // Basic User: all; takes API tokens
	public  = "/grpc.health.v1.Health/Check"          // public
	missing = "/c1.api.task.v1.TaskService/Get"       // known, not served
	signed  = "/interim.v1.Anything/ForWhoIsSignedIn" // authenticated

	perSecond = 100 // requests of one client, and of one stranger
)

// gate is a guard over a database with one Basic User, whose token is at hand.
type gate struct {
	*guard.Guard
	t     *testing.T
	iam   *iam.Service
	clock *clock.Fake
	user  directory.User
	token string
	log   bytes.Buffer
}

func newGate(t *testing.T) *gate {
	t.Helper()
	d, c := dbtest.SQLite(t), clock.NewFake(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	log := audit.New(d, c)
	service, err := iam.New(t.Context(), iam.Options{
		DB: d, Clock: c, Audit: log, Settings: iam.NewSettings(d, c, seal.New([32]byte{1})), Host: "interim.example.com",
	})
	g := &gate{t: t, iam: service, clock: c}
	g.ok(err)
	t.Cleanup(service.Close)
	people := directory.New(d, c, log)
	people.TellCreated(service)
	system := iam.AsSystem(t.Context())
	g.user, err = people.Create(system, directory.User{DisplayName: "Ada", Email: "ada@example.com"})
	g.ok(err)
	client, secret, err := service.CreateClient(system, g.user.ID, iam.NewClient{})
	g.ok(err)
	token, err := service.SignIn(t.Context(), iam.Attempt{ClientID: client.ClientID, Secret: secret})
	g.ok(err)
	g.token = token.Access
	rules := guard.Rules{
		ownList: {Access: guard.Permission, Permission: iam.PermissionOf(ownList)},
		allList: {Access: guard.Permission, Permission: iam.PermissionOf(allList)},
		forbids: {Access: guard.Permission, Permission: iam.PermissionOf(forbids)},
		signed:  {Access: guard.Authenticated},
		program: {Access: guard.Permission, Permission: iam.PermissionOf(program), APITokens: true},
	}
	rules.Known(strings.ReplaceAll(strings.TrimPrefix(missing, "/"), "/", "."))
	rules.Open(public)
	g.Guard = guard.New(service, rules.Find, guard.NewRate(c, perSecond), slog.New(slog.NewTextHandler(&g.log, nil)))
	return g
}

func (g *gate) ok(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
}

// call runs handler behind the guard, with Authorization headers.
func (g *gate) call(method string, handler grpc.UnaryHandler, authorization ...string) (any, error) {
	ctx := metadata.NewIncomingContext(transcode.WithTraceID(g.t.Context(), "trace-1"), metadata.MD{"authorization": authorization})
	return g.Unary()(fromPeer(ctx), nil, &grpc.UnaryServerInfo{FullMethod: method}, handler)
}

func fromPeer(ctx context.Context) context.Context {
	return peer.NewContext(ctx, &peer.Peer{Addr: address("192.0.2.1:443")})
}

func (g *gate) bearer() string { return "Bearer " + g.token }

func asks(ctx context.Context, _ any) (any, error) {
	_, err := iam.OwnFilter(ctx)
	return "answer", err
}

func forgets(context.Context, any) (any, error) { return "everything", nil }

func never(t *testing.T) grpc.UnaryHandler {
	return func(context.Context, any) (any, error) {
		t.Error("the handler ran")
		return nil, nil
	}
}

func refused(t *testing.T, err error, code fault.Code, words string) {
	t.Helper()
	if !fault.Is(err, code) || !strings.Contains(err.Error(), words) {
		t.Errorf("got %v, want %v …%s…", err, code, words)
	}
}

func TestARequestIsRefusedBeforeItsHandlerRuns(t *testing.T) {
	g := newGate(t)
	for _, c := range []struct {
		name, method  string
		authorization []string
		code          fault.Code
		words         string
	}{
		{"a method without a rule", unknown, []string{g.bearer()}, fault.Denied, "Permission denied, missing permission/c1.api.app.v1.Apps.Explode"},
		{"a method without a rule, without a token", unknown, nil, fault.Denied, "Permission denied"},
		{"no token", allList, nil, fault.Unauthenticated, "access token"},
		{"an empty header", allList, []string{""}, fault.Unauthenticated, "Bearer"},
		{"another scheme", allList, []string{"Basic " + g.token}, fault.Unauthenticated, "Bearer"},
		{"two headers", allList, []string{g.bearer(), g.bearer()}, fault.Unauthenticated, "one Bearer token"},
		{"no scheme", allList, []string{g.token}, fault.Unauthenticated, "Bearer"},
		{"garbage", allList, []string{"Bearer abc"}, fault.Unauthenticated, "not valid"},
		{"without the permission", forbids, []string{g.bearer()}, fault.Denied, "Permission denied, missing permission/interim.v1.Users.Create"},
		{"known and not served", missing, []string{g.bearer()}, fault.Unimplemented, "c1.api.task.v1.TaskService.Get is not served"},
		{"known and not served, to a stranger", missing, nil, fault.Unauthenticated, "access token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := g.call(c.method, never(t), c.authorization...)
			refused(t, err, c.code, c.words)
		})
	}
	t.Run("without metadata", func(t *testing.T) {
		_, err := g.Unary()(t.Context(), nil, &grpc.UnaryServerInfo{FullMethod: allList}, never(t))
		refused(t, err, fault.Unauthenticated, "access token")
	})
}

func TestTheHandlerKnowsItsCaller(t *testing.T) {
	g := newGate(t)
	_, err := g.call(ownList, func(ctx context.Context, _ any) (any, error) {
		p, err := iam.PrincipalFrom(ctx)
		g.ok(err)
		actor := audit.From(ctx)
		if p.UserID != g.user.ID || p.IP.String() != "192.0.2.1" || p.RequestID != "trace-1" || p.TokenID == "" {
			t.Errorf("principal %+v", p)
		}
		if actor.Kind != audit.KindUser || actor.Name != "Ada" || actor.IP != "192.0.2.1" || actor.RequestID != "trace-1" || actor.ClientKey != string(p.ClientKey) {
			t.Errorf("actor %+v", actor)
		}
		own, err := iam.OwnFilter(ctx)
		if own != g.user.ID || iam.ScopeOf(ctx) != iam.Own {
			t.Errorf("own filter %q", own)
		}
		return nil, err
	}, "bEARER  "+g.token)
	g.ok(err)
	if _, err := g.call(public, forgets); err != nil {
		t.Errorf("a public method: %v", err)
	}
	_, err = g.call(signed, func(ctx context.Context, _ any) (any, error) {
		_, err := iam.PrincipalFrom(ctx)
		refused(t, iam.Require(ctx, iam.Object{}), fault.Denied, "Permission denied")
		return nil, err
	}, g.bearer())
	g.ok(err)
}

func TestAHandlerThatForgetsToAskAnswersNobody(t *testing.T) {
	g := newGate(t)
	if got, err := g.call(ownList, forgets, g.bearer()); got != nil || !fault.Is(err, fault.Denied) {
		t.Errorf("got %v, %v", got, err)
	}
	if !strings.Contains(g.log.String(), ownList) {
		t.Errorf("nothing was logged: %s", g.log.String())
	}
	if got, err := g.call(ownList, asks, g.bearer()); got != "answer" || err != nil {
		t.Errorf("who asked: %v, %v", got, err)
	}
	if got, err := g.call(allList, forgets, g.bearer()); got != "everything" || err != nil {
		t.Errorf("with scope All there is nothing to ask: %v, %v", got, err)
	}
	own := fault.New(fault.NotFound, "nothing here")
	if got, err := g.call(ownList, func(context.Context, any) (any, error) { return "half", own }, g.bearer()); got != nil || !fault.Is(err, fault.NotFound) {
		t.Errorf("a refusal needs no question: %v, %v", got, err)
	}
}

func TestObjectsOfOthersAreOutOfReach(t *testing.T) {
	g := newGate(t)
	_, err := g.call(ownList, func(ctx context.Context, _ any) (any, error) {
		g.ok(iam.Require(ctx, iam.Object{Type: "user", ID: string(g.user.ID), UserID: string(g.user.ID)}))
		refused(t, iam.Require(ctx, iam.Object{Type: "user", ID: "somebody", UserID: "somebody"}), fault.Denied, "UserSearch.Search")
		refused(t, iam.Require(ctx, iam.Object{Type: "app", ID: "nobody's"}), fault.Denied, "UserSearch.Search")
		refused(t, iam.RequireAll(ctx), fault.Denied, "UserSearch.Search")
		refused(t, iam.SuperAdmin(ctx), fault.Denied, "Super Administrator")
		return "answer", nil
	}, g.bearer())
	g.ok(err)
	refused(t, iam.Require(t.Context(), iam.Object{UserID: string(g.user.ID)}), fault.Denied, "Permission denied")
}

func TestALiveTokenIsRefusedAwayFromItsNetworks(t *testing.T) {
	g := newGate(t)
	clients, err := g.iam.Clients(t.Context(), g.user.ID)
	g.ok(err)
	_, err = g.call(ownList, asks, g.bearer())
	g.ok(err)
	for network, ok := range map[string]bool{"192.0.2.0/24": true, "203.0.113.0/24": false} {
		sources, err := iam.ParseSources("allowSourceCidr", []string{network})
		g.ok(err)
		_, err = g.iam.UpdateClient(iam.AsSystem(t.Context()), clients[0].Key, func(c *iam.Client) error { c.Limits.Sources = sources; return nil })
		g.ok(err)
		if _, err = g.call(ownList, asks, g.bearer()); ok != (err == nil) || !ok && !fault.Is(err, fault.Denied) {
			t.Errorf("from %s: %v", network, err)
		}
	}
}

type serverStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s serverStream) Context() context.Context { return s.ctx }

func TestAStreamIsJudgedAtItsStart(t *testing.T) {
	g := newGate(t)
	run := func(method, authorization string) (ran bool, err error) {
		ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", authorization))
		err = g.Stream()(nil, serverStream{ctx: ctx}, &grpc.StreamServerInfo{FullMethod: method}, func(_ any, ss grpc.ServerStream) error {
			ran = true
			if method != public {
				_, err := iam.PrincipalFrom(ss.Context())
				return err
			}
			return nil
		})
		return ran, err
	}
	for method, want := range map[string]bool{allList: true, ownList: false, forbids: false, unknown: false, public: true, signed: true, missing: false} {
		if ran, err := run(method, g.bearer()); ran != want || want != (err == nil) {
			t.Errorf("%s: ran %v, %v", method, ran, err)
		}
	}
	if ran, err := run(allList, "Bearer x"); ran || !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("without a token: %v, %v", ran, err)
	}
}

func TestAnAPITokenOpensOnlyWhatTakesOne(t *testing.T) {
	g := newGate(t)
	_, secret, err := g.iam.CreateAPIToken(iam.AsSystem(t.Context()), g.user.ID, iam.NewAPIToken{Label: "ci", Access: iam.FullAccess})
	g.ok(err)
	if _, err := g.call(program, asks, "Bearer "+secret); err != nil {
		t.Error("an API token where they are taken:", err)
	}
	if _, err := g.call(program, asks, g.bearer()); err != nil {
		t.Error("an access token there:", err)
	}
	for _, method := range []string{allList, missing, signed} {
		_, err := g.call(method, never(t), "Bearer "+secret)
		refused(t, err, fault.Unauthenticated, "an API token is no credential here")
	}
}
