package tag

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
	"github.com/interim-access/interim/internal/platform/page"
)

// Deps is what the service stands on.
type Deps struct {
	DB    *db.DB
	Clock clock.Clock
	Audit *audit.Log
}

// Notice is told, in the transaction of the change, of a tag that other people have from now on.
type Notice interface {
	TagsChanged(tx *db.Tx, t Tag, at time.Time) error
}

// Service holds the use cases about tags. Who may call them is for the doors to ask.
type Service struct {
	Deps

	notices []Notice
}

// New returns the use cases over d.
func New(d Deps) *Service { return &Service{Deps: d} }

// Tell adds a listener to the tags of people. Only at start, before requests are served.
func (s *Service) Tell(n Notice) { s.notices = append(s.notices, n) }

func (s *Service) tell(tx *db.Tx, t Tag) error {
	for _, n := range s.notices {
		if err := n.TagsChanged(tx, t, s.Clock.Now()); err != nil {
			return err
		}
	}
	return nil
}

// tellOf is tell if the object is a person.
func (s *Service) tellOf(tx *db.Tx, t Tag, o Object) error {
	if o.kind != "user" {
		return nil
	}
	return s.tell(tx, t)
}

var (
	_ directory.Notice  = (*Service)(nil)
	_ app.ResourceEnded = (*Service)(nil)
)

// Get reads a tag. NotFound.
func (s *Service) Get(ctx context.Context, tagID ID) (Tag, error) { return get(s.DB.Q(ctx), tagID) }

// Find reads the tag with exactly that key and value. NotFound.
func (s *Service) Find(ctx context.Context, key, value string) (Tag, error) {
	return find(s.DB.Q(ctx), key, value)
}

// List lists tags in the order they were made.
func (s *Service) List(ctx context.Context, r page.Request) (page.Page[Tag], error) {
	sql, args := listSQL(r)
	rows, err := db.Collect(s.DB.Q(ctx), scan, sql, args...)
	return page.Cut(rows, r.Size, func(t Tag) page.Key { return page.Key{string(t.ID)} }), err
}

// On lists the tags of an object, by key and value; none for one that is not there.
func (s *Service) On(ctx context.Context, o Object) ([]Tag, error) {
	return db.Collect(s.DB.Q(ctx), scan, onSQL(o), o.id)
}

// Create makes a tag. Invalid; Exists for a pair that there is already.
func (s *Service) Create(ctx context.Context, key, value string) (Tag, error) {
	now, actor := s.Clock.Now(), audit.From(ctx)
	t := Tag{ID: ID(id.New(now)), Key: key, Value: value, CreatedBy: directory.UserID(actor.UserID), CreatedAt: now}
	if err := t.validate(); err != nil {
		return Tag{}, err
	}
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		fresh, err := insert(tx, t)
		if err != nil {
			return err
		}
		if !fresh {
			return fault.New(fault.Exists, "there is a tag with this key and value already")
		}
		return s.Audit.Record(tx, actor, event(t, "tag.created", audit.Create, "created tag "+t.name()))
	})
	return t, err
}

// mayTell is [iam.MayPass] for a tag that other people are to have, since rules go by the tags of people: those that give to who has one
// and those that give to who has it not.
func (s *Service) mayTell(ctx context.Context, tagID ID) error {
	return iam.MayPass(ctx, s.DB.Q(ctx), iam.Object{Type: "tag", ID: string(tagID)})
}

// Delete deletes a tag and takes it off whatever has it. NotFound; Denied where a rule by which it goes gives powers beyond the caller's
// roles.
func (s *Service) Delete(ctx context.Context, tagID ID) error {
	if err := s.mayTell(ctx, tagID); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Lock(lock(tagID)); err != nil {
			return err
		}
		t, err := get(tx, tagID)
		if err != nil {
			return err
		}
		n, err := remove(tx, tagID)
		if err != nil {
			return err
		}
		if err := s.tell(tx, t); err != nil {
			return err
		}
		e := event(t, "tag.deleted", audit.Delete, "deleted tag "+t.name())
		e.Data = map[string]any{"taken off": n}
		return s.Audit.Record(tx, audit.From(ctx), e)
	})
}

// Put puts a tag on an object; one that it has already stays. NotFound for the tag or the object; Precondition above [MaxPerObject]; of
// a person Denied as [Service.Delete].
func (s *Service) Put(ctx context.Context, tagID ID, o Object) error {
	if o.kind == "user" {
		if err := s.mayTell(ctx, tagID); err != nil {
			return err
		}
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Lock(lock(tagID), "tagged:"+o.id); err != nil { // nobody deletes the tag, and two at once count one after the other
			return err
		}
		t, err := get(tx, tagID)
		if err != nil {
			return err
		}
		appID, err := standing(tx, o)
		if err != nil {
			return err
		}
		fresh, err := put(tx, t.ID, o, appID)
		if err != nil || !fresh {
			return err
		}
		n, err := count(tx, o)
		if err != nil {
			return err
		}
		if n > MaxPerObject {
			return fault.New(fault.Precondition, "there are %d tags on this %s, which is the most", MaxPerObject, o.kind)
		}
		if err := s.tellOf(tx, t, o); err != nil {
			return err
		}
		return s.Audit.Record(tx, audit.From(ctx), onEvent(t, o, appID, o.kind+".tagged", "put tag "+t.name()+" on the "+o.kind))
	})
}

// TakeOff takes a tag off an object. NotFound for one that the object does not have; of a person Denied as [Service.Delete].
func (s *Service) TakeOff(ctx context.Context, tagID ID, o Object) error {
	if o.kind == "user" {
		if err := s.mayTell(ctx, tagID); err != nil {
			return err
		}
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		t, err := get(tx, tagID)
		if err != nil {
			return err
		}
		appID, err := takeOff(tx, tagID, o)
		if err != nil {
			return err
		}
		if err := s.tellOf(tx, t, o); err != nil {
			return err
		}
		return s.Audit.Record(tx, audit.From(ctx), onEvent(t, o, appID, o.kind+".untagged", "took tag "+t.name()+" off the "+o.kind))
	})
}

// UserEnded implements [directory.Notice]: who is deleted has no tags; who is disabled keeps theirs.
func (s *Service) UserEnded(tx *db.Tx, _ audit.Actor, u directory.UserID, _ time.Time, reason string) error {
	if reason != directory.ReasonDeleted {
		return nil
	}
	_, err := tx.Exec(`delete from tag_user where user_id = $1`, string(u))
	return err
}

// ResourcesEnded implements [app.ResourceEnded].
func (s *Service) ResourcesEnded(tx *db.Tx, appID app.ID) error { return forget(tx, appID) }

func lock(t ID) string { return "tag:" + string(t) }

func event(t Tag, kind string, a audit.Activity, message string) audit.Event {
	return audit.Event{Kind: kind, Activity: a, ObjectType: "tag", ObjectID: string(t.ID), Message: message}
}

func onEvent(t Tag, o Object, appID app.ID, kind, message string) audit.Event {
	e := audit.Event{
		Kind: kind, Activity: audit.Update, ObjectType: o.kind, ObjectID: o.id, AppID: string(appID), Message: message,
		Data: map[string]any{"tagId": t.ID, "key": t.Key, "value": t.Value},
	}
	if o.kind == "user" {
		e.UserID = o.id
	}
	return e
}
