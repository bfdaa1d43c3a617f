package clock

import (
	"container/heap"
	"time"
)

// waiter is one pending After call.
type waiter struct {
	at    int64  // microseconds
	seq   uint64 // order of registration, which breaks ties
	index int    // place in the heap, -1 once it has left
	c     chan struct{}

	since, wait time.Duration // the clock's Elapsed when it came, and how long there was until at
}

// waiters is a heap of pending waiters, the earliest first. The clock that
// holds it locks it.
type waiters struct {
	list []*waiter
	seq  uint64
}

func (w *waiters) add(at int64) *waiter {
	w.seq++
	x := &waiter{at: at, seq: w.seq, c: make(chan struct{})}
	heap.Push(w, x)
	return x
}

// remove takes x out; one that has left already is no matter.
func (w *waiters) remove(x *waiter) {
	if x.index >= 0 {
		heap.Remove(w, x.index)
	}
}

// fire closes every waiter due at now, in the order of their times.
func (w *waiters) fire(now int64) {
	for len(w.list) > 0 && w.list[0].at <= now {
		close(heap.Pop(w).(*waiter).c)
	}
}

// release closes every waiter that has waited long enough, whatever time it is.
func (w *waiters) release(elapsed time.Duration) {
	for i := 0; i < len(w.list); {
		if x := w.list[i]; elapsed-x.since >= x.wait {
			w.remove(x) // another takes its place
			close(x.c)
			i = 0
			continue
		}
		i++
	}
}

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (w *waiters) Len() int { return len(w.list) }

func (w *waiters) Less(i, j int) bool {
	a, b := w.list[i], w.list[j]
	return a.at < b.at || a.at == b.at && a.seq < b.seq
}

func (w *waiters) Swap(i, j int) {
	w.list[i], w.list[j] = w.list[j], w.list[i]
	w.list[i].index, w.list[j].index = i, j
}

func (w *waiters) Push(x any) {
	x.(*waiter).index = len(w.list)
	w.list = append(w.list, x.(*waiter))
}

func (w *waiters) Pop() any {
	last := len(w.list) - 1
	x := w.list[last]
	w.list[last] = nil
	w.list = w.list[:last]
	x.index = -1
	return x
}

// passed is the channel of a wait that is over before it began.
var passed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()
