package config

import (
	"bytes"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// program stands for the real one: one command embeds Serve, one is a Serve,
// one needs the storage only.
type program struct {
	Serve   Serve           `cmd:""`
	Embeds  struct{ Serve } `cmd:""`
	Migrate struct {
		Storage

		Dry bool
	} `cmd:""`
}

// parse runs kong as the program does, under the given environment.
func parse(t *testing.T, env map[string]string, args ...string) (*program, error) {
	t.Helper()
	for _, k := range settings {
		t.Setenv(k.env(), env[k.env()]) // what is empty counts as not set
	}
	t.Setenv("INTERIM_CONFIG", env["INTERIM_CONFIG"])
	var p program
	k, err := kong.New(&p, kong.Name("interim"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = k.Parse(args)
	return &p, err
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "interim.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var fallbacks = Serve{
	Storage: Storage{Data: "./data"}, Listen: "127.0.0.1:8443", ListenHTTP: "0", ListenOps: "127.0.0.1:9090",
	RateLimit: "20000", EndsSoon: "24h,1h", LogLevel: "info", LogFormat: "text",
}

func TestWithoutSettingsTheServerIsReachableFromThisMachineOnly(t *testing.T) {
	p, err := parse(t, nil, "serve")
	if err != nil || !reflect.DeepEqual(p.Serve, fallbacks) {
		t.Errorf("%+v, %v", p.Serve, err)
	}
	var zero Serve
	if err := zero.Validate(); err != nil || !reflect.DeepEqual(zero, fallbacks) {
		t.Errorf("the zero value: %+v, %v", zero, err)
	}
	for _, addr := range []string{zero.Listen, zero.ListenOps} {
		if a := netip.MustParseAddrPort(addr); !a.Addr().IsLoopback() {
			t.Errorf("%v is not loopback", a)
		}
	}
}

// values gives every setting a value that says where it came from.
func values(n string) map[string]string {
	return map[string]string{
		"data": "/srv/" + n, "database": "postgres://db" + n + "/interim", "listen": "10.0.0." + n + ":443",
		"listen-http": "10.0.0." + n + ":80", "listen-ops": "10.0.0." + n + ":81", "public-host": "h" + n + ".example.com",
		"trusted-proxy": "10.0." + n + ".0/24, 10.9." + n + ".1", "rate-limit": n + "00",
		"webhook-allow": "10.1." + n + ".0/24", "webhook-ca": "/etc/ca" + n + ".pem", "smtp-url": "smtp://mail" + n + ".example.com:25",
		"mail-from": "interim" + n + "@example.com", "ends-soon": n + "h", "log-level": []string{"debug", "warn", "error"}[n[0]-'1'],
		"log-format": []string{"json", "text", "json"}[n[0]-'1'],
	}
}

func shown(s *Serve) map[string]string {
	return map[string]string{
		"data": s.Data, "database": s.Database, "listen": s.Listen, "listen-http": s.ListenHTTP, "listen-ops": s.ListenOps,
		"public-host": s.PublicHost, "trusted-proxy": strings.Join(s.TrustedProxy, ","), "rate-limit": s.RateLimit,
		"webhook-allow": strings.Join(s.WebhookAllow, ","), "webhook-ca": s.WebhookCA, "smtp-url": s.SMTPURL, "mail-from": s.MailFrom,
		"ends-soon": s.EndsSoon,
		"log-level": s.LogLevel, "log-format": s.LogFormat,
	}
}

func TestFlagsWinOverTheEnvironmentAndTheEnvironmentOverTheFile(t *testing.T) {
	fromFlag, fromEnv, fromFile := values("1"), values("2"), values("3")
	for _, k := range settings {
		for sources := range 8 {
			want := k.fallback
			var args []string
			env := map[string]string{}
			if sources&4 != 0 {
				want = fromFile[k.name]
				args = append(args, "--config", file(t, "# settings\n\n "+k.name+"="+fromFile[k.name]+"  \r\n"))
			}
			if sources&2 != 0 {
				want = fromEnv[k.name]
				env[k.env()] = want
			}
			if sources&1 != 0 {
				want = fromFlag[k.name]
				args = append(args, "--"+k.name, want)
			}
			if k.name == "listen-http" && want == "" {
				want = off
			}
			for _, command := range []string{"serve", "embeds"} {
				p, err := parse(t, env, append([]string{command}, args...)...)
				s := &p.Serve
				if command == "embeds" {
					s = &p.Embeds.Serve
				}
				if got := shown(s)[k.name]; err != nil || got != want {
					t.Errorf("%s %s from flag %v, env %v, file %v: %q, want %q; %v", command, k.name,
						sources&1 != 0, sources&2 != 0, sources&4 != 0, got, want, err)
				}
			}
		}
	}
}

func TestTheFileIsNamedByTheEnvironmentTooAndServesEveryCommand(t *testing.T) {
	path := file(t, "listen = 127.0.0.1:7443\ndata = /srv/interim\n")
	p, err := parse(t, map[string]string{"INTERIM_CONFIG": path}, "migrate", "--dry")
	if err != nil || p.Migrate.Data != "/srv/interim" || p.Migrate.SQLiteFile() != "/srv/interim/interim.db" {
		t.Errorf("%+v, %v", p.Migrate, err)
	}
	other := file(t, "data = /srv/other")
	p, err = parse(t, map[string]string{"INTERIM_CONFIG": path}, "migrate", "--config="+other)
	if err != nil || p.Migrate.Data != "/srv/other" {
		t.Errorf("%+v, %v", p.Migrate, err)
	}
}

func TestEveryWrongSettingIsOneLineThatNamesIt(t *testing.T) {
	for _, c := range []struct{ name, value, says string }{
		{"data", "a\x00b", "not the name of a folder"},
		{"data", strings.Repeat("x", 1025), "not the name of a folder"},
		{"database", "mysql://ada:secret@db/x", "want postgres://"},
		{"database", "postgres://ada:secret@db/x y", "want postgres://"},
		{"listen", "8443", "want HOST:PORT"},
		{"listen", ":8443", "want HOST:PORT"},
		{"listen", "127.0.0.1:", "want HOST:PORT"},
		{"listen", "127.0.0.1:65536", "want HOST:PORT"},
		{"listen", "127.0.0.1:+80", "want HOST:PORT"},
		{"listen", "127.0.0.1:https", "want HOST:PORT"},
		{"listen", "127.0.0.300:80", "want HOST:PORT"},
		{"listen", "0", "want HOST:PORT"},
		{"listen", "under_score:80", "want HOST:PORT"},
		{"listen", strings.Repeat("a.", 127) + "aa:80", "want HOST:PORT"},
		{"listen-http", ":80", "want HOST:PORT"},
		{"listen-ops", "off", "want HOST:PORT"},
		{"public-host", "https://access.example.com", "without a scheme"},
		{"public-host", "access.example.com/", "without a scheme"},
		{"public-host", "access.example.com:0", "without a scheme"},
		{"public-host", "-a.example.com", "without a scheme"},
		{"public-host", "zugriff.müller.example", "without a scheme"},
		{"public-host", "::1", "without a scheme"},
		{"public-host", "[fe80::1%eth0]:8443", "without a scheme"},
		{"public-host", "0.0.0.0:8443", "no client can connect"},
		{"public-host", "[::]:8443", "no client can connect"},
		{"trusted-proxy", "10.0.0.0/33", "want networks"},
		{"trusted-proxy", "10.0.0.0/8,,10.0.0.1", "want networks"},
		{"trusted-proxy", "proxy.example.com", "want networks"},
		{"rate-limit", "-1", "1 to 1000000, or 0 for no limit"},
		{"rate-limit", "1000001", "1 to 1000000, or 0 for no limit"},
		{"rate-limit", "many", "1 to 1000000, or 0 for no limit"},
		{"webhook-allow", "hooks.example.com", "want networks"},
		{"webhook-ca", "a\x00b", "not the name"},
		{"smtp-url", "http://u:secret@mail.example.com", "want smtp://"},
		{"smtp-url", "smtp://u:secret@:25", "want smtp://"},
		{"smtp-url", "smtp://u:secret@mail.example.com/x", "want smtp://"},
		{"smtp-url", "smtp://u:secret@mail.example.com:99999", "want smtp://"},
		{"smtp-url", "smtp://u:secret%@mail.example.com", "want smtp://"},
		{"mail-from", "nobody", "want an address"},
		{"log-level", "loud", "want one of debug, info, warn, error"},
		{"log-format", "xml", "want one of text, json"},
	} {
		path := file(t, "# x\n"+c.name+" = "+c.value)
		_, fromFlag := parse(t, nil, "serve", "--"+c.name+"="+c.value)
		_, fromFile := parse(t, nil, "serve", "--config", path)
		from := map[string]error{"--" + c.name + ": ": fromFlag, path + ":2: " + c.name + ": ": fromFile}
		if !strings.Contains(c.value, "\x00") { // which no environment can hold
			_, from[envOf(c.name)+": "] = parse(t, map[string]string{envOf(c.name): c.value}, "serve")
		}
		for prefix, err := range from {
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), prefix) {
				t.Errorf("%s=%.40q: %v; want %q", c.name, c.value, err, prefix+c.says)
			} else if strings.ContainsAny(err.Error(), "\n\x00") || strings.Contains(err.Error(), "secret") || len(err.Error()) > 600 {
				t.Errorf("%s=%.40q: an unfit error: %q", c.name, c.value, err)
			}
		}
	}
}

func TestGoodFormsAreTaken(t *testing.T) {
	for _, args := range [][]string{
		{"--listen=localhost:0"},
		{"--listen=[::1]:8443"},
		{"--listen=[fe80::1%eth0]:8443"},
		{"--listen=0.0.0.0:8443", "--public-host=access.example.com"},
		{"--listen=[::]:443", "--public-host=[2001:db8::1]:443"},
		{"--public-host=[2001:db8::1]"},
		{"--public-host=ACCESS.example.com:8443"},
		{"--public-host=10.1.2.3"},
		{"--listen-http=0", "--listen-ops=0"},
		{"--listen=127.0.0.1:0", "--listen-http=127.0.0.1:0", "--listen-ops=127.0.0.1:0"},
		{"--database=postgresql:///interim?host=/run/postgresql"},
		{"--smtp-url=smtps://u:p%40ss@mail.example.com", "--mail-from=Interim <interim@example.com>", "--webhook-allow=10.0.0.0/8,::1"},
		{"--trusted-proxy=10.0.0.0/8", "--trusted-proxy=::1, 2001:db8::/32"},
	} {
		if _, err := parse(t, nil, append([]string{"serve"}, args...)...); err != nil {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestListenersMustNotBeEveryInterfaceUnnamedNorShareAnAddress(t *testing.T) {
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"--listen=0.0.0.0:8443"}, "--public-host"},
		{[]string{"--listen=[::]:8443"}, "--public-host"},
		{[]string{"--listen=127.0.0.1:9090"}, "--listen-ops: 127.0.0.1:9090 is taken by --listen"},
		{[]string{"--listen-http=127.0.0.1:8443"}, "--listen-http: 127.0.0.1:8443 is taken by --listen"},
	} {
		if _, err := parse(t, nil, append([]string{"serve"}, c.args...)...); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: %v", c.args, err)
		}
	}
}

