package db

import (
	"slices"
	"sync"
)

// note is a notice that goes out with a commit.
type note struct{ topic, payload string }

// topics are the subscribers in this process. The zero value is ready.
type topics struct {
	mu   sync.RWMutex
	subs map[string][]*subscriber
}

type subscriber struct{ fn func(string) }

func (t *topics) subscribe(topic string, fn func(string)) func() {
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
