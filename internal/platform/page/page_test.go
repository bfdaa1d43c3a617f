package page

import (
	"math"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

func TestPagesShowEveryRowOnceAndInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.IntRange(0, 250).Draw(t, "rows")
		size := rapid.IntRange(1, 100).Draw(t, "size")
		// fetch is what a store does: rows after the key, one more than asked.
		fetch := func(after Key) (rows []int) {
			from := 0
			if after != nil {
				from, _ = strconv.Atoi(after[0])
				from++
			}
			for i := from; i < total && len(rows) <= size; i++ {
				rows = append(rows, i)
			}
			return rows
		}
		var seen []int
		for after := Key(nil); ; {
			p := Cut(fetch(after), size, func(n int) Key { return Key{strconv.Itoa(n)} })
			if len(p.Items) > size || p.Next != nil && len(p.Items) != size {
				t.Fatalf("%d items of %d, next %v", len(p.Items), size, p.Next)
			}
			seen = append(seen, p.Items...)
			if after = p.Next; after == nil {
				break
			}
		}
		if len(seen) != total {
			t.Fatalf("%d rows shown, want %d", len(seen), total)
		}
		for i, n := range seen {
			if i != n {
				t.Fatalf("row %d shown at %d", n, i)
			}
		}
	})
}

func TestTheRowTooManyIsOutOfReach(t *testing.T) {
	p := Cut([]int{1, 2, 3}, 2, func(int) Key { return Key{"k"} })
	if len(p.Items) != 2 || cap(p.Items) != 2 {
		t.Errorf("items %v, capacity %d", p.Items, cap(p.Items))
	}
}

func TestSizeIsClamped(t *testing.T) {
	for n, want := range map[int32]int{0: 25, 1: 1, 25: 25, 100: 100, 101: 100, -1: 1, math.MinInt32: 1, math.MaxInt32: 100} {
		if got := Size(n); got != want {
			t.Errorf("Size(%d) = %d, want %d", n, got, want)
		}
	}
}
