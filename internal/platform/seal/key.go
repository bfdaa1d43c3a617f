package seal

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/interim-access/interim/internal/platform/fault"
)

// KeyFile is the name of the key file in the data folder.
const KeyFile = "key"

// LoadKey returns the key everything is sealed with: env, the value of
// INTERIM_KEY, if it is set; else the content of DIR/key, a file that only its
// owner may read. Either is 32 bytes in base64 or hexadecimal. Without both, a
// new key is written to DIR/key if mayCreate, which must be false once there
// is anything sealed: a new key would lock it up for good.
//
// The errors are for the operator who starts the server, Invalid where the
// setting or the file is wrong; they name the file but never show what is in it.
func LoadKey(env, dataDir string, mayCreate bool) ([32]byte, error) {
	if env != "" {
		key, err := parseKey(env)
		if err != nil {
			return key, fault.New(fault.Invalid, "INTERIM_KEY: %v", err)
		}
		return key, nil
	}
	path := filepath.Join(dataDir, KeyFile)
	key, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		if !mayCreate {
			return key, fmt.Errorf("no key: set INTERIM_KEY, or put back %s, the key this data was sealed with", path)
		}
		if err := createKey(path); err != nil {
			return key, fmt.Errorf("create the key file: %w", err)
		}
		key, err = readKey(path)
	}
	return key, err
}

func readKey(path string) (key [32]byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return key, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	switch {
	case err != nil:
		return key, err
	case !info.Mode().IsRegular():
		return key, fault.New(fault.Invalid, "%s: not a file", path)
	case info.Mode().Perm()&0o077 != 0:
		return key, fault.New(fault.Invalid, "%s: others may read it (mode %#o); chmod 600 it, and consider the key known",
			path, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, 1024))
	if err != nil {
		return key, err
	}
	if key, err = parseKey(string(text)); err != nil {
		return key, fault.New(fault.Invalid, "%s: %v", path, err)
	}
	return key, nil
}

// createKey writes a new key so that the file is there either whole or not at
// all, whenever the power goes, and never replaces one: of two processes that
// start at once, the second reads what the first wrote.
func createKey(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), KeyFile+".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	var key [32]byte
	_, _ = rand.Read(key[:])
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(key[:]) + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// parseKey reads 32 bytes in hexadecimal (64 characters) or base64 (44, or 43
// without padding, in either alphabet).
func parseKey(text string) (key [32]byte, err error) {
	text = strings.TrimSpace(text)
	var raw []byte
	if len(text) == hex.EncodedLen(len(key)) {
		raw, err = hex.DecodeString(text)
	} else {
		text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
		raw, err = base64.RawStdEncoding.DecodeString(text)
	}
	switch {
	case err != nil:
		return key, errors.New("not a key: neither base64 nor hexadecimal of 32 bytes")
	case len(raw) != len(key):
		return key, fmt.Errorf("not a key: %d bytes, want 32 (make one with: openssl rand -base64 32)", len(raw))
	}
	return [32]byte(raw), nil
}
