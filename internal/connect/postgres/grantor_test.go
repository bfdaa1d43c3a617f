package postgres

import (
	"context"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/govern/provision"
)

// severalGrantors reports whether the server keeps one membership for each grantor, as PostgreSQL does since 16.
func (p *place) severalGrantors() bool {
	p.t.Helper()
	var version int
	if err := p.conn().QueryRow(context.Background(), `select current_setting('server_version_num')::int`).Scan(&version); err != nil {
		p.t.Fatal(err)
	}
	return version >= 160000
}

// twice makes ada a member of reporting through grace and through carol, who may both grant it, and answers that membership.
func (p *place) twice() provision.Change {
	p.t.Helper()
	p.exec(`create role ada login`, `create role reporting`, `create role grace login`, `create role carol login`,
		`grant reporting to grace with admin option`, `grant reporting to carol with admin option`)
	c := p.membership("reporting", "ada")
	for _, who := range []string{"grace", "carol"} {
		p.exec(`set session authorization ` + who + `; grant reporting to ada; reset session authorization`)
	}
	if !p.holds(c) {
		p.t.Fatal("ada is no member")
	}
	return c
}

func TestRevokeTakesBackWhatOtherGrantorsGave(t *testing.T) {
	p := newPlace(t)
	c := p.twice()
	if note, err := p.Revoke(context.Background(), c); err != nil || note != "" || p.holds(c) {
		t.Errorf("%q %v, holds %v", note, err, p.holds(c))
	}
}

func TestWhatRevokeMayNotTakeBackIsNamedAndStays(t *testing.T) {
	ctx := context.Background()
	p := newPlace(t)
	c := p.twice()
	carol := p.as("carol")
	_, err := carol.Revoke(ctx, c)
	if !p.severalGrantors() {
		if err != nil || p.holds(c) {
			t.Errorf("%v, holds %v", err, p.holds(c))
		}
		return
	}
	if err == nil || !provision.IsPermanent(err) || !strings.Contains(err.Error(), "still a member: granted by grace") {
		t.Errorf("%v", err)
	}
	if !p.holds(c) {
		t.Error("the membership is said to be there and is not")
	}
	// Somebody who may has a look at it.
	if _, err := p.Revoke(ctx, c); err != nil || p.holds(c) {
		t.Errorf("%v, holds %v", err, p.holds(c))
	}
}

func TestAMembershipThatOthersDependOnIsNotCascaded(t *testing.T) {
	p := newPlace(t, `create role ada login`, `create role grace login`, `create role reporting`,
		`grant reporting to ada with admin option`, `set session authorization ada; grant reporting to grace`)
	ada, grace := p.membership("reporting", "ada"), p.membership("reporting", "grace")
	_, err := p.Revoke(context.Background(), ada)
	if !p.holds(grace) {
		t.Error("grace lost what ada gave her")
	}
	if p.severalGrantors() && (err == nil || !provision.IsPermanent(err) || !p.holds(ada)) {
		t.Errorf("%v, holds %v", err, p.holds(ada))
	}
}

func TestAMembershipWithoutAccessIsNoGrantAndBecomesOne(t *testing.T) {
	ctx := context.Background()
	p := newPlace(t, `create role ada login createrole`, `set session authorization ada; create role reporting`)
	c := p.membership("reporting", "ada")
	if p.holds(c) {
		t.Fatal("who made a role is shown as its member")
	}
	for range 2 {
		if _, err := p.Grant(ctx, c); err != nil || !p.holds(c) {
			t.Fatalf("grant: %v, holds %v", err, p.holds(c))
		}
	}
	if _, err := p.Revoke(ctx, c); err != nil || p.holds(c) {
		t.Errorf("revoke: %v, holds %v", err, p.holds(c))
	}
}
