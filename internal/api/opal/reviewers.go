package opal

import (
	"context"
	"slices"

	"github.com/interim-access/interim/internal/govern/item"
)

// Reviewers and stages are the older views of the default configuration, which they make where there is none: its stages, and the owners
// whom these ask, whichever the stage.

// reviewersBody are ids of owners.
type reviewersBody struct {
	Owners []UUID `json:"reviewer_ids" nullable:"true" maxItems:"32"`
}

type stagesBody struct {
	Stages []stageBody `json:"stages" nullable:"true" maxItems:"8"`
}

type groupReviewers struct {
	GroupPath
	Body reviewersBody
}

type resourceReviewers struct {
	ResourcePath
	Body reviewersBody
}

type groupStages struct {
	GroupPath
	Body stagesBody
}

type resourceStages struct {
	ResourcePath
	Body stagesBody
}

func (d *Door) reviewers() {
	read := about{Summary: "List the owners whom the default configuration asks"}
	change := about{Summary: "Have the default configuration ask one of these owners, in one stage; administrators may"}
	serve(d, "Groups.GetGroupReviewers", read, func(ctx context.Context, in *GroupPath) ([]UUID, error) {
		return d.readReviewers(ctx, aGroup, in.ID)
	})
	serve(d, "Resources.GetResourceReviewers", read, func(ctx context.Context, in *ResourcePath) ([]UUID, error) {
		return d.readReviewers(ctx, aResource, in.ID)
	})
	serve(d, "Groups.UpdateGroupReviewers", change, func(ctx context.Context, in *groupReviewers) ([]UUID, error) {
		return reviewersOf(d.setStages(ctx, aGroup, in.ID, anyOf(in.Body.Owners)))
	})
	serve(d, "Resources.UpdateResourceReviewers", change, func(ctx context.Context, in *resourceReviewers) ([]UUID, error) {
		return reviewersOf(d.setStages(ctx, aResource, in.ID, anyOf(in.Body.Owners)))
	})

	read = about{Summary: "List the stages of the default configuration"}
	change = about{Summary: "Set the stages of the default configuration; administrators may"}
	serve(d, "Groups.GetGroupReviewersStages", read, func(ctx context.Context, in *GroupPath) ([]stageBody, error) {
		return d.readStages(ctx, aGroup, in.ID)
	})
	serve(d, "Resources.GetResourceReviewerStages", read, func(ctx context.Context, in *ResourcePath) ([]stageBody, error) {
		return d.readStages(ctx, aResource, in.ID)
	})
	serve(d, "Groups.UpdateGroupReviewersStages", change, func(ctx context.Context, in *groupStages) ([]stageBody, error) {
		return stagesOf(d.setStages(ctx, aGroup, in.ID, each(in.Body.Stages, decodeStage)))
	})
	serve(d, "Resources.UpdateResourceReviewerStages", change, func(ctx context.Context, in *resourceStages) ([]stageBody, error) {
		return stagesOf(d.setStages(ctx, aResource, in.ID, each(in.Body.Stages, decodeStage)))
	})
}

// anyOf is one stage that one of the owners is enough for; none for no owners.
func anyOf(owners []UUID) []item.Stage {
	if len(owners) == 0 {
		return nil
	}
	return []item.Stage{{Owners: each(owners, func(u UUID) string { return string(u) })}}
}

func (d *Door) readReviewers(ctx context.Context, s itemSort, id UUID) ([]UUID, error) {
	return reviewersOf(d.itemOf(ctx, s, id))
}

func (d *Door) readStages(ctx context.Context, s itemSort, id UUID) ([]stageBody, error) {
	return stagesOf(d.itemOf(ctx, s, id))
}

// defaultOf is the default configuration of an item, an empty one if there is none.
func defaultOf(i item.Item) item.Configuration {
	c, _ := item.For(i.Configurations, func(item.Condition) bool { return false })
	return c
}

// reviewersOf are the owners whom the stages of the default configuration ask, each once; never null.
func reviewersOf(i item.Item, err error) ([]UUID, error) {
	out := []UUID{}
	for _, s := range defaultOf(i).Stages {
		for _, o := range s.Owners {
			if !slices.Contains(out, UUID(o)) {
				out = append(out, UUID(o))
			}
		}
	}
	return out, err
}

func stagesOf(i item.Item, err error) ([]stageBody, error) {
	return each(defaultOf(i).Stages, encodeStage), err
}

// setStages sets the stages of the default configuration of an item, which requests may be made for where there was none.
func (d *Door) setStages(ctx context.Context, s itemSort, id UUID, stages []item.Stage) (item.Item, error) {
	before, acts, err := d.itemsToChange(ctx, s, []UUID{id})
	if err != nil {
		return before[item.ID(id)], err
	}
	after, err := d.Items.Update(ctx, []item.Change{{ID: item.ID(id), Become: within(acts[item.ID(id)], func(i *item.Item) error {
		list := slices.Clone(i.Configurations)
		at := slices.IndexFunc(list, func(c item.Configuration) bool { return c.Priority == 0 })
		if at < 0 {
			list, at = append([]item.Configuration{{Allow: true}}, list...), 0
		}
		list[at].Stages = stages
		i.Configure(list)
		return nil
	})}})
	if err != nil {
		return before[item.ID(id)], respelled(err, itemNames)
	}
	return after[0], nil
}
