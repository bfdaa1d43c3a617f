package catalog

import (
	"encoding/json"

	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// picker has one of some objects filled in, by its identity: exactly one member is there. Where a field takes several, each is one.
type picker struct {
	Account  *accountPicker  `json:"appUserPicker"`
	Resource *resourcePicker `json:"resourcePicker"`
	User     *userPicker     `json:"c1UserPicker"`
}

type accountPicker struct {
	App string `json:"appId"`
}

type resourcePicker struct {
	App  string `json:"appId"`
	Type string `json:"resourceTypeId"` // empty: any
}

type userPicker struct {
	Among    []string `json:"userIds"` // none: all
	Without  []string `json:"excludeUserIds"`
	Disabled bool     `json:"includeDeactivated"`
}

// validate refuses a picker of nothing, or by names that are none. Whether what it names is there is seen when something is picked: it
// may be deleted after the form was saved.
func (p *picker) validate(at string) error {
	if p == nil {
		return nil
	}
	n := 0
	for _, there := range []bool{p.Account != nil, p.Resource != nil, p.User != nil} {
		if there {
			n++
		}
	}
	switch {
	case n != 1:
		return fault.InvalidField(at, "needs one of appUserPicker, resourcePicker and c1UserPicker")
	case p.Account != nil:
		return identities(at+".appUserPicker.appId", p.Account.App)
	case p.Resource != nil:
		err := identities(at+".resourcePicker.appId", p.Resource.App)
		if err == nil && p.Resource.Type != "" {
			err = identities(at+".resourcePicker.resourceTypeId", p.Resource.Type)
		}
		return err
	}
	u, at := p.User, at+".c1UserPicker"
	return first(
		count(at+".userIds", len(u.Among), MaxOptions), count(at+".excludeUserIds", len(u.Without), MaxOptions),
		identities(at+".userIds", u.Among...), identities(at+".excludeUserIds", u.Without...),
	)
}

func identities(at string, list ...string) error {
	for _, s := range list {
		if identityIn(s) == "" {
			return fault.InvalidField(at, "must be the id of an object: 27 letters and digits")
		}
	}
	return nil
}

// identityIn reads an identity in either API's spelling; "" if s is none.
func identityIn(s string) string {
	if uuid, err := id.FromKSUID(s); err == nil {
		return uuid
	}
	if id.Valid(s) {
		return s
	}
	return ""
}

// picked answers Invalid, naming the field, unless everything that is picked in data is there and may be picked now: users who are not
// deleted, and not disabled unless the field says so; accounts and resources that are live in a live app. data has passed [Form.Check].
// One question for each field that picks.
func (f Form) picked(q db.Q, data json.RawMessage) error {
	given, err := object(data)
	if err != nil {
		return err
	}
	for _, v := range f.Fields {
		var p *picker
		var list []string
		switch raw := given[v.Name]; {
		case len(raw) == 0:
		case v.String != nil:
			list = make([]string, 1)
			p, err = v.String.Picker, json.Unmarshal(raw, &list[0])
			if list[0] == "" {
				continue
			}
		case v.Slice != nil:
			p, err = v.Slice.Picker, json.Unmarshal(raw, &list)
		}
		if p == nil || len(list) == 0 {
			continue
		}
		if err == nil {
			err = p.pick(q, "requestData."+v.Name, list)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pick answers Invalid for the first of a list that cannot be picked.
func (p *picker) pick(q db.Q, at string, list []string) error {
	ids := make(map[string]bool, len(list))
	for _, s := range list {
		if one := identityIn(s); one != "" {
			ids[one] = false
		}
	}
	what, sql, args := p.question()
	if len(ids) > 0 {
		begin := len(args) + 1
		for one := range ids {
			args = append(args, one)
		}
		found, err := db.Collect(q, func(r *db.Rows) (s string, err error) { return s, r.Scan(&s) }, sql+db.In(len(ids), begin), args...)
		if err != nil {
			return err
		}
		for _, one := range found {
			ids[one] = p.User == nil || p.User.allows(one)
		}
	}
	for _, s := range list {
		if !ids[identityIn(s)] {
			return fault.InvalidField(at, "%q is no %s that can be chosen", brief(s), what)
		}
	}
	return nil
}

// question asks for those that can be picked of the identities that follow its arguments.
func (p *picker) question() (what, sql string, args []any) {
	const live = ` join app p on p.id = o.app_id where o.app_id = $1 and o.deleted_at is null and p.deleted_at is null`
	switch {
	case p.Account != nil:
		return "account", `select o.id from account o` + live + ` and o.id in `, []any{identityIn(p.Account.App)}
	case p.Resource != nil && p.Resource.Type != "":
		return "resource", `select o.id from resource o` + live + ` and o.resource_type_id = $2 and o.id in `,
			[]any{identityIn(p.Resource.App), identityIn(p.Resource.Type)}
	case p.Resource != nil:
		return "resource", `select o.id from resource o` + live + ` and o.id in `, []any{identityIn(p.Resource.App)}
	case p.User.Disabled:
		return "user", `select id from users where status <> 'DELETED' and id in `, nil
	default:
		return "user", `select id from users where status = 'ENABLED' and id in `, nil
	}
}

func (p *userPicker) allows(uuid string) bool {
	for _, s := range p.Without {
		if identityIn(s) == uuid {
			return false
		}
	}
	for _, s := range p.Among {
		if identityIn(s) == uuid {
			return true
		}
	}
	return len(p.Among) == 0
}
