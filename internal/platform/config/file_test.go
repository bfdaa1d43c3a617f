package config

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestAWrongFileIsOneLineThatNamesFileAndLine(t *testing.T) {
	for _, c := range []struct{ name, text, says string }{
		{"unknown name", "data = /srv\nlisten_ops = 0\n", `:2: unknown setting "listen_ops"; there are data, database, listen,`},
		{"another case", "Listen = 127.0.0.1:1", `:1: unknown setting "Listen"`},
		{"a setting that is none", "config = other.conf", ":1: unknown setting"},
		{"the key", "key = aGVsbG8=", ":1: unknown setting"},
		{"no equals sign", "\n\n\nlisten 127.0.0.1:1", ":4: want NAME = VALUE"},
		{"a section", "[server]", ":1: want NAME = VALUE"},
		{"set twice", "log-level = info\nlog-level = warn", ":2: log-level is set a second time"},
		{"quotes", `listen = "127.0.0.1:1"`, ":1: listen: write the value without quotes"},
		{"a comment after the value", "listen = 127.0.0.1:1 # here", ":1: listen: "},
		{"not UTF-8", "data = \xff", ":1: want NAME = VALUE"},
		{"too large", strings.Repeat("#\n", maxFile/2+1), "larger than 65536 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := file(t, c.text)
			_, err := parse(t, nil, "serve", "--config", path)
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAFileThatCanNotBeReadIsNamedOnce(t *testing.T) {
	dir := t.TempDir()
	for path, says := range map[string]string{filepath.Join(dir, "absent"): "no such file", dir: "is a directory"} {
		_, err := parse(t, nil, "serve", "--config", path)
		if err == nil || !strings.Contains(err.Error(), says) || strings.Count(err.Error(), path) != 1 {
			t.Errorf("%v", err)
		}
	}
}

func TestAnEmptyFileSettingMeansTheFallback(t *testing.T) {
	p, err := parse(t, nil, "serve", "--config", file(t, "listen =\nlisten-ops = 0\n"))
	if err != nil || p.Serve.Listen != fallbacks.Listen || p.Serve.ListenOps != off {
		t.Errorf("%+v, %v", p.Serve, err)
	}
}

func FuzzParseFile(f *testing.F) {
	f.Add("listen = 127.0.0.1:8443\n# comment\n\ntrusted-proxy = 10.0.0.0/8, ::1\n")
	f.Add("public-host=[::1]")
	f.Add("listen=\"x\"")
	f.Fuzz(func(t *testing.T, text string) {
		values, err := parseFile("interim.conf", text)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\r") || !strings.HasPrefix(err.Error(), "interim.conf:") {
				t.Errorf("%q", err)
			}
			return
		}
		for _, k := range settings {
			if v := values[k.name]; v != "" && k.check(v) != nil {
				t.Errorf("%s = %q is let through", k.name, v)
			}
		}
	})
}
