package pgtest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// errNone is why a machine without PostgreSQL cannot start one.
var errNone = errors.New("no initdb and postgres on PATH or in /usr/lib/postgresql/*/bin, and INTERIM_TEST_POSTGRES_URL is not set")

// keep runs the server ($1, with the folder $2 and further arguments) until
// standard input ends or says "keep", and then stops it. Without "keep" the
// folder goes too. The signals of a terminal do not reach it: see command.
const keep = `
bin=$1 dir=$2; shift 2
"$bin" -D "$dir/data" "$@" </dev/null &
pid=$!
read -r how
kill -INT $pid 2>/dev/null
wait $pid
[ "$how" = keep ] || rm -rf "$dir"
`

// hasty are settings for tests, which outlive the server's process and never the machine.
var hasty = []string{"fsync=off", "full_page_writes=off"}

// Instance is a PostgreSQL server of its own, for tests that take it down.
type Instance struct {
	bin  string // folder of the programs
	dir  string // holds data/
	as   *syscall.Credential
	port int

	settings []string // "name=value", stronger than our own

	mu    sync.Mutex
	shell *exec.Cmd // nil while stopped
	hold  io.WriteCloser
	tail  *tail
}

// create makes a cluster in a new temporary folder; nothing runs yet.
func create() (_ *Instance, err error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	as, err := unprivileged()
	if err != nil {
		return nil, err
	}
	base := os.TempDir()
	if as != nil && !passable(base) {
		base = "/tmp"
	}
	dir, err := os.MkdirTemp(base, "interim-pg-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(dir)
		}
	}()
	if as != nil {
		if err := os.Chown(dir, int(as.Uid), int(as.Gid)); err != nil {
			return nil, err
		}
	}
	s := &Instance{bin: bin, dir: dir, as: as, settings: slices.Clone(hasty)}
	if err := s.initialise(); err != nil {
		return nil, err
	}
	return s, nil
}

// passable tells whether everybody may go through dir, and make and remove what is theirs in it: root's own temporary folder may be closed
// to others.
func passable(dir string) bool {
	if info, err := os.Stat(dir); err != nil || info.Mode()&0o002 == 0 {
		return false
	}
	for {
		if info, err := os.Stat(dir); err != nil || info.Mode()&0o001 == 0 {
			return false
		}
		if dir == filepath.Dir(dir) {
			return true
		}
		dir = filepath.Dir(dir)
	}
}

// command prepares a program to run as the server's user, in a session of its
// own: an interrupt at the terminal must not stop the shell before it cleaned
// up.
func (s *Instance) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir = s.dir
	c.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PG") }), "LC_ALL=C")
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: s.as}
	return c
}

// URL returns the address of one of the instance's databases; "postgres"
// always exists. The user is a superuser.
func (s *Instance) URL(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", s.port, database)
}

// Start starts the server and returns once it takes connections. After Stop it
// comes back on the port it had.
func (s *Instance) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shell != nil {
		return nil
	}
	if s.port != 0 {
		return s.start(s.port)
	}
	var err error
	for range 5 { // somebody else may take the free port first
		var port int
		if port, err = freePort(); err != nil {
			return err
		}
		if err = s.start(port); err == nil {
			s.port = port
			return nil
		}
	}
	return err
}

func (s *Instance) start(port int) error {
	args := []string{"-c", keep, "sh", filepath.Join(s.bin, "postgres"), s.dir,
		"-p", strconv.Itoa(port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "shared_buffers=16MB", "-c", "max_connections=200",
		"-c", "log_min_messages=warning", "-c", "logging_collector=off"}
	for _, v := range s.settings {
		args = append(args, "-c", v)
	}
	c := s.command("/bin/sh", args...)
	hold, err := c.StdinPipe()
	if err != nil {
		return err
	}
	log, err := c.StderrPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	t := &tail{ready: make(chan struct{}), ended: make(chan struct{})}
	go t.follow(log)
	s.shell, s.hold, s.tail = c, hold, t
	select {
	case <-t.ready:
		return nil
	case <-t.ended:
		s.end("keep\n")
		return fmt.Errorf("postgres did not start:\n%s", t)
	}
}

// Stop takes the server down: connections break, new ones are refused. The
// data and the port stay.
func (s *Instance) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end("keep\n")
}

// remove stops the server for good and removes its folder.
func (s *Instance) remove() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end("")
	_ = os.RemoveAll(s.dir)
}

func (s *Instance) end(how string) {
	if s.shell == nil {
		return
	}
	_, _ = io.WriteString(s.hold, how)
	_ = s.hold.Close()
	<-s.tail.ended
	_ = s.shell.Wait()
	s.shell = nil
}

// tail follows a server's log: when it is ready, and its last lines.
type tail struct {
	ready, ended chan struct{}
	mu           sync.Mutex
	lines        [][]byte
}

func (t *tail) follow(r io.Reader) {
	defer close(t.ended)
	told := false
	for in := bufio.NewScanner(r); in.Scan(); {
		t.mu.Lock()
		t.lines = append(t.lines, bytes.Clone(in.Bytes()))
		t.lines = t.lines[max(0, len(t.lines)-20):]
		t.mu.Unlock()
		if !told && bytes.Contains(in.Bytes(), []byte("ready to accept connections")) {
			told = true
			close(t.ready)
		}
	}
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.Join(t.lines, []byte("\n")))
}

// programs finds the folder that holds initdb and postgres, the newest of
// Debian's when PATH has none.
func programs() (string, error) {
	var dirs []string
	if p, err := exec.LookPath("initdb"); err == nil {
		if p, err = filepath.EvalSymlinks(p); err == nil {
			dirs = append(dirs, filepath.Dir(p))
		}
	}
	debian, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.SortFunc(debian, func(a, b string) int { return version(b) - version(a) })
	for _, dir := range append(dirs, debian...) {
		if executable(filepath.Join(dir, "initdb")) && executable(filepath.Join(dir, "postgres")) {
			return dir, nil
		}
	}
	return "", errNone
}

func version(bin string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(bin)))
	return n
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// unprivileged is whom to run the server as: PostgreSQL refuses to run as
// root. Nil means ourselves.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("running as root, and there is neither a user postgres nor nobody")
}

// freePort is a port that nobody listens on. It is none of those that the kernel hands to whoever asks for any (from 32768 on), nor of
// those that the stories hand out (below 30000), so that nobody gets it while the server that has it is down for a moment.
func freePort() (port int, err error) {
	for range 50 {
		port = 30_000 + rand.IntN(2_700)
		var l net.Listener
		if l, err = net.Listen("tcp4", "127.0.0.1:"+strconv.Itoa(port)); err == nil {
			return port, l.Close()
		}
	}
	return 0, err
}
