package dbtest

import (
	"testing"

	"github.com/interim-access/interim/internal/platform/db"
)

func TestEachGivesAMigratedDatabase(t *testing.T) {
	for range 2 {
		Each(t, func(t *testing.T, d *db.DB) {
			var n int
			if err := d.Q(t.Context()).Row("select min_reader from schema_info where id = $1", 1).Scan(&n); err != nil || n < 1 {
				t.Fatalf("min_reader = %d, %v", n, err)
			}
		})
	}
}
