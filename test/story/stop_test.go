package story

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

// A target or a database that takes everything and answers nothing must not keep an operator from stopping the server.
func TestAServerThatIsToldToStopStopsWhateverHangs(t *testing.T) {
	t.Run("target", func(t *testing.T) {
		o := newOffice(t, start(t, ""))
		w := newWire(t, o.target.url())
		o.admin.post("/api/interim/v1/apps/"+o.appID+"/connectors/"+o.connector,
			object{"connector": object{}, "connectionString": w.url})
		o.grant(time.Time{})
		w.cut()
		o.admin.do(http.MethodDelete, o.grantsPath()+"/"+o.account, object{"reason": "moved on"})
		o.await("the target is being asked", func() bool {
			late := o.overdue()
			return len(late) == 1 && at(late[0], "attempts") == float64(1)
		})
		o.stop()
		w.mend()
		o.up()
		o.await("the role is gone from the database", func() bool { return !o.target.holds("reporting", "Grace H.") })
	})
	t.Run("database", func(t *testing.T) {
		w := newWire(t, dbtest.URL(t))
		s := start(t, w.url)
		admin := s.admin()
		admin.signIn()
		ask, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.boot.URL+"/api/v1/apps", strings.NewReader(`{"displayName":"Warehouse"}`))
		if err != nil {
			t.Fatal(err)
		}
		ask.Header.Set("Authorization", "Bearer "+admin.token)
		w.cut()
		asked := make(chan struct{})
		go func() {
			defer close(asked)
			if res, err := s.client().Do(ask); err == nil {
				_ = res.Body.Close()
			}
		}()
		s.await("the request waits for the database", w.swallows)
		s.stop()
		<-asked
	})
}

// wire leads to a PostgreSQL; cut, it takes what is sent and passes nothing on.
type wire struct {
	url string
	to  string

	mu        sync.Mutex
	whole     *sync.Cond
	broken    bool
	swallowed int
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{to: u.Host}
	w.whole = sync.NewCond(&w.mu)
	u.Host = l.Addr().String()
	w.url = u.String()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go w.lead(c)
		}
	}()
	t.Cleanup(func() { w.mend(); _ = l.Close() })
	return w
}

func (w *wire) lead(from net.Conn) {
	defer from.Close()
	to, err := net.Dial("tcp", w.to)
	if err != nil {
		return
	}
	defer to.Close()
	go func() { defer from.Close(); w.pass(from, to) }()
	w.pass(to, from)
}

// pass copies, and waits with what it holds while the wire is cut.
func (w *wire) pass(to io.Writer, from io.Reader) {
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		w.mu.Lock()
		for w.broken {
			w.swallowed++
			w.whole.Wait()
		}
		w.mu.Unlock()
		if _, wrong := to.Write(b[:n]); errors.Join(err, wrong) != nil {
			return
		}
	}
}

func (w *wire) cut() { w.mu.Lock(); defer w.mu.Unlock(); w.broken = true }

func (w *wire) mend() { w.mu.Lock(); defer w.mu.Unlock(); w.broken = false; w.whole.Broadcast() }

// swallows reports whether something was sent since the wire was cut.
func (w *wire) swallows() bool { w.mu.Lock(); defer w.mu.Unlock(); return w.swallowed > 0 }
