package connect

import (
	"context"
	"fmt"
	"strings"
	gosync "sync"
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/govern/sync"
	"github.com/interim-access/interim/internal/platform/fault"
)

// opened is a target that only knows whether it is open.
type opened struct {
	secret string
	mu     gosync.Mutex
	closed int
	hold   chan struct{} // Close waits for it, as for a call that is under way; nil: it does not
}

func (*opened) Read(context.Context) (sync.Snapshot, error)              { return sync.Snapshot{}, nil }
func (*opened) Grant(context.Context, provision.Change) (string, error)  { return "", nil }
func (*opened) Revoke(context.Context, provision.Change) (string, error) { return "", nil }
func (o *opened) Check(context.Context, string) (ok bool, said string, err error) {
	return true, o.secret, nil
}
func (o *opened) Close() {
	if o.hold != nil {
		<-o.hold
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed++
}

// desk is a registry of one kind, and what it opened.
type desk struct {
	*Registry
	opened []*opened
	hold   chan struct{}
}

func newDesk() *desk {
	d := &desk{}
	d.Registry = NewRegistry(func(c app.Connector) (string, error) {
		if s, ok := strings.CutPrefix(string(c.Config), "sealed:"); ok {
			return s, nil
		}
		return "", fault.New(fault.Unavailable, "the connection string cannot be opened")
	})
	d.kinds = map[string]Kind{"set": {
		Validate: func(secret string) error {
			if secret == "" {
				return fault.InvalidField("connectionString", "is required")
			}
			return nil
		},
		Open: func(_ context.Context, secret string) (Target, error) {
			o := &opened{secret: secret, hold: d.hold}
			d.opened = append(d.opened, o)
			return o, nil
		},
	}}
	return d
}

func connector(id, secret string) app.Connector {
	return app.Connector{AppID: "app", ID: app.ConnectorID(id), Kind: "set", Config: []byte("sealed:" + secret)}
}

func TestATargetStaysOpenUntilItsSecretChanges(t *testing.T) {
	d := newDesk()
	ctx := context.Background()
	for range 3 {
		if _, err := d.Target(ctx, connector("one", "a")); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Source(ctx, connector("one", "a")); err != nil {
			t.Fatal(err)
		}
	}
	if len(d.opened) != 1 {
		t.Fatalf("opened %d times", len(d.opened))
	}
	if ok, said, err := d.Check(ctx, connector("one", "b")); !ok || said != "b" || err != nil {
		t.Errorf("after the change: %v %q %v", ok, said, err)
	}
	if _, err := d.Target(ctx, connector("two", "b")); err != nil || len(d.opened) != 3 {
		t.Errorf("opened %d times, %v: another connector's target is another one", len(d.opened), err)
	}
	d.Close()
	for i, o := range d.opened {
		if o.closed != 1 {
			t.Errorf("target %d was closed %d times", i, o.closed)
		}
	}
	if _, err := d.Target(ctx, connector("one", "b")); !fault.Is(err, fault.Unavailable) {
		t.Errorf("after the end: %v", err)
	}
}

func TestATargetInUseHoldsUpNobody(t *testing.T) {
	d := newDesk()
	d.hold = make(chan struct{})
	for _, secret := range []string{"a", "b"} {
		if _, err := d.Target(context.Background(), connector("one", secret)); err != nil {
			t.Fatal(err)
		}
	}
	if n := d.opened[0].closed; n != 0 { // it waits for its call, and the change did not
		t.Errorf("closed %d times", n)
	}
	close(d.hold)
	d.Close()
}

func TestATargetThatHangsDoesNotKeepTheServerFromEnding(t *testing.T) {
	d := newDesk()
	d.hold = make(chan struct{})
	if _, err := d.Target(context.Background(), connector("one", "a")); err != nil {
		t.Fatal(err)
	}
	d.Close() // returns, although the target's Close does not
	close(d.hold)
	d.closing.Wait()
}

func TestOnlySoManyTargetsAreKeptOpen(t *testing.T) {
	d := newDesk()
	use := func(n int) {
		if _, err := d.Target(context.Background(), connector(fmt.Sprint(n), "a")); err != nil {
			t.Fatal(err)
		}
	}
	for n := range maxOpen {
		use(n)
	}
	use(0)
	use(maxOpen) // 1 was not used for longest
	use(0)
	if len(d.opened) != maxOpen+1 || len(d.open) != maxOpen || d.open["1"] != nil {
		t.Errorf("opened %d, kept %d, the oldest still there: %v", len(d.opened), len(d.open), d.open["1"] != nil)
	}
	d.Close()
}

func TestWhatCannotBeOpenedIsSaidAndNotKept(t *testing.T) {
	d := newDesk()
	defer d.Close()
	unsealed, unknown := connector("one", "a"), connector("two", "a")
	unsealed.Config, unknown.Kind = nil, "carrier pigeon"
	for _, c := range []app.Connector{unsealed, unknown} {
		if _, err := d.Target(context.Background(), c); !fault.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v", c.ID, err)
		}
	}
	if len(d.open) != 0 {
		t.Errorf("%d targets are open", len(d.open))
	}
}

func TestKindAndSecretAreJudgedWithoutConnecting(t *testing.T) {
	r := NewRegistry(nil)
	for field, err := range map[string]error{
		"kind":             r.Validate("carrier pigeon", "postgres://interim@db/postgres"),
		"connectionString": r.Validate("postgres", "postgres://db"),
	} {
		if !fault.Is(err, fault.Invalid) || fault.Of(err).Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	if err := r.Validate("postgres", "postgres://interim@nowhere.invalid/postgres"); err != nil {
		t.Error(err)
	}
}
