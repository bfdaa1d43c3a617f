package postgres

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/platform/fault"
)

func TestAConnectionStringMustSayEverythingItself(t *testing.T) {
	for name, s := range map[string]string{
		"empty":             "",
		"key value":         "host=db user=interim dbname=postgres",
		"other scheme":      "mysql://interim@db/postgres",
		"no host":           "postgres://interim@/postgres",
		"no user":           "postgres://db/postgres",
		"no database":       "postgres://interim@db",
		"a socket":          "postgres://interim@%2Fvar%2Frun%2Fpostgresql/postgres",
		"a hole":            "postgres://interim@db,,other/postgres",
		"a key file":        "postgres://interim@db/postgres?sslkey=/etc/secret",
		"a root file":       "postgres://interim@db/postgres?sslrootcert=/etc/secret",
		"a service":         "postgres://interim@db/postgres?service=prod",
		"a pass file":       "postgres://interim@db/postgres?passfile=/etc/secret",
		"another host":      "postgres://interim@db/postgres?host=/var/run/postgresql",
		"bad parameters":    "postgres://interim@db/postgres?%zz",
		"bad mode":          "postgres://interim@db/postgres?sslmode=sometimes",
		"bad port":          "postgres://interim:s3cret@db:port/postgres",
		"long":              "postgres://interim@db/" + strings.Repeat("x", maxURL),
		"a password astray": "postgres://interim:s3cret:more@db@x:y/postgres",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseConfig(s)
			if !fault.Is(err, fault.Invalid) || fault.Of(err).Field != "connectionString" {
				t.Errorf("%v", err)
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

func TestTheServersOwnEnvironmentIsNotSentToTargets(t *testing.T) {
	dir := t.TempDir()
	pass := filepath.Join(dir, "pass")
	if err := os.WriteFile(pass, []byte("*:*:*:*:the-servers-own\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"PGHOST": "own", "PGPORT": "1", "PGDATABASE": "own", "PGUSER": "own", "PGPASSWORD": "own", "PGPASSFILE": pass,
		"PGSSLMODE": "disable", "PGSSLCERT": filepath.Join(dir, "crt"), "PGSSLKEY": filepath.Join(dir, "key"),
		"PGSSLROOTCERT": filepath.Join(dir, "root"), "PGSSLCERTMODE": "require", "PGOPTIONS": "-c role=own", "PGAPPNAME": "own",
		"PGTARGETSESSIONATTRS": "standby", "PGREQUIREAUTH": "none", "PGCHANNELBINDING": "require", "PGCONNECT_TIMEOUT": "100",
		"PGMINPROTOCOLVERSION": "3.2",
	} {
		t.Setenv(name, value)
	}
	c, err := ParseConfig("postgres://interim@db/postgres?connect_timeout=0")
	if err != nil {
		t.Fatal(err)
	}
	got := c.ConnConfig
	if got.Host != "db" || got.Port != 5432 || got.User != "interim" || got.Database != "postgres" || got.Password != "" {
		t.Errorf("%s@%s:%d/%s, a password from elsewhere: %v", got.User, got.Host, got.Port, got.Database, got.Password != "")
	}
	if got.TLSConfig == nil || len(got.TLSConfig.Certificates) > 0 || got.TLSConfig.RootCAs != nil || got.RequireAuth != "" ||
		got.ChannelBinding != "prefer" || got.ValidateConnect != nil || got.MinProtocolVersion != "3.0" {
		t.Errorf("the environment decides how to connect: %+v", got.Config)
	}
	if got.ConnectTimeout != connectTimeout {
		t.Errorf("waits %s for a connection", got.ConnectTimeout)
	}
	for name := range got.RuntimeParams {
		if name != "application_name" && name != "statement_timeout" && name != "lock_timeout" {
			t.Errorf("sends the parameter %s", name)
		}
	}
	t.Setenv("PGSERVICE", "own")
	if c, err := ParseConfig("postgres://interim@db/postgres"); err == nil {
		t.Errorf("a service of the environment leads to %s", c.ConnConfig.Host)
	}
}

func TestAConnectionStringIsTakenAsItIs(t *testing.T) {
	c, err := ParseConfig("postgresql://in%40terim:p%2Fw@db:5433,spare:5434/post%20gres?sslmode=require&target_session_attrs=primary")
	if err != nil {
		t.Fatal(err)
	}
	got := c.ConnConfig
	if got.User != "in@terim" || got.Password != "p/w" || got.Database != "post gres" || got.Host != "db" || got.Port != 5433 ||
		len(got.Fallbacks) != 1 || got.Fallbacks[0].Host != "spare" || got.Fallbacks[0].Port != 5434 || got.TLSConfig == nil ||
		got.ValidateConnect == nil {
		t.Errorf("%+v", got.Config)
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add("postgres://interim:secret@db:5432/postgres?sslmode=require")
	f.Add("postgres://u:p@h/d?%zz")
	f.Add("postgres://u:p@h,,i/d")
	f.Add("postgres://u:p@h/d\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseConfig(s)
		switch {
		case err == nil && (c.ConnConfig.User == "" || local(c.ConnConfig)):
			t.Errorf("accepted without host or user: %q", s)
		case err != nil && !fault.Is(err, fault.Invalid):
			t.Errorf("%q: %v", s, err)
		}
	})
}
