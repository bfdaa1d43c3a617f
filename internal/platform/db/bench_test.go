package db_test

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

// benchSchema is about what one change of a grant touches: the row with two
// indexes, an audit row, a row that comes due.
var benchSchema = []string{
	`create table b_grants (id text primary key, app text not null, state text not null, ends_at bigint not null, version bigint not null, doc text not null)`,
	`create index b_grants_app on b_grants (app, id)`,
	`create index b_grants_due on b_grants (ends_at) where state = 'active'`,
	`create table b_audit (id text primary key, at bigint not null, doc text not null)`,
	`create table b_due (id text primary key, at bigint not null)`,
}

const benchDoc = `{"displayName":"Ada","reason":"on call","source":"request","requestedBy":"grace@example.com","padding":"0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"}`

func benchDB(b *testing.B, engine string) *db.DB {
	b.Helper()
	d := dbtest.SQLite
	if engine == "postgres" {
		d = dbtest.Postgres
	}
	open := d(b)
	err := open.Write(b.Context(), func(tx *db.Tx) error {
		for _, s := range benchSchema {
			if _, err := tx.Exec(s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return open
}

// change is the write of the benchmarks: three statements.
func change(tx *db.Tx, id string, at int64) error {
	if _, err := tx.Exec(`insert into b_grants (id, app, state, ends_at, version, doc) values ($1, $2, 'active', $3, 1, $4)`,
		id, "app-"+id[len(id)-1:], at, benchDoc); err != nil {
		return err
	}
	tx.Queue(`insert into b_audit (id, at, doc) values ($1, $2, $3)`, id, at, benchDoc)
	tx.Queue(`insert into b_due (id, at) values ($1, $2)`, id, at)
	return nil
}

func BenchmarkWrite(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for _, callers := range []int{1, 16, 64} {
			b.Run(fmt.Sprintf("%s/%dcallers", engine, callers), func(b *testing.B) {
				d := benchDB(b, engine)
				var n atomic.Int64
				b.SetParallelism(max(1, callers/2)) // times GOMAXPROCS
				b.ReportAllocs()
				b.ResetTimer()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						i := n.Add(1)
						id := strconv.FormatInt(i*2654435761%1_000_000_007, 36) + "-" + strconv.FormatInt(i, 36)
						if err := d.Write(context.Background(), func(tx *db.Tx) error { return change(tx, id, i) }); err != nil {
							b.Error(err)
						}
					}
				})
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
			})
		}
	}
}

func BenchmarkRow(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for name, ctx := range map[string]func() context.Context{
			"background": context.Background,
			"request":    func() context.Context { return b.Context() },
		} {
			b.Run(engine+"/"+name, func(b *testing.B) {
				d := benchDB(b, engine)
				const rows = 10_000
				for i := 0; i < rows; i += 500 {
					if err := d.Write(b.Context(), func(tx *db.Tx) error {
						for j := range 500 {
							if err := change(tx, "grant-"+strconv.Itoa(i+j), int64(i)); err != nil {
								return err
							}
						}
						return nil
					}); err != nil {
						b.Fatal(err)
					}
				}
				ctx := ctx()
				b.SetParallelism(2)
				b.ReportAllocs()
				b.ResetTimer()
				b.RunParallel(func(pb *testing.PB) {
					for i := 0; pb.Next(); i += 7919 {
						var state string
						var ends int64
						if err := d.Q(ctx).Row(`select state, ends_at from b_grants where id = $1`, "grant-"+strconv.Itoa(i%rows)).Scan(&state, &ends); err != nil {
							b.Error(err)
						}
					}
				})
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reads/s")
			})
		}
	}
}
