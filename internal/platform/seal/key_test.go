package seal

import (
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/interim-access/interim/internal/platform/fault"
)

var key = [32]byte{0xfb, 0xff, 1, 2, 3, 31: 9}

func TestAKeyIsReadInEveryFormPeopleWriteIt(t *testing.T) {
	for name, text := range map[string]string{
		"base64":             base64.StdEncoding.EncodeToString(key[:]),
		"base64 unpadded":    base64.RawStdEncoding.EncodeToString(key[:]),
		"base64url":          base64.URLEncoding.EncodeToString(key[:]),
		"hexadecimal":        hex.EncodeToString(key[:]),
		"hexadecimal, upper": strings.ToUpper(hex.EncodeToString(key[:])),
		"with a line end":    base64.StdEncoding.EncodeToString(key[:]) + "\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := LoadKey(text, t.TempDir(), false); got != key || err != nil {
				t.Errorf("from the environment: %x, %v", got, err)
			}
			dir := t.TempDir()
			write(t, dir, text, 0o600)
			if got, err := LoadKey("", dir, false); got != key || err != nil {
				t.Errorf("from the file: %x, %v", got, err)
			}
		})
	}
}

func TestABadKeyIsOneClearErrorThatDoesNotShowIt(t *testing.T) {
	short := base64.StdEncoding.EncodeToString(key[:31])
	for _, c := range []struct{ name, text, says string }{
		{"short", short, "31 bytes, want 32"},
		{"long", base64.StdEncoding.EncodeToString(make([]byte, 33)), "33 bytes, want 32"},
		{"short hexadecimal", strings.Repeat("ab", 31), "bytes, want 32"},
		{"garbage", "correct horse battery staple", "neither base64 nor hexadecimal"},
		{"garbage as long as hexadecimal", strings.Repeat("xy", 32), "neither base64 nor hexadecimal"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, c.text, 0o600)
			_, fromEnv := LoadKey(c.text, t.TempDir(), true)
			_, fromFile := LoadKey("", dir, true)
			for from, err := range map[string]error{"INTERIM_KEY": fromEnv, filepath.Join(dir, KeyFile): fromFile} {
				if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), from) {
					t.Errorf("%s: %v", from, err)
				} else if strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), "\n") {
					t.Errorf("the error shows the key or has several lines: %v", err)
				}
			}
		})
	}
}

func TestAnEmptyKeyFileIsNotReplaced(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "", 0o600)
	if _, err := LoadKey("", dir, true); err == nil || !strings.Contains(err.Error(), "0 bytes") {
		t.Errorf("%v", err)
	}
}

func TestAKeyFileThatOthersMayReadIsRefused(t *testing.T) {
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o666} {
		dir := t.TempDir()
		write(t, dir, base64.StdEncoding.EncodeToString(key[:]), mode)
		if _, err := LoadKey("", dir, true); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("mode %#o: %v", mode, err)
		}
	}
}

func TestAKeyIsMadeOnceAndOnlyWhenItMay(t *testing.T) {
	dir := t.TempDir()
	if _, err := LoadKey("", dir, false); err == nil || !strings.Contains(err.Error(), "INTERIM_KEY") {
		t.Fatalf("without a key, and none may be made: %v", err)
	}
	var wg sync.WaitGroup
	keys := make([][32]byte, 8)
	for i := range keys {
		wg.Go(func() {
			var err error
			if keys[i], err = LoadKey("", dir, true); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, k := range keys {
		if k != keys[0] || k == [32]byte{} {
			t.Errorf("two keys were made, or an empty one: %x, %x", k, keys[0])
		}
	}
	if again, err := LoadKey("", dir, false); again != keys[0] || err != nil {
		t.Errorf("the next start has %x, %v", again, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("left behind: %v, %v", entries, err)
	}
	if info, err := entries[0].Info(); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestAFolderInTheKeysPlaceIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, KeyFile), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKey("", dir, true); err == nil || !strings.Contains(err.Error(), "not a file") {
		t.Errorf("%v", err)
	}
	if _, err := LoadKey("", filepath.Join(dir, "absent"), true); err == nil {
		t.Error("a key was made in a folder that is not there")
	}
}

func write(t *testing.T, dir, text string, mode os.FileMode) {
	t.Helper()
	path := filepath.Join(dir, KeyFile)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add(base64.StdEncoding.EncodeToString(key[:]))
	f.Add(hex.EncodeToString(key[:]))
	f.Add("=")
	f.Fuzz(func(t *testing.T, text string) {
		k, err := parseKey(text)
		if err != nil {
			return
		}
		if again, err := parseKey(base64.StdEncoding.EncodeToString(k[:])); again != k || err != nil {
			t.Errorf("%q: %x came back as %x, %v", text, k, again, err)
		}
	})
}
