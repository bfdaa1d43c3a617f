package tag_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/tag"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// shop is the tags, and people and a resource to put them on.
type shop struct {
	*testing.T

	db   *db.DB
	ctx  context.Context
	tags *tag.Service
	dir  *directory.Service
	apps *app.Service

	user     directory.UserID
	resource app.Resource
	told     []string // the tags of people that changed, in order
}

// TagsChanged implements [tag.Notice].
func (s *shop) TagsChanged(_ *db.Tx, t tag.Tag, _ time.Time) error {
	s.told = append(s.told, t.Key+"="+t.Value)
	return nil
}

func each(t *testing.T, test func(s *shop)) {
	t.Helper()
	dbtest.Watched(t, func(t *testing.T, d *db.DB) {
		c := clock.NewFake(time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC))
		log := audit.New(d, c)
		s := &shop{T: t, db: d, ctx: audit.With(t.Context(), audit.Actor{Kind: audit.KindUser, UserID: "root", Name: "Root"})}
		s.dir, s.apps = directory.New(d, c, log), app.New(d, c, log)
		s.tags = tag.New(tag.Deps{DB: d, Clock: c, Audit: log})
		s.tags.Tell(s)
		s.dir.Tell(s.tags)
		s.apps.TellResources(s.tags)
		u, err := s.dir.Create(s.ctx, directory.User{DisplayName: "Ada", Email: "ada@example.com"})
		s.ok(err)
		a, err := s.apps.CreateApp(s.ctx, app.App{DisplayName: "Wiki"})
		s.ok(err)
		typ, err := s.apps.CreateResourceType(s.ctx, app.ResourceType{AppID: a.ID, Kind: app.KindCustom, DisplayName: "Space"})
		s.ok(err)
		s.resource, err = s.apps.CreateResource(s.ctx, app.Resource{AppID: a.ID, TypeID: typ.ID, DisplayName: "Minutes"})
		s.ok(err)
		s.user = u.ID
		test(s)
	})
}

func (s *shop) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *shop) fails(err error, code fault.Code) {
	s.Helper()
	if !fault.Is(err, code) {
		s.Errorf("%v, want %v", err, code)
	}
}

func (s *shop) make(key, value string) tag.Tag {
	s.Helper()
	t, err := s.tags.Create(s.ctx, key, value)
	s.ok(err)
	return t
}

// on are the tags of an object, as people write them.
func (s *shop) on(o tag.Object) string {
	s.Helper()
	list, err := s.tags.On(s.ctx, o)
	s.ok(err)
	names := make([]string, len(list))
	for n, t := range list {
		names[n] = t.Key + "=" + t.Value
	}
	return strings.Join(names, " ")
}

func TestATagIsAKeyWithAValueAndThereIsOneOfEach(t *testing.T) {
	each(t, func(s *shop) {
		made := s.make("  team ", " data ")
		if made.Key != "team" || made.Value != "data" || made.CreatedBy != "root" {
			s.Errorf("%+v", made)
		}
		_, err := s.tags.Create(s.ctx, "team", "data")
		s.fails(err, fault.Exists)
		s.make("team", "")
		found, err := s.tags.Find(s.ctx, "team", "data")
		if s.ok(err); found.ID != made.ID {
			s.Errorf("%+v", found)
		}
		_, err = s.tags.Find(s.ctx, "team", "other")
		s.fails(err, fault.NotFound)
		_, err = s.tags.Get(s.ctx, "nothing")
		s.fails(err, fault.NotFound)
		for _, bad := range [][2]string{
			{"", "x"}, {" ", "x"}, {strings.Repeat("k", tag.MaxKey+1), ""}, {"k", strings.Repeat("v", tag.MaxValue+1)}, {"a\x1b[2J", ""}, {"k", "a\nb"},
		} {
			_, err := s.tags.Create(s.ctx, bad[0], bad[1])
			s.fails(err, fault.Invalid)
		}
		s.make(strings.Repeat("é", tag.MaxKey), strings.Repeat("é", tag.MaxValue))
	})
}

func TestATagIsPutOnOnceAndTakenOff(t *testing.T) {
	each(t, func(s *shop) {
		team, floor := s.make("team", "data"), s.make("floor", "2")
		ada, minutes := tag.User(s.user), tag.Resource(s.resource.ID)
		for range 2 {
			s.ok(s.tags.Put(s.ctx, team.ID, ada))
			s.ok(s.tags.Put(s.ctx, team.ID, minutes))
		}
		s.ok(s.tags.Put(s.ctx, floor.ID, ada))
		if got := s.on(ada) + "; " + s.on(minutes); got != "floor=2 team=data; team=data" {
			s.Errorf("%q", got)
		}
		if got := fmt.Sprint(s.told); got != "[team=data floor=2]" {
			s.Errorf("told of %s: of people's tags, and of changes alone", got)
		}
		s.fails(s.tags.Put(s.ctx, "nothing", ada), fault.NotFound)
		s.fails(s.tags.Put(s.ctx, team.ID, tag.User("nobody")), fault.NotFound)
		s.fails(s.tags.Put(s.ctx, team.ID, tag.Resource("nothing")), fault.NotFound)
		s.fails(s.tags.Put(s.ctx, team.ID, tag.Resource(app.AccessResource)), fault.NotFound)
		s.ok(s.tags.TakeOff(s.ctx, team.ID, ada))
		s.fails(s.tags.TakeOff(s.ctx, team.ID, ada), fault.NotFound)
		s.fails(s.tags.TakeOff(s.ctx, "nothing", ada), fault.NotFound)
		if got := s.on(ada); got != "floor=2" || len(s.told) != 3 {
			s.Errorf("%q, told %v", got, s.told)
		}
		of, err := tag.OfUsers(s.db.Q(s.ctx), []directory.UserID{s.user, "nobody"})
		if s.ok(err); len(of) != 1 || len(of[s.user]) != 1 || of[s.user][0].ID != floor.ID {
			s.Errorf("%v", of)
		}
	})
}

