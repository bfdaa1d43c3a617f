package opal

import (
	"slices"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/govern/task"
)

type requestStageBody struct {
	Stage     int            `json:"stage" doc:"The first is 1."`
	Operator  string         `json:"operator" enum:"AND,OR"`
	Reviewers []reviewerBody `json:"reviewers" doc:"Who decided it; who may decide it now, of the open stage, or could if it opened now, of those to come."`
}

type reviewerBody struct {
	ID       UUID   `json:"id"`
	FullName string `json:"full_name,omitempty"`
	Status   string `json:"status" enum:"PENDING,APPROVED,REJECTED"`
	For      UUID   `json:"delegated_from,omitempty" doc:"For whom they decide as a delegate. An addition of ours."`
}

// stages are the approvals of a task's plan. Of one that was opened more than once the last opening is shown.
func (s shown) stages(t task.Task) itemStages {
	i := s.item(t)
	out := itemStages{Item: i.Name, ID: UUID(t.Resource), Level: i.Level, LevelID: i.LevelID, Stages: []requestStageBody{}}
	for index, step := range t.Plan {
		if step.Approval == nil {
			continue
		}
		stage := requestStageBody{Stage: len(out.Stages) + 1, Operator: "OR"}
		if step.Approval.Quorum == policy.AllSlots {
			stage.Operator = "AND"
		}
		switch open := t.Current; {
		case open != nil && open.Index == index:
			stage.Reviewers = append(s.filled(*open), each(s.sights[t.ID].People, s.pending)...)
		case open != nil && index > open.Index:
			stage.Reviewers = each(s.ahead[t.ID][index].People, s.pending)
		default:
			stage.Reviewers = s.decided(t, index)
		}
		out.Stages = append(out.Stages, stage)
	}
	return out
}

// pending is somebody who may decide, now or when the stage opens.
func (s shown) pending(e task.Eligible) reviewerBody {
	out := s.reviewer(e.User, "PENDING", "")
	if !slices.ContainsFunc(e.Reasons, func(r task.Reason) bool { return r.For == "" }) {
		out.For = UUID(e.Reasons[0].For)
	}
	return out
}

func (s shown) reviewer(u directory.UserID, status string, standsFor directory.UserID) reviewerBody {
	return reviewerBody{ID: UUID(u), FullName: s.people[u].DisplayName, Status: status, For: UUID(standsFor)}
}

// filled are those who filled slots of a step that wants all of them, each once for everybody in whose place they did; never null.
func (s shown) filled(i task.Instance) []reviewerBody {
	out := []reviewerBody{}
	for _, seat := range i.Seats {
		if f := seat.Filled; f != nil {
			if one := s.reviewer(f.By, "APPROVED", f.For); !slices.Contains(out, one) {
				out = append(out, one)
			}
		}
	}
	return out
}

// decided is who decided a step that is over.
func (s shown) decided(t task.Task, index int) []reviewerBody {
	for _, i := range slices.Backward(t.History) {
		if i.Index != index || i.Result == nil {
			continue
		}
		r := i.Result
		if r.Kind == task.Restarted {
			return []reviewerBody{}
		}
		out := s.filled(i)
		approved := func(b reviewerBody) bool { return b.ID == UUID(r.By) }
		switch {
		case r.By == "":
		case r.Kind == task.Refused:
			out = append(out, s.reviewer(r.By, "REJECTED", r.For))
		case r.Kind == task.Approved && !slices.ContainsFunc(out, approved):
			out = append(out, s.reviewer(r.By, "APPROVED", r.For))
		}
		return out
	}
	return []reviewerBody{}
}

// deciders are all who decided steps of a task, or filled slots of them.
func deciders(t task.Task) []directory.UserID {
	var list []directory.UserID
	steps := slices.Clone(t.History)
	if t.Current != nil {
		steps = append(steps, *t.Current)
	}
	for _, i := range steps {
		if i.Result != nil {
			list = append(list, i.Result.By)
		}
		for _, seat := range i.Seats {
			if seat.Filled != nil {
				list = append(list, seat.Filled.By)
			}
		}
	}
	return list
}
