package server

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/interim-access/interim/internal/api/c1"
	"github.com/interim-access/interim/internal/api/guard"
	"github.com/interim-access/interim/internal/api/interim"
	"github.com/interim-access/interim/internal/api/oauth"
	"github.com/interim-access/interim/internal/api/opal"
	"github.com/interim-access/interim/internal/api/ops"
	"github.com/interim-access/interim/internal/api/reference"
	"github.com/interim-access/interim/internal/api/transcode"
	"github.com/interim-access/interim/internal/govern/webhook"
)

// Limits of connections. There is none on how long a request or an answer may take as a whole: connectors hold streams open.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10
)

// doors builds what answers on the TLS port: gRPC calls go to the gRPC server, everything else to the router. Both run the same
// handlers behind the same guard.
func (p *parts) doors(trusted []netip.Prefix, perSecond int) (http.Handler, error) {
	rules, err := guard.Declared(protoregistry.GlobalFiles)
	if err != nil {
		return nil, err
	}
	known, err := c1.Known()
	if err != nil {
		return nil, err
	}
	for _, k := range known {
		rules.Known(k.Op)
	}
	rules.Open(grpc_health_v1.Health_Check_FullMethodName, grpc_health_v1.Health_Watch_FullMethodName,
		grpc_health_v1.Health_List_FullMethodName)
	limit := guard.NewRate(p.clock, perSecond)
	watch := guard.New(p.iam, rules.Find, limit, p.log)
	inner := []grpc.UnaryServerInterceptor{p.measured(), deadline, watch.Unary()}

	calls := grpc.NewServer(grpc.ChainUnaryInterceptor(append([]grpc.UnaryServerInterceptor{p.statuses}, inner...)...),
		grpc.ChainStreamInterceptor(p.streamStatuses, watch.Stream()))
	gateway := transcode.New(transcode.Options{Interceptors: inner, Log: p.log, Known: known})
	deps := p.deps()
	for _, r := range []grpc.ServiceRegistrar{calls, gateway} {
		r = guard.First(r)
		deps.Register(r)
		interim.Register(r, deps)
	}
	grpc_health_v1.RegisterHealthServer(calls, health.NewServer())

	signIn, err := oauth.New(oauth.Options{IAM: p.iam, Clock: p.clock, Log: p.log, PublicURL: p.url, Rate: limit})
	if err != nil {
		return nil, err
	}
	second, err := p.opal(inner)
	if err != nil {
		return nil, err
	}
	second.Rules(rules)
	p.streams.Speak(second)
	web := chi.NewRouter()
	web.Mount("/auth/v1", signIn)
	web.Handle(opal.Base+"/*", second)
	reference.Mount(web, second.OpenAPI)
	web.Post(webhook.CallbackPath+"*", c1.WebhookCallback(p.webhooks).ServeHTTP)
	gateway.Mount(web)
	return guard.ClientIP(trusted)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor == 2 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
			calls.ServeHTTP(w, r)
			return
		}
		web.ServeHTTP(w, r)
	})), nil
}

// deps is what the handlers of both API doors stand on.
func (p *parts) deps() *c1.Deps {
	return &c1.Deps{
		DB: p.db, Clock: p.clock, Tokens: p.tokens, Audit: p.audit, Directory: p.directory, IAM: p.iam, Webhooks: p.webhooks,
		Notify: p.notify, Apps: p.apps, Grants: p.grants,
		Provision: p.provision, Sync: p.sync, Owners: p.owners, Read: p.read, PublicURL: p.url, TenantID: p.tenant,
		Delegations: p.delegations,
		Policies:    p.policies,
		Catalogs:    p.catalogs,
		Attributes:  p.attributes,
		Automations: p.automations,
		Contacts:    p.contacts,
		Tasks:       p.tasks,
	}
}

// opal is the door of the Opal API, behind the same interceptors.
func (p *parts) opal(inner []grpc.UnaryServerInterceptor) (*opal.Door, error) {
	return opal.New(&opal.Deps{
		DB: p.db, Clock: p.clock, Log: p.log, Tokens: p.tokens, Interceptors: inner,
		Audit: p.audit, Directory: p.directory, IAM: p.iam, Apps: p.apps, Grants: p.grants, Owners: p.owners, Read: p.read,
		Delegations: p.delegations, Policies: p.policies, Catalogs: p.catalogs, Items: p.items, Groups: p.groups,
		Automations: p.automations,
		Contacts:    p.contacts, Tasks: p.tasks, Tags: p.tags, Streams: p.streams, Requests: p.requests,
	}, p.version)
}

func httpServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		// What clients do wrong in a handshake is theirs to see, and theirs to repeat: no line each at a level that people read.
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		HTTP2:    &http.HTTP2Config{MaxConcurrentStreams: 250},
	}
}

// opsServer serves health and metrics.
func (p *parts) opsServer(log *slog.Logger, draining *atomic.Bool) *http.Server {
	return httpServer(ops.Handler(ops.Options{
		Ready: func(ctx context.Context) error {
			if draining.Load() {
				return errors.New("draining")
			}
			return p.ready(ctx)
		},
		Gatherer: p.metrics, Log: log, Shift: shift(p.clock),
	}), log)
}

type tlsConfig = tls.Config
