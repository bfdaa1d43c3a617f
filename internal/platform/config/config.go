// Package config is the settings of the program. Each has one name, used as a
// flag (--listen), in the environment (INTERIM_LISTEN) and in a settings file
// (listen = …); they count in that order. A setting that is absent or empty
// has the fallback its help names, so the zero value of every struct here is a
// working configuration, and one that is reachable from this machine only.
//
// The structs carry alecthomas/kong tags and hooks: a command embeds them, and
// kong.Parse returns a Serve that is filled in and valid, or an error of one
// line that names the setting, or the file and line, and what it should be.
//
// The key that seals secrets is not a setting: see seal.LoadKey.
package config

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Storage is where the data is: what `migrate` and `admin` need, too.
type Storage struct {
	Data     string `env:"INTERIM_DATA" name:"data" placeholder:"DIR" help:"Folder of everything Interim keeps on this machine (default ./data)."`
	Database string `env:"INTERIM_DATABASE" name:"database" placeholder:"URL" help:"postgres://… database; without it, SQLite inside the data folder."`
	Config   string `env:"INTERIM_CONFIG" name:"config" placeholder:"FILE" help:"Settings file: NAME = VALUE lines, names as the flags here."`
}

// Serve is the settings of `interim serve`.
type Serve struct {
	Storage

	Listen       string   `env:"INTERIM_LISTEN" name:"listen" placeholder:"HOST:PORT" help:"Address of the TLS port (default 127.0.0.1:8443); 0.0.0.0 is every interface."`
	ListenHTTP   string   `env:"INTERIM_LISTEN_HTTP" name:"listen-http" placeholder:"HOST:PORT" help:"Address of a port without TLS, for a proxy on this machine (default 0, off)."`
	ListenOps    string   `env:"INTERIM_LISTEN_OPS" name:"listen-ops" placeholder:"HOST:PORT" help:"Address of health and metrics (default 127.0.0.1:9090); 0 is off."`
	PublicHost   string   `env:"INTERIM_PUBLIC_HOST" name:"public-host" placeholder:"HOST[:PORT]" help:"Where clients find this server (default the address of --listen)."`
	TrustedProxy []string `env:"INTERIM_TRUSTED_PROXY" name:"trusted-proxy" placeholder:"CIDR,…" help:"Networks whose X-Forwarded-For is believed (default none)."`
	RateLimit    string   `env:"INTERIM_RATE_LIMIT" name:"rate-limit" placeholder:"N" help:"Requests a second that one client may make, and one address without signing in (default 20000); 0 is no limit."`
	WebhookAllow []string `env:"INTERIM_WEBHOOK_ALLOW" name:"webhook-allow" placeholder:"CIDR,…" help:"Networks beside the public Internet that webhooks may be in, also over http and on any port (default none)."`
	WebhookCA    string   `env:"INTERIM_WEBHOOK_CA" name:"webhook-ca" placeholder:"FILE" help:"PEM file of authorities that the certificates of webhooks are from, besides those the system trusts."`
	SMTPURL      string   `env:"INTERIM_SMTP_URL" name:"smtp-url" placeholder:"URL" help:"Mail server, smtp[s]://USER:PASSWORD@HOST:PORT (default none: nobody is told by mail)."`
	MailFrom     string   `env:"INTERIM_MAIL_FROM" name:"mail-from" placeholder:"ADDRESS" help:"Whom mails are from, as in \"Interim <interim@example.com>\" (default interim at the host of --public-host)."`
	EndsSoon     string   `env:"INTERIM_ENDS_SOON" name:"ends-soon" placeholder:"TIME,…" help:"How long before the end of their access people are told (default 24h,1h); 0 is not at all."`
	LogLevel     string   `env:"INTERIM_LOG_LEVEL" name:"log-level" placeholder:"LEVEL" help:"debug, info, warn or error (default info)."`
	LogFormat    string   `env:"INTERIM_LOG_FORMAT" name:"log-format" placeholder:"FORMAT" help:"text or json (default text)."`
}

// off is what an optional listener is set to when it shall not be there.
const off = "0"

// EndsSoonBefore is how long before the end of their access people are told; empty: not at all.
func (s *Serve) EndsSoonBefore() []time.Duration {
	list, err := leads(s.EndsSoon)
	if err != nil {
		return nil // Validate has refused it
	}
	return list
}

// maxLeads bounds how often people are told of one end.
const maxLeads = 5

func leads(v string) ([]time.Duration, error) {
	if v == off || v == "" {
		return nil, nil
	}
	var list []time.Duration
	for part := range strings.SplitSeq(v, ",") {
		d, err := time.ParseDuration(strings.TrimSpace(part))
		if err != nil || d < time.Minute || d%time.Minute != 0 {
			return nil, errors.New("want times such as 24h,1h, each in whole minutes, or 0")
		}
		list = append(list, d)
	}
	if len(list) > maxLeads {
		return nil, fmt.Errorf("names %d times; at most %d are allowed", len(list), maxLeads)
	}
	return list, nil
}

func checkLeads(v string) error {
	_, err := leads(v)
	return err
}

// SQLiteFile is the database file, "" when Database names a PostgreSQL.
func (s *Storage) SQLiteFile() string {
	if s.Database != "" {
		return ""
	}
	return filepath.Join(s.Data, "interim.db")
}

// HTTP returns the address of the port without TLS, and whether there is one.
func (s *Serve) HTTP() (addr string, on bool) { return s.ListenHTTP, s.ListenHTTP != off }

// Ops returns the address of health and metrics, and whether they are served.
func (s *Serve) Ops() (addr string, on bool) { return s.ListenOps, s.ListenOps != off }

// Public returns where clients find the server: PublicHost, or else the
// address the TLS port was bound to, which differs from Listen in the port
// when that was 0.
func (s *Serve) Public(bound net.Addr) string {
	if s.PublicHost != "" {
		return s.PublicHost
	}
	host, _, errListen := net.SplitHostPort(s.Listen)
	_, port, errBound := net.SplitHostPort(bound.String())
	if errListen != nil || errBound != nil {
		return bound.String()
	}
	return net.JoinHostPort(host, port)
}

// TrustedProxies returns the networks whose forwarding headers are believed.
// A single address is a network of one.
func (s *Serve) TrustedProxies() []netip.Prefix { return networks(s.TrustedProxy) }

// WebhookNetworks returns the networks that webhooks may be in beside the public Internet.
func (s *Serve) WebhookNetworks() []netip.Prefix { return networks(s.WebhookAllow) }

func networks(list []string) []netip.Prefix {
	var all []netip.Prefix
	for _, v := range list {
		if p, err := parseNetwork(v); err == nil {
			all = append(all, p)
		}
	}
	return all
}

// PerSecond returns RateLimit as a number.
func (s *Serve) PerSecond() int {
	n, _ := strconv.Atoi(s.RateLimit) // which Validate has checked
	return n
}

// Logger returns a logger as LogLevel and LogFormat say, writing to w.
func (s *Serve) Logger(w io.Writer) *slog.Logger {
	o := &slog.HandlerOptions{Level: levels[s.LogLevel]}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

var levels = map[string]slog.Level{
	"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
}
