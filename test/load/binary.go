package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/interim-access/interim/internal/platform/config"
)

// The targets of the server as people run it.
const (
	firstStart = time.Second
	laterStart = 300 * time.Millisecond
	idle       = 50 << 20
	size       = 50 << 20
	starts     = 5
	rest       = 5 * time.Second // until memory is looked at
)

// process is the built server, running.
type process struct {
	cmd    *exec.Cmd
	said   bytes.Buffer
	listen string
	took   time.Duration // from the start of the program until it said that it was ready
}

// start runs the server on s until stop; listen is host:port, or empty for any.
func (b *bench) start(ctx context.Context, s config.Storage, listen string) (*process, error) {
	ops, err := freeAddress()
	if err == nil && listen == "" {
		listen, err = freeAddress()
	}
	if err != nil {
		return nil, err
	}
	args := []string{"serve", "--data", s.Data, "--listen", listen, "--listen-ops", ops, "--log-level", "warn"}
	if s.Database != "" {
		args = append(args, "--database", s.Database)
	}
	p := &process{cmd: exec.CommandContext(ctx, b.binary, args...), listen: listen}
	p.cmd.Env = append(os.Environ(), "INTERIM_KEY="+key)
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = 10 * time.Second
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	for !ready(ctx, "http://"+ops+"/readyz") {
		if time.Since(began) > 30*time.Second || ctx.Err() != nil {
			return nil, errors.Join(fmt.Errorf("%s is not ready:\n%s", b.binary, &p.said), p.stop())
		}
		time.Sleep(time.Millisecond)
	}
	p.took = time.Since(began)
	return p, nil
}

func ready(ctx context.Context, url string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	return res.StatusCode == http.StatusOK
}

func (p *process) stop() error {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("the server ended with %w:\n%s", err, &p.said)
	}
	return nil
}

// resident is the memory of the process that is in RAM, in bytes.
func (p *process) resident() (int64, error) {
	text := strings.TrimSuffix(field(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid), "VmRSS"), " kB")
	n, err := strconv.ParseInt(text, 10, 64)
	return n << 10, err
}

// firstStarts measures starts on empty databases, the last of them the one that everything else is measured on.
func (b *bench) firstStarts(ctx context.Context) error {
	var took []time.Duration
	for i := range starts {
		s := b.home
		if i < starts-1 {
			var err error
			if s, err = b.storage(ctx, "new"+strconv.Itoa(i)); err != nil {
				return err
			}
		}
		p, err := b.start(ctx, s, "")
		if err != nil {
			return err
		}
		took = append(took, p.took)
		b.say("first start %s", millis(p.took))
		if err := p.stop(); err != nil {
			return err
		}
	}
	took1 := median(took, func(d time.Duration) time.Duration { return d })
	info, err := os.Stat(b.binary)
	if err != nil {
		return err
	}
	b.add(result{name: "size of the binary", figure: mebibytes(info.Size()), target: "≤ 50 MiB", met: info.Size() <= size})
	b.add(result{name: "first start, until ready", figure: millis(took1), target: "≤ 1 s", met: took1 <= firstStart})
	return nil
}

// laterStarts measures starts on the full database, and the memory of a server that has nothing to do there.
func (b *bench) laterStarts(ctx context.Context) error {
	var took []time.Duration
	var memory int64
	for i := range starts {
		p, err := b.start(ctx, b.home, "")
		if err != nil {
			return err
		}
		took = append(took, p.took)
		b.say("later start %s", millis(p.took))
		if i == starts-1 {
			time.Sleep(rest)
			memory, err = p.resident()
			if err == nil && b.only.MatchString("check") {
				err = b.checkBuilt(ctx, p)
			}
		}
		if err := errors.Join(err, p.stop()); err != nil {
			return err
		}
	}
	took1 := median(took, func(d time.Duration) time.Duration { return d })
	b.add(result{name: "later start, until ready", figure: millis(took1), target: "≤ 300 ms", met: took1 <= laterStart})
	b.add(result{name: "memory of an idle server", figure: mebibytes(memory), target: "≤ 50 MiB", met: memory <= idle})
	return nil
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
