package iam

import (
	"context"
	"fmt"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/page"
)

// ClientFilter narrows a search for personal clients. Zero members do not narrow.
type ClientFilter struct {
	Users []directory.UserID // at most db.MaxIn
	Query string             // in the display name or the client id
}

// SearchClients lists live personal clients of all users, oldest first. Whoever may search them.
func (s *Service) SearchClients(ctx context.Context, f ClientFilter, r page.Request) (page.Page[Client], error) {
	var w db.Where
	w.And("kind = '" + KindPersonal + "'")
	w.And("deleted_at is null")
	w.In("user_id", f.Users)
	if f.Query != "" {
		w.And(`search like ? escape '\'`, db.Like(f.Query))
	}
	w.After([]string{"id"}, r.After...)
	where, args := w.SQL()
	rows, err := db.Collect(s.db.Q(ctx), scanClient, `select `+clientColumns+` from client`+where+
		fmt.Sprintf(` order by id limit %d`, r.Size+1), args...)
	if err != nil {
		return page.Page[Client]{}, err
	}
	return page.Cut(rows, r.Size, func(c Client) page.Key { return page.Key{string(c.Key)} }), nil
}
