package task_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/page"
)

func TestLinesThatShareARowAreReadOneByOneInBothDirections(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		made := o.request()
		o.approved(o.Grace, made)
		whole, err := o.Tasks.Events(o.Ctx, task.HistoryFilter{Tasks: []task.ID{made.ID}}, page.Request{Size: 100})
		o.ok(err)
		var rows int
		o.ok(o.DB.Q(o.Context()).Row(`select count(*) from task_event where task_id = $1`, string(made.ID)).Scan(&rows))
		if rows >= len(whole.Items) {
			t.Fatalf("%d rows hold %d lines", rows, len(whole.Items))
		}
		for _, newest := range []bool{false, true} {
			want := slices.Clone(whole.Items)
			if newest {
				slices.Reverse(want)
			}
			for size := 1; size <= len(want)+1; size++ {
				var got []task.Entry
				r := page.Request{Size: size}
				for {
					p, err := o.Tasks.Events(o.Ctx, task.HistoryFilter{Tasks: []task.ID{made.ID}, Newest: newest}, r)
					o.ok(err)
					if len(p.Items) > size {
						t.Fatalf("%d lines on a page of %d", len(p.Items), size)
					}
					got = append(got, p.Items...)
					if r.After = p.Next; p.Next == nil {
						break
					}
				}
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("in pages of %d, newest first %t: %v\nwant %v", size, newest, got, want)
				}
			}
		}
	})
}
