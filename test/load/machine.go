package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// machine says what is measured on, and how.
func machine(ctx context.Context, o options) string {
	version, err := exec.CommandContext(ctx, o.binary, "version").Output()
	if err != nil {
		version = []byte(err.Error())
	}
	return fmt.Sprintf(`%s, %s/%s, %d CPUs (GOMAXPROCS %d): %s, %s memory
%s; %s; %s
%d live grants; %d rounds of %s for each side in turn, medians; load: %s over TLS keep-alive from the same machine, %d connections`,
		kernel(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.GOMAXPROCS(0), field("/proc/cpuinfo", "model name"),
		field("/proc/meminfo", "MemTotal"), strings.TrimSpace(string(version)), runtime.Version(), wrkVersion(ctx),
		o.grants, o.rounds, o.round, wrk, connections)
}

func kernel() string {
	b, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return runtime.GOOS
	}
	return "Linux " + strings.TrimSpace(string(b))
}

// field reads the first "name: value" line of a file of the kernel's.
func field(file, name string) string {
	f, err := os.Open(file)
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	for in := bufio.NewScanner(f); in.Scan(); {
		if k, v, ok := strings.Cut(in.Text(), ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}
