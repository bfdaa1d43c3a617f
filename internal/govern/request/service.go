package request

import (
	"context"
	"slices"

	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// Deps is what the service stands on.
type Deps struct {
	DB    *db.DB
	Tasks *task.Service
}

// Service holds the use cases about requests. Whether the caller may see a request, and may ask for what they ask for, is judged by the
// doors; whether they may decide is judged by package task.
type Service struct{ Deps }

// New returns the use cases over d.
func New(d Deps) *Service { return &Service{d} }

// Ask asks for several things at once, all or none. Faults as for [task.Service.RequestGrants]; Invalid for d.
func (s *Service) Ask(ctx context.Context, asks []task.Ask, d Details) (Request, error) {
	if err := d.Validate(); err != nil {
		return Request{}, err
	}
	made, err := s.Tasks.RequestGrants(ctx, asks, func(tx *db.Tx, made []task.Task) error { return save(tx, made[0].ID, d) })
	return Request{Tasks: made, Details: d}, err
}

// Get reads a request. NotFound.
func (s *Service) Get(ctx context.Context, id task.ID) (Request, error) {
	tasks, err := task.Together(s.DB.Q(ctx), id)
	if err != nil {
		return Request{}, err
	}
	return s.with(ctx, tasks)
}

func (s *Service) with(ctx context.Context, tasks []task.Task) (Request, error) {
	details, err := many(s.DB.Q(ctx), []task.ID{tasks[0].ID})
	return Request{Tasks: tasks, Details: details[tasks[0].ID]}, err
}

// Whole reads the requests of which these are the first tasks, in their order.
func (s *Service) Whole(ctx context.Context, first []task.Task) ([]Request, error) {
	q, ids := s.DB.Q(ctx), make([]task.ID, len(first))
	for n, t := range first {
		ids[n] = t.ID
	}
	rest, err := task.Rest(q, ids)
	if err != nil {
		return nil, err
	}
	details, err := many(q, ids)
	if err != nil {
		return nil, err
	}
	out := make([]Request, len(first))
	for n, t := range first {
		out[n] = Request{Tasks: append([]task.Task{t}, rest[t.ID]...), Details: details[t.ID]}
	}
	return out, nil
}

// Decide decides a request; see [task.Service.DecideTogether].
func (s *Service) Decide(ctx context.Context, id task.ID, d task.BatchDecision) (Request, error) {
	tasks, err := s.Tasks.DecideTogether(ctx, id, d)
	if err != nil {
		return Request{}, err
	}
	return s.with(ctx, tasks)
}

// Comment adds a comment, 1 to task.MaxComment characters, to a request of which a task is open. Conflict where none is.
func (s *Service) Comment(ctx context.Context, r Request, words string) (Request, error) {
	to := r.First()
	if n := slices.IndexFunc(r.Tasks, func(t task.Task) bool { return t.State == task.Open }); n >= 0 {
		to = r.Tasks[n]
	}
	if _, err := s.Tasks.Comment(ctx, string(to.ID), words); err != nil {
		return Request{}, err
	}
	return s.Get(ctx, r.First().ID)
}

// MaxComments is how many comments of a request are read.
const MaxComments = 1000

// Comments are the comments on a request and what people wrote with their decisions, oldest first, the newest [MaxComments] at most.
// What somebody wrote with one decision on several tasks is there once.
func (s *Service) Comments(ctx context.Context, r Request) ([]task.Entry, error) {
	ids := make([]task.ID, len(r.Tasks))
	for n, t := range r.Tasks {
		ids[n] = t.ID
	}
	found, err := s.Tasks.Events(ctx, task.HistoryFilter{Tasks: ids, Said: true, Newest: true}, page.Request{Size: MaxComments})
	if err != nil {
		return nil, err
	}
	var out []task.Entry
	for _, e := range slices.Backward(found.Items) {
		if !slices.ContainsFunc(out, func(o task.Entry) bool { return o.User == e.User && o.At.Equal(e.At) && o.Comment == e.Comment }) {
			out = append(out, e)
		}
	}
	return out, nil
}

// Missing is the fault for a request that is not there, or not to be seen.
func Missing(id task.ID) error { return fault.Missing("request", string(id)) }
