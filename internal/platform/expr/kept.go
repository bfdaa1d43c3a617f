package expr

import "sync"

// kept remembers what the last texts compiled to, bad ones too: a text that is refused costs as much as one that is not. When it is
// full, what was not asked for since it was half full goes.
type kept struct {
	mu       sync.Mutex
	new, old map[string]outcome
}

type outcome struct {
	program *Program
	err     error
}

func newKept() *kept { return &kept{new: map[string]outcome{}} }

func (k *kept) get(text string) (outcome, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	o, ok := k.new[text]
	if !ok {
		if o, ok = k.old[text]; ok {
			k.add(text, o)
		}
	}
	return o, ok
}

func (k *kept) put(text string, p *Program, err error) {
	if len(text) > 4*MaxText {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.add(text, outcome{p, err})
}

func (k *kept) add(text string, o outcome) {
	if len(k.new) >= maxKept/2 {
		k.old, k.new = k.new, map[string]outcome{}
	}
	k.new[text] = o
}
