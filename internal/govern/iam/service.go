package iam

import (
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Options are what a [Service] stands on. All are required but Log and Hosts.
type Options struct {
	DB       *db.DB
	Clock    clock.Clock
	Log      *slog.Logger // nil: slog.Default
	Audit    *audit.Log
	Settings *Settings
	Host     string   // public host[:port]: issuer and audience of access tokens, and part of every client id
	Hosts    []string // other host names that clients may use as the audience of assertions
}

// Service holds the use cases about roles, credentials and signing in. It is safe for concurrent use.
type Service struct {
	db        *db.DB
	clock     clock.Clock
	log       *slog.Logger
	audit     *audit.Log
	host      string
	audiences []string // host names without port
	keys      keyring
	rights    *cache
	verified  *recent[[32]byte, verified]
	memo      scopeMemo
	usage     *usage
	relations Relations
	powers    Powers
	supers    []Supers
	unhear    func()
}

// topic is where changes of rights are told; what is told is who has to be read again.
const (
	topic            = "iam"
	noticeKeys       = "keys"
	noticeRoles      = "roles"
	noticeUserPrefix = "user:"
	noticeClient     = "client:"
)

// New reads the signing keys, making the first on an empty database, brings the built-in roles up to this release's table, and
// listens for changes other replicas make. [Service.Close] ends the listening.
func New(ctx context.Context, o Options) (*Service, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	s := &Service{
		db: o.DB, clock: o.Clock, log: o.Log, audit: o.Audit, host: o.Host,
		keys:     keyring{settings: o.Settings},
		verified: newRecent[[32]byte, verified](maxVerified),
		usage:    newUsage(),
	}
	for _, h := range append([]string{o.Host}, o.Hosts...) {
		s.audiences = append(s.audiences, hostName(h))
	}
	s.rights = newCache(o.Clock, s.loadClient)
	s.unhear = o.DB.Subscribe(topic, s.hear)
	if err := s.keys.load(ctx, o.Clock.Now()); err != nil {
		return nil, err
	}
	return s, s.ensureBuiltins(ctx)
}

// Relate sets who answers for relations. Only at start, before requests are served.
func (s *Service) Relate(r Relations) { s.relations = r }

// Supers is told, inside the transaction, that the role of Super Administrator was given to somebody or taken from them.
type Supers interface {
	SupersChanged(tx *db.Tx) error
}

// TellSupers adds a listener. Only at start.
func (s *Service) TellSupers(n Supers) { s.supers = append(s.supers, n) }

func (s *Service) supersChanged(tx *db.Tx) error {
	for _, n := range s.supers {
		if err := n.SupersChanged(tx); err != nil {
			return err
		}
	}
	return nil
}

// Close stops listening for changes.
func (s *Service) Close() { s.unhear() }

// hear drops what a notice makes stale. What was not understood, or missed (""), drops everything.
func (s *Service) hear(notice string) {
	if userID, ok := strings.CutPrefix(notice, noticeUserPrefix); ok {
		s.rights.drop(func(r *rights) bool { return string(r.template.UserID) == userID })
		return
	}
	if key, ok := strings.CutPrefix(notice, noticeClient); ok {
		s.rights.drop(func(r *rights) bool { return string(r.client.Key) == key })
		return
	}
	s.rights.drop(func(*rights) bool { return true })
	if notice == noticeKeys || notice == "" {
		s.verified.clear()
		s.keys.expire()
	}
}

// Authenticate answers who makes a request with an access token from ip, the source address as a trusted proxy tells it.
// Unauthenticated for a token that is not valid, expired, or whose client or user has ended; Denied for an address outside the
// client's networks; Unavailable when the rights cannot be read.
func (s *Service) Authenticate(ctx context.Context, token string, ip netip.Addr) (*Principal, error) {
	now := s.clock.Now()
	v, err := s.verify(ctx, token, now)
	if err != nil {
		return nil, err
	}
	return s.principal(ctx, v, ip, now)
}

// principal is who makes a request with a token that was verified, as of now.
func (s *Service) principal(ctx context.Context, v verified, ip netip.Addr, now time.Time) (*Principal, error) {
	r, err := s.rights.get(ctx, v.clientID, now)
	if err != nil {
		return nil, err
	}
	ip = ip.Unmap()
	if err := r.usable(ip, now); err != nil {
		return nil, err
	}
	s.usage.mark(r.client.Key, now)
	p := r.template
	p.TokenID, p.IP = v.tokenID, ip
	return &p, nil
}

// usable answers why a credential cannot be used from ip at now, nil if it can.
func (r *rights) usable(ip netip.Addr, now time.Time) error {
	if r.limits.dead(now) {
		return fault.New(fault.Unauthenticated, "the client has expired")
	}
	if !r.limits.admits(ip) {
		return fault.New(fault.Denied, "Permission denied, the source address is not in the client's networks")
	}
	return nil
}
