package db_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

func TestSubscribersHearOfACommitBeforeWriteReturns(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		var heard []string
		cancel := d.Subscribe("a", func(payload string) {
			heard = append(heard, "a:"+payload)
			wantIDs(t, d, "x") // it is committed
		})
		d.Subscribe("b", func(payload string) { heard = append(heard, "b:"+payload) })
		d.Subscribe("b", func(payload string) { heard = append(heard, "b2:"+payload) })
		write := func(fail error) {
			_ = d.Write(t.Context(), func(tx *db.Tx) error {
				tx.Notify("a", "1")
				tx.Notify("b", "2")
				tx.Notify("nobody", "3")
				tx.OnCommit(func() { heard = append(heard, "hook") })
				tx.Queue(`insert into notes (id, n) values ('x', 1) on conflict do nothing`)
				return fail
			})
		}
		write(errMine)
		if len(heard) > 0 {
			t.Errorf("heard %q of a write that failed", heard)
		}
		write(nil)
		if want := []string{"hook", "a:1", "b:2", "b2:2"}; !slices.Equal(heard, want) {
			t.Errorf("heard %q, want %q", heard, want)
		}
		cancel()
		cancel()
		heard = nil
		write(nil)
		if want := []string{"hook", "b:2", "b2:2"}; !slices.Equal(heard, want) {
			t.Errorf("after cancel heard %q, want %q", heard, want)
		}
	})
}

// A replica whose cache is never told would go on honouring a role that is
// gone.
func TestEveryReplicaHearsOfACommitExactlyOnce(t *testing.T) {
	address := dbtest.URL(t)
	here, there := open(t, db.Options{URL: address}), open(t, db.Options{URL: address})
	heardHere, heardThere := make(chan string, 100), make(chan string, 100)
	here.Subscribe("topic", func(p string) { heardHere <- p })
	there.Subscribe("topic", func(p string) { heardThere <- p })
	there.Subscribe("other", func(p string) { t.Errorf("another topic was told %q", p) })
	long := strings.Repeat("x\n", (db.MaxNote-len("topic"))/2)
	send := func(d *db.DB, payload string, fail error) {
		_ = d.Write(t.Context(), func(tx *db.Tx) error { tx.Notify("topic", payload); return fail })
	}
	send(here, "lost", errMine)
	send(here, "1", nil)
	send(here, long, nil)
	send(there, "end", nil)
	for _, want := range []string{"1", long, "end"} {
		if got := <-heardHere; got != want {
			t.Errorf("the sender heard %.20q, want %.20q", got, want)
		}
	}
	got := []string{<-heardThere, <-heardThere, <-heardThere}
	if i := slices.Index(got, "end"); i < 0 || !slices.Equal(slices.Delete(got, i, i+1), []string{"1", long}) {
		t.Errorf("the other heard %.40q", got)
	}
	if len(heardHere)+len(heardThere) > 0 {
		t.Error("something was heard twice")
	}
}

func TestANoticeOverItsLimitPanics(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		for name, n := range map[string][2]string{
			"too long":   {"t", strings.Repeat("x", db.MaxNote)},
			"no topic":   {"", "x"},
			"no payload": {"t", ""},
		} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%s: no panic", name)
					}
				}()
				_ = d.Write(t.Context(), func(tx *db.Tx) error { tx.Notify(n[0], n[1]); return nil })
			}()
		}
	})
}

func TestASubscriberMaySubscribeAndCancel(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		var heard []string
		var cancel func()
		cancel = d.Subscribe("a", func(p string) {
			heard = append(heard, p)
			cancel()
			d.Subscribe("a", func(p string) { heard = append(heard, "second:"+p) })
		})
		for i := range 2 {
			if err := d.Write(t.Context(), func(tx *db.Tx) error { tx.Notify("a", strconv.Itoa(i)); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if want := []string{"0", "second:1"}; !slices.Equal(heard, want) {
			t.Errorf("heard %q, want %q", heard, want)
		}
	})
}

func TestTheLastNoticesLeaveBeforeClose(t *testing.T) {
	address := dbtest.URL(t)
	here, there := open(t, db.Options{URL: address}), open(t, db.Options{URL: address})
	heard := make(chan string, 1)
	there.Subscribe("topic", func(p string) { heard <- p })
	if err := here.Write(t.Context(), func(tx *db.Tx) error { tx.Notify("topic", "last"); return nil }); err != nil {
		t.Fatal(err)
	}
	if err := here.Close(); err != nil {
		t.Fatal(err)
	}
	if p := <-heard; p != "last" {
		t.Errorf("heard %q", p)
	}
}

func TestMoreNoticesThanAreKeptBecomeOneThatSaysSo(t *testing.T) {
	address := dbtest.URL(t)
	here, there := open(t, db.Options{URL: address}), open(t, db.Options{URL: address})
	heard := make(chan string, 2*db.MaxPending)
	there.Subscribe("topic", func(p string) { heard <- p })
	for _, n := range []int{db.MaxPending + 1, 1} {
		if err := here.Write(t.Context(), func(tx *db.Tx) error {
			for i := range n {
				tx.Notify("topic", strconv.Itoa(n-i))
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		want := "1"
		if n > db.MaxPending {
			want = ""
		}
		if p := <-heard; p != want {
			t.Errorf("heard %q, want %q", p, want)
		}
	}
}
