package webhook

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// User names what has webhooks called: a policy, or an entitlement of an app.
type User struct {
	Kind string // "policy" or "entitlement"
	App  string // of an entitlement
	ID   string
}

// Reference is a webhook that something has called, and where it says so.
type Reference struct {
	Field string // as the API names it
	ID    ID
}

// Named finds the webhooks in a way to give access: the ProvisionPolicy of the API in its JSON spelling. field is its name at the door.
// Invalid for a webhook that is not named.
func Named(field string, doc json.RawMessage) ([]Reference, error) {
	const deepest = 5 // what lies deeper is never carried out
	return named(field, doc, deepest)
}

func named(field string, doc json.RawMessage, deeper int) (list []Reference, err error) {
	var d struct {
		Webhook *struct {
			ID string `json:"webhookId"`
		} `json:"webhook"`
		MultiStep struct {
			Steps []json.RawMessage `json:"provisionSteps"`
		} `json:"multiStep"`
	}
	if len(doc) == 0 || deeper == 0 || json.Unmarshal(doc, &d) != nil {
		return nil, nil //nolint:nilerr // what cannot be read names no webhook; that it is well formed is asked elsewhere
	}
	if d.Webhook != nil {
		at := field + ".webhook.webhookId"
		if d.Webhook.ID == "" {
			return nil, fault.InvalidField(at, "is required")
		}
		found, err := id.FromKSUID(d.Webhook.ID)
		if err != nil {
			return nil, fault.InvalidField(at, "there is no such webhook")
		}
		list = append(list, Reference{at, ID(found)})
	}
	for i, step := range d.MultiStep.Steps {
		more, err := named(fmt.Sprintf("%s.multiStep.provisionSteps[%d]", field, i), step, deeper-1)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	return list, nil
}

// Refer writes down which webhooks u has called, in place of those it had called before, and keeps them from being deleted meanwhile
// and as long as that stands. Invalid about the field of the first that is not live.
func Refer(tx *db.Tx, u User, hooks []Reference) error {
	if len(hooks) > 0 {
		if err := tx.Lock(using); err != nil {
			return err
		}
	}
	if err := Release(tx, u.Kind, u.App, []string{u.ID}); err != nil {
		return err
	}
	for _, h := range hooks {
		_, err := Get(tx, h.ID)
		if fault.Is(err, fault.NotFound) {
			err = fault.InvalidField(h.Field, "there is no such webhook")
		}
		if err != nil {
			return err
		}
		tx.Queue(`insert into webhook_use (webhook_id, by_kind, app_id, by_id) values ($1,$2,$3,$4) on conflict do nothing`,
			string(h.ID), u.Kind, u.App, u.ID)
	}
	return nil
}

// using is the lock under which webhooks are named and deleted.
const using = "webhooks in use"

// Release writes down that what is gone has no webhooks called any more.
func Release[T ~string](tx *db.Tx, kind, app string, gone []T) error {
	for _, chunk := range db.Chunks(gone) {
		args := []any{kind, app}
		for _, one := range chunk {
			args = append(args, string(one))
		}
		if _, err := tx.Exec(`delete from webhook_use
			where by_kind = $1 and app_id = $2 and by_id in `+db.In(len(chunk), 3), args...); err != nil {
			return err
		}
	}
	return nil
}

// ReleaseApp is [Release] for all that is in an app.
func ReleaseApp(tx *db.Tx, app string) error {
	_, err := tx.Exec(`delete from webhook_use where by_kind = 'entitlement' and app_id = $1`, app)
	return err
}

// unused refuses to delete a webhook that something has called.
func unused(tx *db.Tx, w Webhook) error {
	if err := tx.Lock(using); err != nil {
		return err
	}
	const few = 3
	names, err := db.Collect(tx, func(r *db.Rows) (string, error) {
		var kind, by string
		err := r.Scan(&kind, &by)
		return kind + " " + by, err
	}, `select by_kind, by_id from webhook_use where webhook_id = $1 order by by_kind, app_id, by_id limit $2`, string(w.ID), few+1)
	if err != nil || len(names) == 0 {
		return err
	}
	if len(names) > few {
		names = append(slices.Clone(names[:few]), "others")
	}
	return fault.New(fault.Precondition, "the webhook cannot be deleted: it is used by %s", strings.Join(names, ", "))
}
