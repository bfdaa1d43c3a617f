package tag

import (
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/page"
)

// Statement is one that the package asks, and the index it must use.
type Statement struct {
	Name  string
	SQL   string
	Args  []any
	Index string
}

// Statements are those whose cost must not grow with how many tags and objects there are.
func Statements() []Statement {
	list, args := listSQL(page.Request{Size: 25, After: page.Key{"a"}})
	of, users := ofUsersSQL([]directory.UserID{"a", "b"})
	return []Statement{
		{"list", list, args, "tag"},
		{"by key and value", findSQL, []any{"a", "b"}, "tag"},
		{"of a user", onSQL(User("a")), []any{"a"}, "tag_user"},
		{"of a resource", onSQL(Resource(app.ResourceID("a"))), []any{"a"}, "tag_resource"},
		{"of users", of, users, "tag_user"},
		{"of what is deleted", forgetSQL, []any{"a"}, "tag_resource_app"},
	}
}
