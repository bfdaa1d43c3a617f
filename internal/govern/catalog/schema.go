package catalog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// Schema is a form that is filled in with a request.
type Schema struct {
	ID            app.SchemaID
	Form          json.RawMessage // see [ParseForm]
	Justification string          // whether clients ask for a reason beside the form: "", SHOW, HIDE
	CreatedBy     directory.UserID
	CreatedAt     time.Time
	UpdatedAt     time.Time
	DeletedAt     time.Time // zero while live
	Version       int64
}

// CreateSchema makes a form; identity, times and version are filled in. Faults of [ParseForm].
func (s *Service) CreateSchema(ctx context.Context, v Schema) (Schema, error) {
	now, actor := s.Clock.Now(), audit.From(ctx)
	v.ID, v.CreatedAt, v.UpdatedAt, v.DeletedAt, v.Version = app.SchemaID(id.New(now)), now, now, time.Time{}, 1
	v.CreatedBy = directory.UserID(actor.UserID)
	f, err := s.readForm(v.Form)
	if err != nil {
		return Schema{}, err
	}
	return v, s.DB.Write(ctx, func(tx *db.Tx) error {
		tx.Queue(`insert into request_schema (id, form, justification, created_by, created_at, updated_at, deleted_at, version)
			values ($1,$2,$3,$4,$5,$5,null,1)`, string(v.ID), string(v.Form), v.Justification, string(v.CreatedBy), clock.Micros(now))
		return s.Audit.Record(tx, actor, schemaEvent(v, "request_schema.created", audit.Create, "created request form "+f.DisplayName))
	})
}

// UpdateSchema changes a live form as change says. Requests that were made already are not checked again. Faults of [ParseForm];
// NotFound, Conflict.
func (s *Service) UpdateSchema(ctx context.Context, schemaID app.SchemaID, change func(v *Schema)) (Schema, error) {
	trial, err := liveSchema(s.DB.Q(ctx), schemaID)
	if err != nil {
		return Schema{}, err
	}
	change(&trial)
	if _, err := s.readForm(trial.Form); err != nil { // expressions are compiled before anything is written
		return Schema{}, err
	}
	var after Schema
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		before, err := liveSchema(tx, schemaID)
		if err != nil {
			return err
		}
		after = before
		change(&after)
		if !bytes.Equal(after.Form, trial.Form) && !bytes.Equal(after.Form, before.Form) {
			return won(0, nil, "form")
		}
		f, err := ParseForm(after.Form)
		if err != nil || bytes.Equal(before.Form, after.Form) && before.Justification == after.Justification {
			return err
		}
		after.UpdatedAt = s.Clock.Now()
		if err := updateSchema(tx, after); err != nil {
			return err
		}
		after.Version++
		e := schemaEvent(after, "request_schema.updated", audit.Update, "changed request form "+f.DisplayName)
		e.Data = map[string]any{"justification": after.Justification, "formChanged": !bytes.Equal(before.Form, after.Form)}
		return s.Audit.Record(tx, audit.From(ctx), e)
	})
	return after, err
}

// DeleteSchema deletes a live form. Precondition for one that an entitlement or an app asks with; NotFound, Conflict.
func (s *Service) DeleteSchema(ctx context.Context, schemaID app.SchemaID) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := lockSchema(tx, schemaID); err != nil {
			return err
		}
		v, err := liveSchema(tx, schemaID)
		if err != nil {
			return err
		}
		if err := unused(tx, schemaID); err != nil {
			return err
		}
		v.UpdatedAt = s.Clock.Now()
		v.DeletedAt = v.UpdatedAt
		if err := updateSchema(tx, v); err != nil {
			return err
		}
		return s.Audit.Record(tx, audit.From(ctx), schemaEvent(v, "request_schema.deleted", audit.Delete, "deleted request form"))
	})
}

