package read

import (
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/page"
)

func TestRemoteAccountsAreReadFromAnIndex(t *testing.T) {
	apps := []app.ID{"a", "b"}
	lists := map[string]RemoteFilter{
		"all": {Apps: apps}, "of people": {Apps: apps, Users: []directory.UserID{"u", "v"}}, "my own": {Apps: apps, Own: "u"},
	}
	onWorlds(t, func(w *world) {
		for name, f := range lists {
			for _, r := range []page.Request{{Size: 25}, {Size: 25, After: page.Key{"u", "a", "x"}}} {
				sql, args := remoteSQL(f, r)
				if plan := w.plan(sql, args); full(plan) || sorts(plan) {
					w.Errorf("%s:\n%s\n%s", name, sql, plan)
				}
			}
		}
		// Few have a name in a target, so they may be sorted.
		sql, args := remoteSQL(RemoteFilter{Apps: apps, ExternalIDs: []string{"x", "y"}}, page.Request{Size: 25})
		if plan := w.plan(sql, args); full(plan) {
			w.Errorf("by what the target calls them:\n%s\n%s", sql, plan)
		}
	})
}

// Connectors are few, their runs many.
func TestFailuresOfConnectorsAreReadFromTheIndexOfTheirRuns(t *testing.T) {
	onWorlds(t, func(w *world) {
		for name, f := range map[string]SyncFailureFilter{
			"all": {}, "of an app": {App: "a"}, "of a connector": {Connector: app.ConnectorRef{AppID: "a", ID: "c"}},
		} {
			sql, args := syncFailuresSQL(f)
			plan := w.plan(sql, args)
			for line := range strings.Lines(plan) {
				if strings.Contains(line, "Seq Scan on sync_run") || strings.Contains(line, "SCAN r") && !strings.Contains(line, "USING") {
					w.Errorf("%s:\n%s\n%s", name, sql, plan)
				}
			}
		}
	})
}
