package pgtest

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// arguments of initdb; what cannot be done with the first locale is done with the next.
var (
	arguments = []string{"-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-instructions"}
	locales   = [][]string{
		{"--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"},
		{"--locale=C.UTF-8"},
		{"--locale=C"},
	}
)

// initialise makes the cluster in data/. initdb takes two seconds of a processor, and every package and every story wants a cluster; so
// what it makes is kept in the user's cache folder, as the go command keeps what it builds, and copied from there. Where there is no
// such folder it runs each time.
func (s *Instance) initialise() error {
	data, kept := filepath.Join(s.dir, "data"), s.kept()
	if kept != "" && s.copy(kept, data) == nil {
		return nil
	}
	var out []byte
	var err error
	for _, locale := range locales {
		_ = os.RemoveAll(data)
		args := slices.Concat([]string{"-D", data}, arguments, locale)
		if out, err = s.command(filepath.Join(s.bin, "initdb"), args...).CombinedOutput(); err == nil {
			s.keep(data, kept)
			return nil
		}
	}
	return fmt.Errorf("initdb: %w\n%s", err, out)
}

// kept is where the cluster of these programs is kept, or empty.
func (s *Instance) kept() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	program, err := os.Stat(filepath.Join(s.bin, "initdb"))
	if err != nil {
		return ""
	}
	key := fmt.Sprint(s.bin, program.Size(), program.ModTime().UnixNano(), arguments, locales)
	return filepath.Join(cache, "interim-pgtest", fmt.Sprintf("%x", sha256.Sum256([]byte(key)))[:16])
}

// keep puts a copy of data there, whole or not at all. It may fail: then initdb runs again next time.
func (s *Instance) keep(data, kept string) {
	if kept == "" || os.MkdirAll(filepath.Dir(kept), 0o700) != nil {
		return
	}
	part, err := os.MkdirTemp(filepath.Dir(kept), "part-")
	if err != nil {
		return
	}
	defer os.RemoveAll(part)
	mine := &Instance{}
	if mine.copy(data, filepath.Join(part, "data")) == nil {
		syscall.Sync()                                   // what is kept is whole, whatever happens to the machine
		_ = os.Rename(filepath.Join(part, "data"), kept) // another process may have been quicker
	}
}

// copy copies a cluster that nobody runs, for the server's user.
func (s *Instance) copy(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		at := to + strings.TrimPrefix(path, from)
		if entry.IsDir() {
			err = os.Mkdir(at, 0o700)
		} else {
			err = copyFile(path, at)
		}
		if err != nil || s.as == nil {
			return err
		}
		return os.Lchown(at, int(s.as.Uid), int(s.as.Gid))
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		_ = out.Close()
		return err
	}
	return out.Close()
}
