package main

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	wrk         = "wrk"
	connections = 8
	// distinct is how many different requests a round repeats, where they may be.
	distinct = 20_000
)

//go:embed wrk.lua
var script []byte

// request is one line of a load.
type request struct{ method, path, body string }

// volley is a load: what is sent to one server.
type volley struct {
	address string // host:port
	headers map[string]string
	make    func(i int) request // the i-th
	most    int                 // more than can be sent in a second; zero: requests may be sent again
}

// fires is a side that sends v.
func (b *bench) fires(name string, v volley) side {
	file, lua := filepath.Join(b.dir, "volley"), filepath.Join(b.dir, "wrk.lua")
	often, count := "again", distinct
	return side{
		name: name,
		prepare: func(length time.Duration) error {
			if v.most > 0 {
				often, count = "once", int(float64(v.most)*max(length, time.Second).Seconds())
			}
			return errors.Join(v.write(file, count), os.WriteFile(lua, script, 0o600))
		},
		round: func(ctx context.Context, length time.Duration) (sample, error) {
			seconds := strconv.FormatFloat(max(length.Seconds(), 1), 'f', 0, 64) // wrk knows whole seconds only
			out, err := exec.CommandContext(ctx, wrk, "-t1", "-c"+strconv.Itoa(connections), "-d"+seconds+"s", "--timeout", "10s",
				"-s", lua, "https://"+v.address, "--", file, often).CombinedOutput()
			if err != nil {
				return sample{}, fmt.Errorf("wrk: %w\n%s", err, out)
			}
			return outcome(out)
		},
	}
}

// write puts requests into a file that wrk.lua reads.
func (v volley) write(file string, count int) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	for name, value := range v.headers {
		fmt.Fprintf(w, "%s: %s\n", name, value)
	}
	_ = w.WriteByte('\n')
	for i := range count {
		r := v.make(i)
		_, _ = w.WriteString(r.method + "\t" + r.path + "\t" + r.body + "\n")
	}
	return errors.Join(w.Flush(), f.Close())
}

// outcome finds what wrk.lua said at the end. A refused request is an error: what is measured is work, not refusals.
func outcome(out []byte) (sample, error) {
	_, text, found := strings.Cut(string(out), "result ")
	var r struct{ Requests, Micros, Refused, Failed, P50, P99 int64 }
	if !found || json.Unmarshal([]byte(strings.TrimSpace(text)), &r) != nil || r.Micros == 0 {
		return sample{}, fmt.Errorf("wrk said:\n%s", out)
	}
	if r.Refused+r.Failed > 0 || r.Requests == 0 {
		return sample{}, fmt.Errorf("of %d requests %d were refused and %d failed", r.Requests, r.Refused, r.Failed)
	}
	return sample{
		rate: float64(r.Requests) / (time.Duration(r.Micros) * time.Microsecond).Seconds(),
		p50:  time.Duration(r.P50) * time.Microsecond, p99: time.Duration(r.P99) * time.Microsecond,
	}, nil
}

func wrkVersion(ctx context.Context) string {
	out, _ := exec.CommandContext(ctx, wrk, "-v").CombinedOutput() // it exits with 1
	line, _, _ := strings.Cut(string(out), " Copyright")
	return line
}
