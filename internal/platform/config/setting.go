package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// setting is one name with its fallback and its form.
type setting struct {
	name     string
	fallback string
	check    func(string) error
}

// settings is every name a settings file may hold.
var settings = []setting{
	{"data", "./data", checkFolder},
	{"database", "", checkDatabase},
	{"listen", "127.0.0.1:8443", checkListen},
	{"listen-http", off, optional(checkListen)},
	{"listen-ops", "127.0.0.1:9090", optional(checkListen)},
	{"public-host", "", checkPublicHost},
	{"trusted-proxy", "", checkNetworks},
	{"rate-limit", "20000", checkRate},
	{"webhook-allow", "", checkNetworks},
	{"webhook-ca", "", checkFolder},
	{"smtp-url", "", checkSMTP},
	{"mail-from", "", checkSender},
	{"ends-soon", "24h,1h", checkLeads},
	{"log-level", "info", oneOf("debug", "info", "warn", "error")},
	{"log-format", "text", oneOf("text", "json")},
}

// env is the name of the setting in the environment.
func (k setting) env() string { return envOf(k.name) }

func envOf(name string) string {
	return "INTERIM_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// Validate implements kong's hook: it puts in the fallbacks and checks the
// form of each setting. Whoever makes a Storage without kong calls it.
func (s *Storage) Validate() error {
	return fill(map[string]*string{"data": &s.Data, "database": &s.Database})
}

// Validate implements kong's hook, as that of Storage does, and checks what
// the listeners must not be together.
func (s *Serve) Validate() error {
	proxies, allowed := strings.Join(s.TrustedProxy, ","), strings.Join(s.WebhookAllow, ",")
	err := fill(map[string]*string{
		"data": &s.Data, "database": &s.Database, "listen": &s.Listen, "listen-http": &s.ListenHTTP, "listen-ops": &s.ListenOps,
		"public-host": &s.PublicHost, "trusted-proxy": &proxies, "rate-limit": &s.RateLimit,
		"webhook-allow": &allowed,
		"webhook-ca":    &s.WebhookCA, "smtp-url": &s.SMTPURL, "mail-from": &s.MailFrom, "ends-soon": &s.EndsSoon,
		"log-level": &s.LogLevel, "log-format": &s.LogFormat,
	})
	if err != nil {
		return err
	}
	if a, err := netip.ParseAddrPort(s.Listen); err == nil && a.Addr().IsUnspecified() && s.PublicHost == "" {
		return fmt.Errorf("--listen: %s is every interface, so say with --public-host where clients find this server", s.Listen)
	}
	listeners := []struct{ name, addr string }{{"listen", s.Listen}, {"listen-http", s.ListenHTTP}, {"listen-ops", s.ListenOps}}
	for i, a := range listeners {
		for _, b := range listeners[:i] {
			if a.addr == b.addr && a.addr != off && !strings.HasSuffix(a.addr, ":0") {
				return fmt.Errorf("--%s: %s is taken by --%s", a.name, a.addr, b.name)
			}
		}
	}
	return nil
}

// fill puts fallbacks in place of what is empty and checks the rest.
func fill(values map[string]*string) error {
	for _, k := range settings {
		v := values[k.name]
		switch {
		case v == nil:
		case *v == "":
			*v = k.fallback
		default:
			if err := k.check(*v); err != nil {
				return fmt.Errorf("%s: %w", k.origin(*v), err)
			}
		}
	}
	return nil
}

// origin names the place the operator has to correct. What came from a file
// was checked there, with its line.
func (k setting) origin(v string) string {
	if v == os.Getenv(k.env()) {
		return k.env()
	}
	return "--" + k.name
}

func checkFolder(v string) error {
	if strings.ContainsAny(v, "\x00\r\n") || len(v) > 1024 {
		return errors.New("not the name of a folder")
	}
	return nil
}

// checkDatabase never shows the URL, which may hold a password.
func checkDatabase(v string) error {
	if !strings.HasPrefix(v, "postgres://") && !strings.HasPrefix(v, "postgresql://") || strings.ContainsAny(v, " \x00\r\n") {
		return errors.New("want postgres://USER:PASSWORD@HOST:PORT/NAME, or nothing for SQLite in the data folder")
	}
	return nil
}

// checkListen wants an explicit host: ":8443" means every interface to Go,
// which must not happen for want of a word.
func checkListen(v string) error {
	host, port, err := net.SplitHostPort(v)
	if err != nil || host == "" || !isHost(host) || !isPort(port) {
		return fmt.Errorf("%.300q: want HOST:PORT, as in 127.0.0.1:8443, or 0.0.0.0:8443 for every interface", v)
	}
	return nil
}

func checkPublicHost(v string) error {
	host, port, err := net.SplitHostPort(v)
	if err != nil {
		host, port = strings.TrimSuffix(strings.TrimPrefix(v, "["), "]"), "443"
	}
	ip, errIP := netip.ParseAddr(host)
	literal := errIP == nil && ip.Is6()
	if !isHost(host) || !isPort(port) || port == "0" || literal != strings.HasPrefix(v, "[") || literal && ip.Zone() != "" {
		return fmt.Errorf("%.300q: want HOST or HOST:PORT without a scheme, as in access.example.com", v)
	}
	if errIP == nil && ip.IsUnspecified() {
		return fmt.Errorf("%.300q: is every interface of a server, which no client can connect to", v)
	}
	return nil
}

func checkNetworks(v string) error {
	for part := range strings.SplitSeq(v, ",") {
		if _, err := parseNetwork(part); err != nil {
			return fmt.Errorf("%.100q: want networks such as 10.0.0.0/8,192.168.1.7", strings.TrimSpace(part))
		}
	}
	return nil
}

func parseNetwork(v string) (netip.Prefix, error) {
	v = strings.TrimSpace(v)
	if a, err := netip.ParseAddr(v); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(v)
	return p.Masked(), err
}

// maxRate is one request in a microsecond, the smallest step of the clock.
const maxRate = 1_000_000

func checkRate(v string) error {
	if n, err := strconv.Atoi(v); err != nil || n < 0 || n > maxRate {
		return fmt.Errorf("%.100q: want a number of requests a second, 1 to %d, or 0 for no limit", v, maxRate)
	}
	return nil
}

// optional lets a listener be off.
func optional(check func(string) error) func(string) error {
	return func(v string) error {
		if v == off {
			return nil
		}
		return check(v)
	}
}

func oneOf(allowed ...string) func(string) error {
	return func(v string) error {
		if slices.Contains(allowed, v) {
			return nil
		}
		return fmt.Errorf("%.100q: want one of %s", v, strings.Join(allowed, ", "))
	}
}
