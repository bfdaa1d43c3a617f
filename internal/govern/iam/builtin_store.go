package iam

import (
	"context"
	"slices"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// ensureBuiltins writes the rows of the built-in roles where they differ from this release's table. The rows are for showing; what
// a built-in role reaches is read from the table, see [Role.Scopes].
func (s *Service) ensureBuiltins(ctx context.Context) error {
	for _, want := range builtinRoles() {
		have, err := roleByID(s.db.Q(ctx), want.ID)
		if err == nil && sameRole(have, want) {
			continue
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		if err := s.db.Write(ctx, func(tx *db.Tx) error { return s.putBuiltin(tx, want) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) putBuiltin(tx *db.Tx, r Role) error {
	r.CreatedAt, r.UpdatedAt = s.clock.Now(), s.clock.Now()
	inserted, err := insertRole(tx, r)
	if err != nil {
		return err
	}
	if inserted {
		return s.audit.Record(tx, audit.System(), roleEvent(r, "role.created", audit.Create, "made the built-in role", nil))
	}
	have, err := roleByID(tx, r.ID)
	if err != nil || sameRole(have, r) {
		return err
	}
	r.Version = have.Version
	if err := updateRole(tx, r); err != nil {
		return err
	}
	tx.Notify(topic, noticeRoles)
	return s.audit.Record(tx, audit.System(), roleEvent(r, "role.updated", audit.Update, "brought up to this release: the built-in role", nil))
}

func sameRole(a, b Role) bool {
	return a.DisplayName == b.DisplayName && a.APIOnly == b.APIOnly &&
		slices.Equal(a.Permissions, b.Permissions) && slices.Equal(a.ServiceRoles, b.ServiceRoles)
}
