package c1

import (
	"context"
	"slices"

	taskv1 "github.com/interim-access/interim/gen/c1/api/task/v1"
	userv1 "github.com/interim-access/interim/gen/c1/api/user/v1"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/read"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// taskAudit serves c1.api.task.v1.TaskAudit.
type taskAudit struct {
	taskv1.UnimplementedTaskAuditServer
	*Deps
}

// List lists what happened to a task that the caller sees.
func (s taskAudit) List(ctx context.Context, r *taskv1.TaskAuditListRequest) (*taskv1.TaskAuditListResponse, error) {
	if r.GetTaskId() == "" {
		return nil, fault.InvalidField("taskId", "is required")
	}
	refs := make([]string, len(r.GetRefs()))
	for i, one := range r.GetRefs() {
		refs[i] = one.GetId()
	}
	lines, err := FilterIDs[string]("refs.id", refs)
	if err != nil {
		return nil, err
	}
	t, err := s.Task(ctx, "taskId", r.GetTaskId())
	if err != nil {
		return nil, err
	}
	p, err := s.Page(r)
	if err != nil {
		return nil, err
	}
	found, err := s.Read.TaskHistory(ctx, read.TaskHistoryFilter{
		Task: t.ID, IDs: lines, Comments: r.GetCommentsOnly(), Newest: r.GetNewestFirst(),
	}, p.Request)
	if err != nil {
		return nil, err
	}
	story, err := s.story(ctx, t, found.Items)
	if err != nil {
		return nil, err
	}
	out := &taskv1.TaskAuditListResponse{NextPageToken: p.Token(found.Next)}
	for _, e := range found.Items {
		out.List = append(out.List, asked(story.parts(e), r, lines)...)
	}
	return out, nil
}

// asked are those of the parts of a line that the caller asked for, in the order they asked for.
func asked(parts []*taskv1.TaskAuditView, r *taskv1.TaskAuditListRequest, ids []string) []*taskv1.TaskAuditView {
	parts = slices.DeleteFunc(parts, func(v *taskv1.TaskAuditView) bool {
		named := func(one string) bool { return id.KSUID(one) == v.GetId() }
		return r.GetCommentsOnly() && v.GetComment() == nil || len(ids) > 0 && !slices.ContainsFunc(ids, named)
	})
	if r.GetNewestFirst() {
		slices.Reverse(parts)
	}
	return parts
}

// story is what it takes to show the lines of a task's history.
type story struct {
	task     task.Task
	steps    map[task.StepID]task.Instance
	next     map[task.StepID]task.StepID // which step was opened after which
	policies map[policy.GenerationID]policy.ID
	people   map[directory.UserID]read.UserRow
	webhooks map[webhook.ID]webhook.Webhook
	know     knowledge
}

func (d *Deps) story(ctx context.Context, t task.Task, lines []task.Entry) (story, error) {
	s := story{
		task: t, steps: map[task.StepID]task.Instance{}, next: map[task.StepID]task.StepID{}, policies: map[policy.GenerationID]policy.ID{},
		know: knowing(ctx),
	}
	for n, i := range t.History {
		s.steps[i.ID], s.next[i.ID] = i, openedAfter(t, n)
		if _, known := s.policies[i.Generation]; known || i.Generation == "" {
			continue
		}
		p, err := d.Policies.Generation(d.DB.Q(ctx), i.Generation)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return s, err
		}
		s.policies[i.Generation] = p.ID
	}
	if t.Current != nil {
		s.steps[t.Current.ID] = *t.Current
	}
	var people []directory.UserID
	seen := map[directory.UserID]bool{}
	for _, e := range lines {
		for _, u := range append(peopleIn(e), e.User) {
			if u != "" && !seen[u] {
				seen[u], people = true, append(people, u)
			}
		}
	}
	if err := s.readWebhooks(ctx, d, lines); err != nil {
		return s, err
	}
	var err error
	s.people, err = d.Read.UsersByID(ctx, people)
	return s, err
}

// peopleIn are those whom the data of a line names.
func peopleIn(e task.Entry) []directory.UserID {
	var list []directory.UserID
	for _, name := range []string{"userIds", "newStepUserIds", "originalAssigneeUserId", "delegatedAssigneeUserId"} {
		list = append(list, usersAt(e, name)...)
	}
	return list
}

// usersAt are the users under one name of the data of a line, where one or several are.
func usersAt(e task.Entry, name string) []directory.UserID {
	switch v := e.Data[name].(type) {
	case string:
		return []directory.UserID{directory.UserID(v)}
	case []any:
		var list []directory.UserID
		for _, one := range v {
			if s, ok := one.(string); ok {
				list = append(list, directory.UserID(s))
			}
		}
		return list
	}
	return nil
}

// users shows those of the people who are known, as far as the caller may know them.
func (s story) users(ids []directory.UserID) []*userv1.User {
	var out []*userv1.User
	for _, id := range ids {
		if u := s.user(id); u != nil {
			out = append(out, u)
		}
	}
	return out
}

func (s story) user(id directory.UserID) *userv1.User {
	u, ok := s.people[id]
	if !ok {
		return nil
	}
	return s.know.user(u)
}
