package opal

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/item"
	"github.com/interim-access/interim/internal/govern/request"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/db"
)

// requestBody is a request: what one person asked for at once.
type requestBody struct {
	ID        UUID            `json:"id"`
	CreatedAt time.Time       `json:"created_at"`
	UpdatedAt time.Time       `json:"updated_at"`
	Requester UUID            `json:"requester_id"`
	Target    UUID            `json:"target_user_id,omitempty"`
	Group     UUID            `json:"target_group_id,omitempty" doc:"Whose members are to have it, if it is for a group."`
	Status    request.Status  `json:"status" enum:"PENDING,APPROVED,DENIED,CANCELED"`
	Reason    string          `json:"reason"`
	Minutes   int             `json:"duration_minutes,omitempty" doc:"Absent: without end."`
	Items     []requestedBody `json:"requested_items_list"`
	Fields    []responseBody  `json:"custom_fields_responses,omitempty"`
	Ticket    *ticketBody     `json:"support_ticket,omitempty" doc:"An addition of ours."`
	Old       *oldStages      `json:"stages,omitempty" doc:"Deprecated; of requests of one item."`
	Stages    []itemStages    `json:"reviewer_stages"`
}

// requestedBody is an item that is asked for.
type requestedBody struct {
	Resource UUID   `json:"resource_id,omitempty"`
	Group    UUID   `json:"group_id,omitempty"`
	Name     string `json:"name"`
	Level    string `json:"access_level_name,omitempty"`
	LevelID  string `json:"access_level_remote_id,omitempty"`
	RemoteID string `json:"remote_id,omitempty"`
	Remote   string `json:"remote_name,omitempty"`
}

// responseBody is an answer to a form. Its value is a boolean where its type is.
type responseBody struct {
	Name  string `json:"field_name"`
	Kind  string `json:"field_type" enum:"SHORT_TEXT,LONG_TEXT,BOOLEAN,MULTI_CHOICE"`
	Value any    `json:"field_value"`
}

type itemStages struct {
	Item    string             `json:"item_name"`
	ID      UUID               `json:"item_id"`
	Level   string             `json:"access_level_name,omitempty"`
	LevelID string             `json:"access_level_remote_id,omitempty"`
	Stages  []requestStageBody `json:"stages"`
}

type oldStages struct {
	Role   string             `json:"requestedRoleName,omitempty"`
	Item   string             `json:"requestedItemName"`
	Stages []requestStageBody `json:"stages"`
}

func (d *Door) encodeRequest(ctx context.Context, r request.Request) (requestBody, error) {
	list, err := d.encodeRequests(ctx, []request.Request{r})
	if err != nil {
		return requestBody{}, err
	}
	return list[0], nil
}

// encodeFirst shows the requests of which these are the first tasks.
func (d *Door) encodeFirst(ctx context.Context, first []task.Task) ([]requestBody, error) {
	list, err := d.Requests.Whole(ctx, first)
	if err != nil {
		return nil, err
	}
	return d.encodeRequests(ctx, list)
}

// shown is what requests are shown with, read for all of them at once.
type shown struct {
	items  map[item.ID]item.Item
	levels map[app.EntitlementRef]item.Level
	sights map[task.ID]task.Sight
	ahead  map[task.ID]map[int]task.Resolution // of the stages to come
	people map[directory.UserID]directory.User
}

func (d *Door) encodeRequests(ctx context.Context, list []request.Request) ([]requestBody, error) {
	var tasks []task.Task
	for _, r := range list {
		tasks = append(tasks, r.Tasks...)
	}
	s := shown{levels: map[app.EntitlementRef]item.Level{}, sights: map[task.ID]task.Sight{}, ahead: map[task.ID]map[int]task.Resolution{}}
	var err error
	if s.items, err = item.Many(d.DB.Q(ctx), each(tasks, func(t task.Task) item.ID { return t.Resource })); err != nil {
		return nil, err
	}
	var items []item.Item
	for _, i := range s.items {
		items = append(items, i)
	}
	levels, err := d.Items.Levels(d.DB.Q(ctx), items)
	if err != nil {
		return nil, err
	}
	for _, of := range levels {
		for _, l := range of {
			s.levels[l.Entitlement] = l
		}
	}
	var people []directory.UserID
	for _, chunk := range db.Chunks(tasks, defaultPage) {
		sights, err := d.Tasks.See(ctx, chunk)
		if err != nil {
			return nil, err
		}
		ahead, err := d.Tasks.Ahead(ctx, chunk)
		if err != nil {
			return nil, err
		}
		for n, t := range chunk {
			s.sights[t.ID], s.ahead[t.ID] = sights[n], ahead[n]
			people = append(append(people, sights[n].Users()...), deciders(t)...)
			for _, r := range ahead[n] {
				people = append(people, r.Users()...)
			}
		}
	}
	s.people, err = d.people(ctx, people)
	return each(list, s.request), err
}

// manyUsers reads users, whatever their number.
func (d *Door) manyUsers(ctx context.Context, ids []directory.UserID) (list []directory.User, err error) {
	for _, chunk := range db.Chunks(ids) {
		found, err := directory.Many(d.DB.Q(ctx), chunk)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	return list, nil
}

func (s shown) request(r request.Request) requestBody {
	t := r.First()
	out := requestBody{
		ID: UUID(t.ID), CreatedAt: t.CreatedAt, UpdatedAt: r.UpdatedAt(), Requester: UUID(t.Opener), Target: UUID(t.Subject),
		Group: UUID(t.Group.ID), Status: r.Status(), Reason: t.Description, Minutes: int(t.Duration.Minutes()),
		Items: each(r.Tasks, s.item), Stages: each(r.Tasks, s.stages), Fields: responses(r),
	}
	if out.Requester == "" { // Interim itself asked
		out.Requester = out.Target
	}
	if r.Ticket != nil {
		ticket := ticketBody(*r.Ticket)
		out.Ticket = &ticket
	}
	if len(out.Stages) == 1 {
		one := out.Stages[0]
		out.Old = &oldStages{Role: one.Level, Item: one.Item, Stages: one.Stages}
	}
	return out
}

func encodeField(f request.Field) responseBody {
	out := responseBody{f.Name, f.Kind, f.Value}
	if f.Kind == "BOOLEAN" {
		out.Value = f.Value == "true"
	}
	return out
}

func (s shown) item(t task.Task) requestedBody {
	l := s.levels[app.EntitlementRef{AppID: t.App, ID: t.Entitlement}]
	i, known := s.items[t.Resource]
	out := requestedBody{Name: t.DisplayName, Level: l.Name, LevelID: l.Slug, RemoteID: i.ExternalID}
	if i.ExternalID != "" {
		out.Remote = i.DisplayName
	}
	switch {
	case !known:
	case i.Group:
		out.Group, out.Name = UUID(i.ID), i.DisplayName
	default:
		out.Resource, out.Name = UUID(i.ID), i.DisplayName
	}
	return out
}