// Schema reads a form, a deleted one too. NotFound.
func (s *Service) Schema(ctx context.Context, schemaID app.SchemaID) (Schema, error) {
	return getSchema(s.DB.Q(ctx), schemaID)
}

// ChooseSchema implements [app.Offers].
func (*Service) ChooseSchema(tx *db.Tx, field string, schemaID app.SchemaID) error {
	if err := lockSchema(tx, schemaID); err != nil {
		return err
	}
	_, err := liveSchema(tx, schemaID)
	if fault.Is(err, fault.NotFound) {
		err = fault.InvalidField(field, "there is no such form")
	}
	return err
}

// Bind has an entitlement ask with a form, in the place of the one it had. Invalid for a form that is not there; NotFound, Conflict.
func (s *Service) Bind(ctx context.Context, ref app.EntitlementRef, schemaID app.SchemaID) error {
	_, err := s.Apps.UpdateEntitlement(ctx, ref.AppID, ref.ID, func(e *app.Entitlement) error {
		e.RequestSchemaID = schemaID
		return nil
	})
	return err
}

// Unbind takes the form from an entitlement: that one, or whichever it is for "". NotFound if it has none, or another.
func (s *Service) Unbind(ctx context.Context, ref app.EntitlementRef, schemaID app.SchemaID) error {
	_, err := s.Apps.UpdateEntitlement(ctx, ref.AppID, ref.ID, func(e *app.Entitlement) error {
		if e.RequestSchemaID == "" || schemaID != "" && e.RequestSchemaID != schemaID {
			return fault.New(fault.NotFound, "the entitlement does not ask with that form")
		}
		e.RequestSchemaID = ""
		return nil
	})
	return err
}

// FormOf reads the form that a request for an entitlement fills in: its own, or that of the defaults of its app. The zero Schema is
// none. NotFound for the entitlement.
func (s *Service) FormOf(q db.Q, ref app.EntitlementRef) (Schema, error) {
	e, err := app.GetEntitlement(q, ref.AppID, ref.ID)
	if err != nil {
		return Schema{}, err
	}
	a, err := s.Defaults(q, e)
	if err != nil || a.Schema == "" {
		return Schema{}, err
	}
	return getSchema(q, a.Schema)
}

// readForm is [ParseForm] of a form whose expressions can be worked out.
func (s *Service) readForm(doc json.RawMessage) (Form, error) {
	f, err := ParseForm(doc)
	if err == nil {
		err = s.work(f)
	}
	return f, err
}

// FillForm answers what a request keeps of data that was filled in for it: what the form that holds for the request says itself, and what
// its expressions make of the rest, from the facts of the request. What is sent back as the request has kept it stays. Invalid, naming the
// field, unless that is what the form asks for; where no form holds nothing is asked for and everything taken. Outside of a transaction
// that writes.
func (s *Service) FillForm(ctx context.Context, a Applied, facts policy.Facts, kept, data json.RawMessage) (json.RawMessage, error) {
	if a.Schema == "" {
		return data, nil
	}
	f, err := s.asked(ctx, a)
	if err != nil {
		return nil, err
	}
	return s.fillForm(ctx, f, facts, kept, data)
}

// PrefillForm answers what the form that holds for a request says itself, for one that nobody fills in: it may leave out what is required.
func (s *Service) PrefillForm(ctx context.Context, a Applied, facts policy.Facts) (json.RawMessage, error) {
	if a.Schema == "" {
		return nil, nil
	}
	f, err := s.asked(ctx, a)
	if err != nil {
		return nil, err
	}
	f.Relationships, f.Fields = nil, slices.Clone(f.Fields)
	for i := range f.Fields {
		f.Fields[i].Required = false
	}
	data, err := s.fillForm(ctx, f, facts, nil, nil)
	if string(data) == "{}" {
		data = nil
	}
	return data, err
}

