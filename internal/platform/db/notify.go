package db

import (
	"fmt"
	"slices"
	"sync"
)

// maxNote bounds a notice: PostgreSQL takes less than 8,000 bytes.
const maxNote = 7 << 10

// note is a notice that goes out with a commit.
type note struct{ topic, payload string }

func (n note) check() {
	if n.topic == "" || n.payload == "" || len(n.topic)+len(n.payload) > maxNote {
		panic(fmt.Sprintf("db: notice %q with a payload of %d bytes", n.topic, len(n.payload)))
	}
}

// topics are the subscribers in this process. The zero value is ready.
type topics struct {
	mu   sync.RWMutex
	subs map[string][]*subscriber // the slices are replaced, never changed
}

type subscriber struct{ fn func(payload string) }

func (t *topics) subscribe(topic string, fn func(payload string)) (cancel func()) {
	s := &subscriber{fn}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.subs == nil {
		t.subs = map[string][]*subscriber{}
	}
	t.subs[topic] = append(slices.Clone(t.subs[topic]), s)
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.subs[topic] = slices.DeleteFunc(slices.Clone(t.subs[topic]), func(o *subscriber) bool { return o == s })
	}
}

// tell calls the subscribers of a topic, outside the lock: they may subscribe.
func (t *topics) tell(topic, payload string) {
	t.mu.RLock()
	subs := t.subs[topic]
	t.mu.RUnlock()
	for _, s := range subs {
		s.fn(payload)
	}
}

// resync tells every subscriber that it may have missed something.
func (t *topics) resync() {
	t.mu.RLock()
	var all []*subscriber
	for _, subs := range t.subs {
		all = append(all, subs...)
	}
	t.mu.RUnlock()
	for _, s := range all {
		s.fn("")
	}
}
