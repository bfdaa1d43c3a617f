package db_test

import (
	"slices"
	"testing"

	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
)

func TestARecordTellsEachStatementAndItsTransaction(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var told []string
		var txs []bool
		stop := d.Record(func(s db.Statement) {
			told, txs = append(told, s.SQL), append(txs, s.Tx != nil)
		})
		one := 0
		if err := d.Q(t.Context()).Row(`select 1`).Scan(&one); err != nil || one != 1 {
			t.Fatal(one, err)
		}
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			if err := tx.Lock("a"); err != nil {
				return err
			}
			tx.Queue(`delete from task_act where task_id = $1`, "none")
			_, err := tx.Exec(`delete from task_stand where task_id = $1`, "none")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		stop()
		_ = d.Q(t.Context()).Row(`select 2`).Scan(&one)
		want := []string{`select 1`, ``, `delete from task_act where task_id = $1`, `delete from task_stand where task_id = $1`}
		if !slices.Equal(told, want) || !slices.Equal(txs, []bool{false, true, true, true}) {
			t.Errorf("%q, %v", told, txs)
		}
	})
}
