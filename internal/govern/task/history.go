package task

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/id"
	"github.com/interim-access/interim/internal/platform/page"
)

// Entry is one line of a task's history.
type Entry struct {
	ID      string
	Task    ID
	At      time.Time
	Kind    AuditKind
	User    directory.UserID // empty: Interim itself
	For     directory.UserID // whom User stood in for
	Step    StepID
	State   State // of the task afterwards
	Comment string
	Data    map[string]any
}

// Lines that follow from another at the same moment, in no words of anybody, lie in its row: most of what happens to a task is several
// lines, and none of them is ever found but with its task.
const (
	// PartsPerLine is how many parts a line may be shown in, itself among them. Their identities follow on its own, see [id.Beside].
	PartsPerLine = 128
	// LinesPerRow is how many lines lie in a row at most. Their identities follow on each other with room for their parts.
	LinesPerRow = 8
)

// following is a line as the row of the one before it keeps it.
type following struct {
	Kind AuditKind        `json:"kind"`
	User directory.UserID `json:"user,omitempty"`
	For  directory.UserID `json:"for,omitempty"`
	Step StepID           `json:"step,omitempty"`
	Data map[string]any   `json:"data,omitempty"`
}

// then is where the data of a line keeps those that follow in its row.
const then = "then"

// row is how many of the first lines of a list go into one row.
func row(list []Entry) int {
	n, first := 1, list[0]
	for n < min(len(list), LinesPerRow) && list[n].Task == first.Task && list[n].Comment == "" && list[n].State == first.State &&
		list[n].At.Equal(first.At) {
		n++
	}
	return n
}

// dataOf is what the row of lines keeps beside the columns of the first.
func dataOf(lines []Entry) (string, error) {
	data := lines[0].Data
	if len(lines) > 1 {
		rest := make([]following, len(lines)-1)
		for n, e := range lines[1:] {
			rest[n] = following{e.Kind, e.User, e.For, e.Step, e.Data}
		}
		data = maps.Clone(data)
		if data == nil {
			data = map[string]any{}
		}
		data[then] = rest
	}
	if len(data) == 0 {
		return "{}", nil
	}
	b, err := json.Marshal(data)
	if err != nil {
		return "", fmt.Errorf("data of %s: %w", lines[0].Kind, err)
	}
	return string(b), nil
}

// entries writes lines of the histories of tasks, which all happened at one moment, in their order. Identities of one moment are in the
// order in which they were made only while none of another moment is made between them.
func entries(tx db.Queuer, list []Entry) error {
	var rows [][]any
	var ids []string
	for len(list) > 0 {
		n, e := row(list), list[0]
		data, err := dataOf(list[:n])
		if err != nil {
			return err
		}
		ids = append(ids, id.New(e.At))
		rows = append(rows, []any{
			"", string(e.Task), clock.Micros(e.At), string(e.Kind), string(e.User), string(e.For), string(e.Step), string(e.State), e.Comment,
			data,
		})
		list = list[n:]
	}
	slices.Sort(ids)
	for n := range rows {
		rows[n][0] = ids[n]
	}
	queue(tx, `insert into task_event (`+EntryColumns+`)`, 10, rows)
	return nil
}

// EntryColumns are the columns that [ScanEntries] reads.
const EntryColumns = `id, task_id, at, kind, user_id, for_id, step_id, state, note, data`

// ScanEntries reads a row of a task's history: one line or more, in their order.
func ScanEntries(r *db.Rows) ([]Entry, error) {
	var e Entry
	var at int64
	var data string
	if err := r.Scan(&e.ID, &e.Task, &at, &e.Kind, &e.User, &e.For, &e.Step, &e.State, &e.Comment, &data); err != nil {
		return nil, err
	}
	e.At = clock.FromMicros(at)
	var rest struct {
		Then []following `json:"then"`
	}
	err := json.Unmarshal([]byte(data), &e.Data)
	if err == nil && e.Data[then] != nil {
		delete(e.Data, then)
		err = json.Unmarshal([]byte(data), &rest)
	}
	if err != nil {
		return nil, fmt.Errorf("data of line %s of a history: %w", e.ID, err)
	}
	lines := []Entry{e}
	for n, f := range rest.Then {
		lines = append(lines, Entry{
			ID: id.Beside(e.ID, (n+1)*PartsPerLine), Task: e.Task, At: e.At, Kind: f.Kind, User: f.User, For: f.For, Step: f.Step,
			State: e.State, Data: f.Data,
		})
	}
	return lines, nil
}

// HistorySQL reads the rows of a page of lines, see [Lines].
func HistorySQL(w *db.Where, newest bool, r page.Request) (sql string, args []any) {
	order := "id"
	if newest {
		order = "id desc"
	}
	if len(r.After) == 1 {
		if after := r.After[0]; newest {
			w.And("id <= ?", after)
		} else { // the row that it lies in
			w.And("id >= ?", id.Beside(after, -(LinesPerRow-1)*PartsPerLine))
		}
	}
	where, args := w.SQL()
	return `select ` + EntryColumns + ` from task_event` + where + ` order by ` + order + ` limit ` + strconv.Itoa(r.Size+2), args
}

// Lines makes a page of lines of the rows that [HistorySQL] reads. Of rows that were asked for by their words only the first line has any.
func Lines(rows [][]Entry, words, newest bool, r page.Request) page.Page[Entry] {
	var list []Entry
	for _, lines := range rows {
		if words {
			lines = lines[:1]
		}
		if newest {
			slices.Reverse(lines)
		}
		for _, e := range lines {
			if len(r.After) != 1 || newest && e.ID < r.After[0] || !newest && e.ID > r.After[0] {
				list = append(list, e)
			}
		}
	}
	return page.Cut(list, r.Size, func(e Entry) page.Key { return page.Key{e.ID} })
}

// HistoryFilter narrows a task's history.
type HistoryFilter struct {
	Tasks    []ID // at most [page.MaxSize]
	Comments bool // comments only
	Said     bool // only what people wrote: comments, and their reasons for decisions
	Newest   bool // newest first
}

// history reads lines of the histories of tasks.
func history(q db.Q, f HistoryFilter, r page.Request) (page.Page[Entry], error) {
	var w db.Where
	w.In("task_id", f.Tasks)
	if f.Comments {
		w.And("kind = ?", string(Commented))
	}
	if f.Said {
		w.And("kind in (?, ?) and note <> '' and user_id <> ''", string(Commented), string(ApproversChosen))
	}
	sql, args := HistorySQL(&w, f.Newest, r)
	rows, err := db.Collect(q, ScanEntries, sql, args...)
	return Lines(rows, f.Comments || f.Said, f.Newest, r), err
}
