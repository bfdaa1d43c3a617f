package postgres

import (
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/interim-access/interim/internal/platform/fault"
)

// Limits of one connector.
const (
	maxURL         = 4096             // bytes of a connection string
	maxConnections = 8                // at once to one target: as many as provisioning makes calls
	connectTimeout = 5 * time.Second  // to reach one host of the target
	statementLimit = 15 * time.Second // for one statement of a change
	readLimit      = 4 * time.Minute  // for one statement of a reading
	lockLimit      = 5 * time.Second  // to wait for somebody else's lock there
)

// allowed are the parameters a connection string may carry. Those that name files on the server are refused: whoever may edit a
// connector must not read the server's files with it.
var allowed = []string{"sslmode", "sslnegotiation", "connect_timeout", "target_session_attrs", "channel_binding"}

// ours says everything else that the driver would otherwise take from the server's environment, home folder or user account: a target
// that somebody names must not be sent the server's own password or certificate.
var ours = map[string]string{
	"sslmode": "prefer", "sslnegotiation": "postgres", "connect_timeout": "5", "target_session_attrs": "any", "channel_binding": "prefer",
	"sslcertmode": "disable", "sslcert": "", "sslkey": "", "sslpassword": "", "sslrootcert": "", "sslsni": "1", "require_auth": "",
	"passfile": "/dev/null", "servicefile": "/dev/null", "min_protocol_version": "", "max_protocol_version": "",
}

// ParseConfig reads a secret: a postgres:// URL with host, user and database and, from the next line on, the certificates in PEM of
// the authorities to trust instead of those the machine knows. Everything must be in it: the server's own PG* environment, password
// file and certificates are not used. (Where that environment names a service, no string can be read.) Invalid says what is wrong, and
// never repeats the string.
func ParseConfig(secret string) (*pgxpool.Config, error) {
	const field = "connectionString"
	s, ca, private := strings.Cut(secret, "\n")
	if len(s) > maxURL {
		return nil, fault.InvalidField(field, "has %d bytes; at most %d are allowed", len(s), maxURL)
	}
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return nil, fault.InvalidField(field, "must be a URL such as postgres://user:password@host:5432/database")
	}
	if u.Hostname() == "" || u.User == nil || u.User.Username() == "" || strings.Trim(u.Path, "/") == "" {
		return nil, fault.InvalidField(field, "must name a host, a user and a database")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, fault.InvalidField(field, "has parameters that cannot be read")
	}
	for name := range query {
		if !slices.Contains(allowed, name) {
			return nil, fault.InvalidField(field, "parameter %q is not supported; known are %s", brief(name), strings.Join(allowed, ", "))
		}
	}
	roots, err := trusted(ca, private, query)
	if err != nil {
		return nil, err
	}
	for name, value := range ours {
		if query.Get(name) == "" {
			query.Set(name, value)
		}
	}
	if u.Port() == "" && !strings.Contains(u.Host, ",") {
		u.Host = net.JoinHostPort(u.Hostname(), "5432")
	}
	u.RawQuery = query.Encode()
	c, err := pgxpool.ParseConfig(u.String())
	if err != nil {
		return nil, fault.InvalidField(field, "cannot be read as a PostgreSQL connection string")
	}
	if local(c.ConnConfig) {
		return nil, fault.InvalidField(field, "must name hosts on the network: the server's own sockets are not reached through a connector")
	}
	trust(c.ConnConfig, roots)
	c.ConnConfig.Password, _ = u.User.Password()
	if t := c.ConnConfig.ConnectTimeout; t <= 0 || t > connectTimeout {
		c.ConnConfig.ConnectTimeout = connectTimeout
	}
	c.ConnConfig.RuntimeParams = map[string]string{
		"application_name":  "interim",
		"statement_timeout": milliseconds(statementLimit),
		"lock_timeout":      milliseconds(lockLimit),
	}
	c.MaxConns, c.MinConns = maxConnections, 0
	c.MaxConnIdleTime = time.Minute
	c.AfterConnect = identify
	return c, nil
}

// local reports whether a configuration leads to a socket of the server's own machine, where the server's account may be trusted.
func local(c *pgx.ConnConfig) bool {
	hosts := []string{c.Host}
	for _, f := range c.Fallbacks {
		hosts = append(hosts, f.Host)
	}
	return slices.ContainsFunc(hosts, func(h string) bool { return h == "" || h[0] == '/' || h[0] == '@' })
}