func TestATagGoesWithWhatItIsOnAndFromWhateverHasIt(t *testing.T) {
	each(t, func(s *shop) {
		team, floor := s.make("team", "data"), s.make("floor", "2")
		ada, minutes := tag.User(s.user), tag.Resource(s.resource.ID)
		for _, o := range []tag.Object{ada, minutes} {
			s.ok(s.tags.Put(s.ctx, team.ID, o))
			s.ok(s.tags.Put(s.ctx, floor.ID, o))
		}
		s.ok(s.tags.Delete(s.ctx, team.ID))
		s.fails(s.tags.Delete(s.ctx, team.ID), fault.NotFound)
		if got := s.on(ada) + "; " + s.on(minutes); got != "floor=2; floor=2" {
			s.Errorf("%q", got)
		}
		_, err := s.dir.Disable(s.ctx, s.user, "")
		s.ok(err)
		if got := s.on(ada); got != "floor=2" {
			s.Errorf("who is disabled keeps theirs: %q", got)
		}
		s.ok(s.tags.Put(s.ctx, s.make("away", "").ID, ada))
		_, err = s.dir.Delete(s.ctx, s.user, "")
		s.ok(err)
		s.ok(s.apps.DeleteResource(s.ctx, s.resource.AppID, s.resource.TypeID, s.resource.ID))
		if got := s.on(ada) + s.on(minutes); got != "" {
			s.Errorf("%q", got)
		}
		s.fails(s.tags.Put(s.ctx, floor.ID, ada), fault.NotFound)
		s.fails(s.tags.Put(s.ctx, floor.ID, minutes), fault.NotFound)
	})
}

func TestAnObjectHasSoManyTagsAndNoMore(t *testing.T) {
	each(t, func(s *shop) {
		ada := tag.User(s.user)
		for n := range tag.MaxPerObject {
			s.ok(s.tags.Put(s.ctx, s.make("n", fmt.Sprint(n)).ID, ada))
		}
		s.fails(s.tags.Put(s.ctx, s.make("one", "more").ID, ada), fault.Precondition)
		list, err := s.tags.On(s.ctx, ada)
		if s.ok(err); len(list) != tag.MaxPerObject {
			s.Errorf("%d tags", len(list))
		}
	})
}

func TestTagsAreListedInTheOrderTheyWereMadePageByPage(t *testing.T) {
	each(t, func(s *shop) {
		var want, got []tag.ID
		for n := range 7 {
			want = append(want, s.make("n", fmt.Sprint(n)).ID)
		}
		for r := (page.Request{Size: 3}); ; {
			p, err := s.tags.List(s.ctx, r)
			s.ok(err)
			for _, one := range p.Items {
				got = append(got, one.ID)
			}
			if r.After = p.Next; r.After == nil {
				break
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			s.Errorf("%v, want %v", got, want)
		}
	})
}

// Whoever comes second of two finds the tag made, or gone with what it was on.
func TestOfManyAtOnceOneMakesATagAndNothingIsLeftOfOneThatIsDeleted(t *testing.T) {
	each(t, func(s *shop) {
		made, all := make([]error, 6), sync.WaitGroup{}
		for n := range made {
			all.Go(func() { _, made[n] = s.tags.Create(s.ctx, "team", "data") })
		}
		all.Wait()
		won := 0
		for _, err := range made {
			if err == nil {
				won++
			} else {
				s.fails(err, fault.Exists)
			}
		}
		if won != 1 {
			s.Errorf("%d made it", won)
		}
		team, err := s.tags.Find(s.ctx, "team", "data")
		s.ok(err)
		var put, gone error
		all.Go(func() { put = s.tags.Put(s.ctx, team.ID, tag.Resource(s.resource.ID)) })
		all.Go(func() { gone = s.tags.Delete(s.ctx, team.ID) })
		all.Wait()
		if s.ok(gone); put != nil {
			s.fails(put, fault.NotFound)
		}
		if left := s.on(tag.Resource(s.resource.ID)); left != "" {
			s.Errorf("left: %q", left)
		}
	})
}

// That none reads a whole table is seen by the watch that all tests here are under.
func TestEveryQuestionIsAnsweredFromAnIndex(t *testing.T) {
	each(t, func(s *shop) {
		if s.db.Engine() != db.SQLite { // PostgreSQL chooses by statistics, of which empty tables have none
			return
		}
		for _, one := range tag.Statements() {
			if plan := dbtest.Plan(s, s.db, one.SQL, one.Args...); !strings.Contains(plan, one.Index) {
				s.Errorf("%s does not use %s:\n%s", one.Name, one.Index, plan)
			}
		}
	})
}
