package dbtest

import "testing"

func TestAStatementThatIsPreparedForEveryValueIsSeen(t *testing.T) {
	columns := texts([]string{
		`CREATE INDEX task_request on task (number) where kind = 'GRANT' and first_id = ''`, `CREATE INDEX task_created on task (created_at)`,
		`CREATE INDEX users_name on users (name) where status <> 'DELETED'`,
		`CREATE UNIQUE INDEX operation_open on operation (grant_id) where state = 'open'`,
	})
	for sql, want := range map[string]string{
		`select 1 from users u where u.status = $2 and u.status <> 'DELETED'`:                   "",
		`select 1 from users u where u.id = $1 and u.status <> $2`:                              "users:.status <> $2",
		`select id from task where app_id = $1 and kind = $2`:                                   "task: kind = $2",
		`select id from task t where t.kind = ?`:                                                "task:.kind = ?",
		`select id from task where kind = 'GRANT' and state = $1`:                               "",
		`update task set kind = $1 where id = $2`:                                               "",
		`update operation set state = $1 where id = $2 and state = $3`:                          "operation: state = $3",
		`select id from owner_user where kind = $1`:                                             "",
		`select 1 from owner o where o.kind = $1 and exists (select 1 from task where id = $1)`: "",
		`select id from task where first_id = $1`:                                               "",
		`select id from task where kind in ($1)`:                                                "",
	} {
		if got := anew(sql, columns); got != want {
			t.Errorf("%s: %q, want %q", sql, got, want)
		}
	}
}