func TestHelpNamesTheFallbackAndTheVariableOfEverySetting(t *testing.T) {
	var p program
	var out bytes.Buffer
	k, err := kong.New(&p, kong.Name("interim"), kong.Writers(&out, &out), kong.Exit(func(int) {}))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = k.Parse([]string{"serve", "--help"})
	help := strings.Join(strings.Fields(out.String()), " ")
	for _, s := range settings {
		if !strings.Contains(help, "--"+s.name+"=") || !strings.Contains(help, "($"+s.env()+")") ||
			s.fallback != "" && !strings.Contains(help, "default "+s.fallback) {
			t.Errorf("%s is not told whole in:\n%s", s.name, out.String())
		}
	}
}

func TestTheDerivedSettings(t *testing.T) {
	bound := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 40123}
	for _, c := range []struct{ listen, public, want string }{
		{"localhost:0", "", "localhost:40123"},
		{"[::1]:0", "", "[::1]:40123"},
		{"0.0.0.0:443", "access.example.com", "access.example.com"},
	} {
		s := Serve{Listen: c.listen, PublicHost: c.public}
		if got := s.Public(bound); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}

	s := Serve{TrustedProxy: []string{"10.1.2.3/8", " 192.168.1.7", "2001:db8::1/32"}, ListenHTTP: "127.0.0.1:80", ListenOps: "0"}
	want := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.168.1.7/32"), netip.MustParsePrefix("2001:db8::/32")}
	if got := s.TrustedProxies(); !reflect.DeepEqual(got, want) {
		t.Errorf("proxies %v", got)
	}
	if addr, on := s.HTTP(); !on || addr != "127.0.0.1:80" {
		t.Errorf("http %q %v", addr, on)
	}
	if off, twenty := (&Serve{RateLimit: "0"}), (&Serve{RateLimit: "20"}); off.PerSecond() != 0 || twenty.PerSecond() != 20 {
		t.Errorf("rates %d and %d", off.PerSecond(), twenty.PerSecond())
	}
	if _, on := s.Ops(); on {
		t.Error("ops is on")
	}
	if got := (&Storage{Data: "d", Database: "postgres://x"}).SQLiteFile(); got != "" {
		t.Errorf("SQLite file %q beside PostgreSQL", got)
	}
}

func TestTheLoggerIsAsConfigured(t *testing.T) {
	var text, json bytes.Buffer
	(&Serve{LogLevel: "info", LogFormat: "text"}).Logger(&text).Debug("hidden")
	(&Serve{LogLevel: "debug", LogFormat: "json"}).Logger(&json).Debug("shown", slog.Int("n", 1))
	if text.Len() != 0 || !strings.HasPrefix(json.String(), `{"time":`) {
		t.Errorf("text %q, json %q", text.String(), json.String())
	}
}