// asked is the form that holds for a request.
func (s *Service) asked(ctx context.Context, a Applied) (Form, error) {
	v, err := getSchema(s.DB.Q(ctx), a.Schema)
	if err != nil {
		return Form{}, err
	}
	return ParseForm(v.Form)
}

func (s *Service) fillForm(ctx context.Context, f Form, facts policy.Facts, kept, data json.RawMessage) (json.RawMessage, error) {
	if slices.ContainsFunc(f.Fields, func(v Field) bool { return v.provision().there() }) {
		g, err := object(data)
		if err != nil {
			return nil, err
		}
		before, err := object(kept)
		if err != nil {
			return nil, err
		}
		if err := s.settle(ctx, f, before, g, facts); err != nil {
			return nil, err
		}
		if data, err = json.Marshal(g); err != nil {
			return nil, err
		}
		f = f.settled()
	}
	if err := f.Check(data, s.Clock.Now()); err != nil {
		return nil, err
	}
	return data, f.picked(s.DB.Q(ctx), data)
}

// unused refuses to delete a form that is asked with, naming a few of those who do.
func unused(q db.Q, schemaID app.SchemaID) error {
	names, err := db.Collect(q, func(r *db.Rows) (s string, err error) { return s, r.Scan(&s) },
		`select 'entitlement ' || display_name from entitlement
			where request_schema_id = $1 and request_schema_id <> '' and deleted_at is null
		union all
		select 'app ' || p.display_name from request_defaults d join app p on p.id = d.app_id
			where d.request_schema_id = $1 and d.request_schema_id <> '' and p.deleted_at is null
		limit 4`, string(schemaID))
	if err != nil || len(names) == 0 {
		return err
	}
	if len(names) > 3 { //nolint:mnd // a few
		names[3] = "and others"
	}
	return fault.New(fault.Precondition, "the form cannot be deleted: it is used by %s", strings.Join(names, ", "))
}

const schemaColumns = `id, form, justification, created_by, created_at, updated_at, deleted_at, version`

func scanSchema(r *db.Rows) (v Schema, err error) {
	var (
		form             string
		created, updated int64
		deleted          *int64
	)
	err = r.Scan(&v.ID, &form, &v.Justification, &v.CreatedBy, &created, &updated, &deleted, &v.Version)
	v.Form = json.RawMessage(form)
	v.CreatedAt, v.UpdatedAt, v.DeletedAt = clock.FromMicros(created), clock.FromMicros(updated), clock.FromNull(deleted)
	return v, err
}

func getSchema(q db.Q, schemaID app.SchemaID) (Schema, error) {
	v, err := db.One(q, scanSchema, `select `+schemaColumns+` from request_schema where id = $1`, string(schemaID))
	if errors.Is(err, db.ErrNoRows) {
		err = fault.Missing("request schema", string(schemaID))
	}
	return v, err
}

func liveSchema(q db.Q, schemaID app.SchemaID) (Schema, error) {
	v, err := getSchema(q, schemaID)
	if err == nil && !v.DeletedAt.IsZero() {
		err = fault.Missing("request schema", string(schemaID))
	}
	return v, err
}

func updateSchema(tx *db.Tx, v Schema) error {
	n, err := tx.Exec(`update request_schema set form = $3, justification = $4, updated_at = $5, deleted_at = $6, version = version + 1
		where id = $1 and version = $2`,
		string(v.ID), v.Version, string(v.Form), v.Justification, clock.Micros(v.UpdatedAt), clock.Null(v.DeletedAt))
	return won(n, err, "form")
}

// lockSchema makes whoever chooses a form and whoever deletes it take turns.
func lockSchema(tx *db.Tx, schemaID app.SchemaID) error {
	return tx.Lock("request_schema:" + string(schemaID))
}

func schemaEvent(v Schema, kind string, a audit.Activity, message string) audit.Event {
	return audit.Event{Kind: kind, Activity: a, ObjectType: "request_schema", ObjectID: string(v.ID), Message: message}
}
