package grant

import (
	"strings"

	"github.com/interim-access/interim/internal/platform/db"
)

// Taken keeps with grants that ended by which task that was, for those that ended on time: the task begins where the end is noticed,
// in the same transaction.
func Taken(tx db.Queuer, by map[ID]string) {
	list := make([]ID, 0, len(by))
	for g := range by {
		list = append(list, g)
	}
	for _, chunk := range db.Chunks(list) {
		var values strings.Builder
		var args []any
		for i, g := range chunk {
			if i > 0 {
				values.WriteByte(',')
			}
			values.WriteString(db.In(2, len(args)+1))
			args = append(args, string(g), by[g])
		}
		tx.Queue(`update grants set ended_task = v.column2 from (values `+values.String()+`) v where grants.id = v.column1`, args...)
	}
}
