package postgres

import (
	"context"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/govern/provision"
)

// Two clusters that were made one like the other have the same roles under the same OIDs.
func TestAnotherClusterUnderTheSameOIDsIsLeftAlone(t *testing.T) {
	ctx := context.Background()
	statements := []string{`create role ada login`, `create role reporting`}
	p := newPlace(t, statements...)
	t.Setenv("XDG_CACHE_HOME", t.TempDir()) // the next one is no copy: it has a system identifier of its own
	other := newPlace(t, statements...)
	known := p.snapshot().Identity
	if known == "" || known == other.snapshot().Identity {
		t.Fatalf("the clusters call themselves %q and %q", known, other.snapshot().Identity)
	}
	c := other.membership("reporting", "ada")
	c.Target = known
	if _, err := other.Grant(ctx, c); err == nil || !provision.IsPermanent(err) || !strings.Contains(err.Error(), known) || other.holds(c) {
		t.Errorf("granted in another cluster: %v", err)
	}
	other.exec(`grant reporting to ada`)
	if _, err := other.Revoke(ctx, c); err == nil || !other.holds(c) {
		t.Errorf("revoked in another cluster: %v", err)
	}
	if ok, _, err := other.Check(ctx, known); ok || err == nil || !strings.Contains(err.Error(), "another database cluster") {
		t.Errorf("check: %v, %v", ok, err)
	}
	if _, err := p.Grant(ctx, c); err != nil || !p.holds(c) {
		t.Errorf("in the one that was meant: %v", err)
	}
}

func TestAClusterThatCannotBeToldFromAnotherSaysWhatToDo(t *testing.T) {
	ctx := context.Background()
	p := newPlace(t, `create role weak login`, `create role ada login`, `create role reporting`, `grant reporting to weak with admin option`,
		`revoke execute on function pg_catalog.pg_control_system() from public`)
	known, c := p.snapshot().Identity, p.membership("reporting", "ada")
	weak := p.as("weak")
	if s, err := weak.Read(ctx); err != nil || s.Identity != "" {
		t.Fatalf("reads %q, %v", s.Identity, err)
	}
	const remedy = `grant execute on function pg_catalog.pg_control_system() to "weak"`
	if ok, said, err := weak.Check(ctx, ""); !ok || err != nil || !strings.Contains(said, remedy) {
		t.Errorf("check: %v %q %v", ok, said, err)
	}
	if _, err := weak.Grant(ctx, c); err != nil {
		t.Errorf("where nothing was known: %v", err)
	}
	c.Target = known
	if _, err := weak.Revoke(ctx, c); err == nil || !strings.Contains(err.Error(), remedy) || !p.holds(c) {
		t.Errorf("where it was known: %v", err)
	}
	p.exec(`grant execute on function pg_catalog.pg_control_system() to "weak"`)
	if _, err := p.as("weak").Revoke(ctx, c); err != nil || p.holds(c) {
		t.Errorf("after what was said: %v", err)
	}
}
