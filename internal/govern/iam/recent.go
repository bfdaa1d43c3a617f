package iam

import "sync"

// recent remembers at least the last n values put into it and at most twice as many, in two generations: when the young one is
// full it becomes the old one. Reading is cheap and needs no bookkeeping.
type recent[K comparable, V any] struct {
	n          int
	mu         sync.RWMutex
	young, old map[K]V
}

func newRecent[K comparable, V any](n int) *recent[K, V] {
	return &recent[K, V]{n: n, young: map[K]V{}}
}

func (r *recent[K, V]) get(k K) (V, bool) {
	r.mu.RLock()
	v, ok := r.young[k]
	if ok {
		r.mu.RUnlock()
		return v, true
	}
	v, ok = r.old[k]
	r.mu.RUnlock()
	if ok {
		r.put(k, v) // still in use: keep it for the next turn
	}
	return v, ok
}

func (r *recent[K, V]) put(k K, v V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.young) >= r.n {
		r.old, r.young = r.young, make(map[K]V, r.n)
	}
	r.young[k] = v
}

func (r *recent[K, V]) clear() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.young, r.old = map[K]V{}, nil
}
