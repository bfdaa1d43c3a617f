package opal

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
)

// tokenBody is an API token; its secret is shown nowhere.
type tokenBody struct {
	ID         UUID       `json:"token_id"`
	CreatedAt  time.Time  `json:"created_at"`
	Label      string     `json:"token_label"`
	CreatedBy  UUID       `json:"creator_user_id"`
	UserID     UUID       `json:"user_id" doc:"Whom it acts as."`
	Access     string     `json:"access_level" enum:"READ_ONLY,FULL_ACCESS"`
	LastUsedAt *time.Time `json:"last_used_at" doc:"To the minute; null if it never was."`
	ExpiresAt  *time.Time `json:"expires_at" doc:"Null if it never does."`
}

type getTokens struct {
	Paging
	IDs    []UUID `query:"token_ids" maxItems:"500"`
	UserID UUID   `query:"user_id" doc:"Whom they act as."`
}

type tokenPath struct {
	ID UUID `path:"token_id"`
}

func (d *Door) tokens() {
	serve(d, "Tokens.GetTokens", about{Summary: "List API tokens; people see their own"}, d.getTokens)
	serveEmpty(d, "Tokens.DeleteToken", about{Summary: "Delete an API token; whoever it acts as and administrators may"}, d.deleteToken)
}

func (d *Door) getTokens(ctx context.Context, in *getTokens) (Results[tokenBody], error) {
	own, err := iam.OwnFilter(ctx)
	if err != nil {
		return Results[tokenBody]{}, err
	}
	f := iam.APITokenFilter{IDs: ids[iam.ClientKey](in.IDs), Users: only[directory.UserID](in.UserID), Own: own}
	p, err := d.page("Tokens", in.Paging, f)
	if err != nil {
		return Results[tokenBody]{}, err
	}
	found, err := d.IAM.APITokens(ctx, f, p.Request)
	return resultsOf(p, found, encodeToken), err
}

func (d *Door) deleteToken(ctx context.Context, in *tokenPath) error {
	own, err := iam.OwnFilter(ctx)
	if err != nil {
		return err
	}
	t, err := d.IAM.APIToken(ctx, iam.ClientKey(in.ID))
	if err != nil {
		return notFound(err, "token", in.ID)
	}
	if own != "" && t.UserID != own {
		err = iam.RequireAll(ctx)
		if seen, unknown := sees(ctx, "Tokens.GetTokens"); unknown != nil || !seen {
			err = hidden(err, "token", string(in.ID))
		}
		return err
	}
	return d.IAM.DeleteAPIToken(ctx, t.ID)
}

func encodeToken(t iam.APIToken) tokenBody {
	return tokenBody{
		ID: UUID(t.ID), CreatedAt: t.CreatedAt, Label: t.Label, CreatedBy: UUID(t.CreatedBy), UserID: UUID(t.UserID),
		Access: string(t.Access), LastUsedAt: orNever(t.LastUsedAt), ExpiresAt: orNever(t.Limits.Until),
	}
}

// orNever is at, or null where that is no time.
func orNever(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}
