package story

import (
	"errors"
	"net"
	"strconv"
	"sync"
	"testing"
)

// Ports for servers lie below those that the kernel hands to whoever asks for any (from 32768 on), in blocks. A test program keeps one
// block for as long as it runs, by listening on its first port, and hands out each other port once. So a server that is down for a
// moment finds its port free when it comes back, and no story is given the port of another, nor of another program of these tests.
const (
	firstPort = 10_000
	lastPort  = 30_000
	blockSize = 1_000
)

type block struct {
	mu   sync.Mutex
	next int
	held []net.Listener
}

var ports block

// freeAddress is an address that nobody listens on and that no other call is given.
func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := ports.take()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func (b *block) take() (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		if b.next%blockSize == 0 { // none yet, or used up
			if err := b.hold(); err != nil {
				return "", err
			}
		}
		l, err := listenOn(b.next)
		b.next++
		if err == nil {
			return l.Addr().String(), l.Close()
		}
	}
}

// hold keeps the next block of which nobody has the first port.
func (b *block) hold() error {
	for first := max(firstPort, b.next); first < lastPort; first += blockSize {
		if l, err := listenOn(first); err == nil {
			b.held, b.next = append(b.held, l), first+1
			return nil
		}
	}
	return errors.New("every block of ports is taken: other programs listen on all of their first ports")
}

func listenOn(port int) (net.Listener, error) {
	return net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

func TestNoTwoServersOfTheStoriesAreGivenOneAddress(t *testing.T) {
	given := map[string]bool{}
	for _, b := range []*block{{}, {}} { // as two programs would
		for range 3 * blockSize / 2 {
			address, err := b.take()
			if err != nil {
				t.Fatal(err)
			}
			if given[address] {
				t.Fatalf("%s was given twice", address)
			}
			given[address] = true
		}
		for _, l := range b.held {
			defer l.Close()
		}
	}
}
