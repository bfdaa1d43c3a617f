package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestAWrongKeyIsOneLineAndAWrongCall(t *testing.T) {
	t.Setenv("INTERIM_KEY", "short")
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--listen-ops", "0"}, &out, &errs)
	if said := errs.String(); code != exitUsage || !strings.HasPrefix(said, "interim: INTERIM_KEY: ") || strings.Count(said, "\n") != 1 {
		t.Errorf("exit %d: %s", code, said)
	}
}
