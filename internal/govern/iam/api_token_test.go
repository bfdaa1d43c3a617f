package iam

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/db/dbtest"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/page"
)

// apiToken makes a token without asking anybody.
func (w *world) apiToken(owner directory.User, n NewAPIToken) (APIToken, string) {
	w.t.Helper()
	if n.Label == "" {
		n.Label = "CI"
	}
	if n.Access == "" {
		n.Access = FullAccess
	}
	tok, secret, err := w.CreateAPIToken(w.system(), owner.ID, n)
	w.ok(err)
	return tok, secret
}

// bearer is who a bearer is, in a context of theirs.
func (w *world) bearer(secret string) (context.Context, *Principal) {
	w.t.Helper()
	p, err := w.AuthenticateBearer(w.t.Context(), secret, inside)
	w.ok(err)
	return WithPrincipal(w.t.Context(), p), p
}

func TestAnAPITokenActsAsItsUserWithAllTheirRights(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada := w.person("Ada", "system:viewer")
		made, secret := w.apiToken(ada, NewAPIToken{Label: " Terraform "})
		_, p := w.bearer(secret)
		_, own, err := w.signedIn(ada)
		w.ok(err)
		if p.UserID != ada.ID || p.Kind != KindToken || p.ClientKey != made.ID || p.ReadOnly || len(p.Scopes) != len(own.Scopes) {
			t.Errorf("principal %+v", p)
		}
		if made.Label != "Terraform" || made.Preview != previewMask+secret[len(secret)-4:] || made.CreatedBy != ada.ID {
			t.Errorf("made %+v", made)
		}
		if a := p.Actor(); a.ClientKey != string(made.ID) || a.Name != "Ada" {
			t.Errorf("the audit knows %+v", a)
		}
	})
}

// signedIn is u with a personal client.
func (w *world) signedIn(u directory.User) (context.Context, *Principal, error) {
	ctx := w.as(u, NewClient{})
	p, err := PrincipalFrom(ctx)
	return ctx, p, err
}

func TestWhatReadsOnlyReachesWhatItsUserMayReadAndMakesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, role := range []string{SuperAdministrator, "system:viewer", BasicUser} {
			u := w.person("Ada-"+strings.TrimPrefix(role, builtinPrefix), role)
			_, secret := w.apiToken(u, NewAPIToken{Access: ReadOnly})
			ctx, p := w.bearer(secret)
			if !p.ReadOnly || p.Unscoped() {
				t.Errorf("%s: %+v", role, p)
			}
			_, own, err := w.signedIn(u)
			w.ok(err)
			for permission, scope := range own.Scopes {
				if got := p.Scopes[permission]; reads(permission) && got != scope || got > scope {
					t.Errorf("%s: %s reaches %v of %v", role, permission, got, scope)
				}
			}
			for _, writes := range []string{"c1.api.app.v1.Apps.Create", "interim.v1.Delegations.Create", "c1.api.task.v1.TaskService.CreateGrantTask"} {
				_, err := w.Enter(ctx, p, permissionPrefix+writes)
				w.refused(err, fault.Denied, "missing")
			}
			_, _, err = w.CreateAPIToken(ctx, u.ID, NewAPIToken{Label: "wider", Access: FullAccess})
			w.refused(err, fault.Denied, "reads only")
			_, _, err = w.CreateClient(ctx, u.ID, NewClient{})
			w.refused(err, fault.Denied, "reads only")
			_, err = w.CreateLink(ctx, u.ID)
			w.refused(err, fault.Denied, "Super Administrator")
		}
	})
}

func TestAnAPITokenStaysWithinTheCredentialThatMakesIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada, ctx := w.bounded()
		tok, secret, err := w.CreateAPIToken(ctx, ada.ID, NewAPIToken{Label: "CI", Access: FullAccess})
		w.ok(err)
		if len(tok.Limits.Roles) != 2 || !tok.Limits.Until.Equal(monday.Add(time.Hour)) {
			t.Errorf("made %+v", tok.Limits)
		}
		if _, p := w.bearer(secret); !p.Scoped || p.Unscoped() {
			t.Errorf("principal %+v", p)
		}
		_, err = w.AuthenticateBearer(t.Context(), secret, away)
		w.refused(err, fault.Denied, "networks")
		_, _, err = w.CreateAPIToken(ctx, ada.ID, NewAPIToken{Label: "CI", Access: FullAccess, Expires: time.Hour + 1})
		w.refused(err, fault.Denied, "expires")
		_, _, err = w.CreateAPIToken(ctx, w.person("Grace").ID, NewAPIToken{Label: "CI", Access: FullAccess})
		w.refused(err, fault.Denied, "Super Administrator")
		_, _, err = w.CreateAPIToken(w.as(w.person("Linus"), NewClient{}), ada.ID, NewAPIToken{Label: "CI", Access: FullAccess})
		w.refused(err, fault.Denied, "Super Administrator")
	})
}

func TestAnAPITokenThatMakesNoSenseIsRefused(t *testing.T) {
	each(t, func(_ *testing.T, w *world) {
		ada := w.person("Ada")
		for words, n := range map[string]NewAPIToken{
			"is required": {Access: FullAccess},
			"at most 256": {Access: FullAccess, Label: strings.Repeat("x", 257)},
			"read-only":   {Label: "CI", Access: "WRITE_ONLY"},
			"positive":    {Label: "CI", Access: ReadOnly, Expires: -1},
		} {
			_, _, err := w.CreateAPIToken(w.system(), ada.ID, n)
			w.refused(err, fault.Invalid, words)
		}
		_, err := w.dir.Disable(w.system(), ada.ID, "")
		w.ok(err)
		_, _, err = w.CreateAPIToken(w.system(), ada.ID, NewAPIToken{Label: "CI", Access: ReadOnly})
		w.refused(err, fault.Precondition, "disabled")
	})
}

// tokenEnds are what ends a token that is in use.
var tokenEnds = map[string]func(w *world, u directory.User, tok APIToken){
	"deleted by its owner": func(w *world, u directory.User, tok APIToken) {
		w.ok(w.DeleteAPIToken(w.as(u, NewClient{}), tok.ID))
	},
	"deleted by an administrator": func(w *world, _ directory.User, tok APIToken) { w.ok(w.DeleteAPIToken(w.system(), tok.ID)) },
	"its user disabled": func(w *world, u directory.User, _ APIToken) {
		_, err := w.dir.Disable(w.system(), u.ID, "")
		w.ok(err)
	},
	"its user deleted": func(w *world, u directory.User, _ APIToken) {
		_, err := w.dir.Delete(w.system(), u.ID, "")
		w.ok(err)
	},
}

func TestAnAPITokenIsDeadAtOnceWhereItEndedAndSoonElsewhere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, end := range tokenEnds {
			u := w.person(strings.ReplaceAll(name, " ", "-"))
			tok, secret := w.apiToken(u, NewAPIToken{})
			w.bearer(secret)
			end(w, u, tok)
			_, err := w.AuthenticateBearer(t.Context(), secret, inside)
			refused(t, err, fault.Unauthenticated, "")
		}
	})
	a, b := replicas(t)
	for name, end := range tokenEnds {
		u := a.person(strings.ReplaceAll(name, " ", "-"))
		tok, secret := a.apiToken(u, NewAPIToken{})
		b.bearer(secret)
		end(a, u, tok)
		b.heard(t.Context(), tok.client().ClientID)
		_, err := b.AuthenticateBearer(t.Context(), secret, inside)
		refused(t, err, fault.Unauthenticated, "")
	}
	b.Close() // from now on it hears nothing
	for name, end := range tokenEnds {
		u := a.person(strings.ReplaceAll(name+" unheard", " ", "-"))
		tok, secret := a.apiToken(u, NewAPIToken{})
		b.bearer(secret)
		end(a, u, tok)
		b.clock.Advance(staleAfter)
		_, err := b.AuthenticateBearer(t.Context(), secret, inside)
		refused(t, err, fault.Unauthenticated, "")
	}
}

func TestAnAPITokenExpiresToTheMoment(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, secret := w.apiToken(w.person("Ada"), NewAPIToken{Expires: time.Minute})
		w.clock.Advance(time.Minute - time.Microsecond)
		w.bearer(secret)
		w.clock.Advance(time.Microsecond)
		_, err := w.AuthenticateBearer(t.Context(), secret, inside)
		w.refused(err, fault.Unauthenticated, "expired")
	})
}

func TestOnlyTheWholeSecretOfAnAPITokenOpensAnything(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		tok, secret := w.apiToken(w.person("Ada"), NewAPIToken{})
		w.bearer(secret)
		for _, other := range []string{
			"", apiTokenPrefix, secret[:len(secret)-1], secret + "A", strings.ToUpper(secret), " " + secret, string(tok.ID), tok.Preview,
			tok.client().ClientID, string(hashOf(secret)), newAPIToken(), apiTokenPrefix + strings.Repeat("A", 43),
		} {
			_, err := w.AuthenticateBearer(t.Context(), other, inside)
			refused(t, err, fault.Unauthenticated, "")
		}
		_, err := w.Authenticate(t.Context(), secret, inside) // the door of access tokens knows it before and after it was used
		w.refused(err, fault.Unauthenticated, "")
		_, err = w.SignIn(t.Context(), Attempt{ClientID: tok.client().ClientID, Secret: secret, IP: inside})
		w.refused(err, fault.Invalid, "client_id")
	})
}

func TestAnAccessTokenIsABearerToo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada := w.person("Ada")
		c, secret := w.mint(ada, NewClient{})
		_, p := w.bearer(w.token(c, secret))
		if p.UserID != ada.ID || p.ReadOnly || p.Kind != KindPersonal {
			t.Errorf("principal %+v", p)
		}
	})
}

func TestTheSecretOfAnAPITokenIsKeptNowhere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, secret := w.apiToken(w.person("Ada"), NewAPIToken{})
		for _, e := range w.events() {
			if strings.Contains(fmt.Sprintf("%+v", e), secret[:len(secret)-previewShown]) {
				t.Errorf("event %s holds it", e.Kind)
			}
		}
		rows, err := db.Collect(w.db.Q(t.Context()), func(rows *db.Rows) (string, error) {
			var name, label, preview string
			var hash []byte
			err := rows.Scan(&name, &label, &preview, &hash)
			return name + label + preview + string(hash), err
		}, `select client_id, search, preview, token_hash from client where kind = 'token'`)
		w.ok(err)
		if len(rows) != 1 || strings.Contains(rows[0], secret[len(apiTokenPrefix):len(secret)-previewShown]) {
			t.Errorf("kept: %q", rows)
		}
	})
}

func TestWhenAnAPITokenWasLastUsedMovesOnceAMinute(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		tok, secret := w.apiToken(w.person("Ada"), NewAPIToken{})
		for _, step := range []struct{ after, want time.Duration }{{0, 0}, {59 * time.Second, 0}, {time.Second, time.Minute}} {
			w.clock.Advance(step.after)
			w.bearer(secret)
			w.writeUsage(t.Context())
			got, err := w.APIToken(t.Context(), tok.ID)
			w.ok(err)
			if !got.LastUsedAt.Equal(monday.Add(step.want)) {
				t.Errorf("last used %v", got.LastUsedAt)
			}
		}
	})
}

func TestAPITokensAreListedByPagesAndFilters(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada, grace := w.person("Ada"), w.person("Grace")
		w.mint(ada, NewClient{}) // no token
		var ids []ClientKey
		for i := range 5 {
			owner := []directory.User{ada, grace}[i%2]
			tok, _ := w.apiToken(owner, NewAPIToken{Label: fmt.Sprint(i)})
			ids = append(ids, tok.ID)
		}
		w.ok(w.DeleteAPIToken(w.system(), ids[4]))
		for want, f := range map[string]APITokenFilter{
			"0 1 2 3 ": {}, "0 2 ": {Users: []directory.UserID{ada.ID}}, "1 ": {IDs: []ClientKey{ids[1], ids[4], "nobody"}},
			"1 3 ": {IDs: ids, Users: []directory.UserID{grace.ID}},
		} {
			got, r := "", page.Request{Size: 1}
			for {
				p, err := w.APITokens(t.Context(), f, r)
				w.ok(err)
				for _, tok := range p.Items {
					got += tok.Label + " "
				}
				if r.After = p.Next; r.After == nil {
					break
				}
			}
			if got != want {
				t.Errorf("%+v: %q, want %q", f, got, want)
			}
		}
		all, err := ManyAPITokens(w.db.Q(t.Context()), append(ids, "nobody"))
		w.ok(err)
		if len(all) != 5 {
			t.Errorf("of events %d tokens are known", len(all))
		}
		list, err := w.Clients(t.Context(), ada.ID)
		w.ok(err)
		if len(list) != 1 {
			t.Errorf("%d personal clients", len(list))
		}
	})
}

func TestAnAPITokenIsDeletedByItsOwnerAndWhoMayChangeThem(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada := w.person("Ada", SuperAdministrator)
		tok, _ := w.apiToken(ada, NewAPIToken{})
		w.refused(w.DeleteAPIToken(w.as(w.person("Grace"), NewClient{}), tok.ID), fault.Denied, "beyond")
		c, _ := w.mint(ada, NewClient{})
		w.refused(w.DeleteAPIToken(w.system(), c.Key), fault.NotFound, "API token")
		w.refused(w.DeleteClient(w.system(), tok.ID), fault.NotFound, "personal client")
		w.ok(w.DeleteAPIToken(w.as(ada, NewClient{}), tok.ID))
		w.refused(w.DeleteAPIToken(w.system(), tok.ID), fault.NotFound, "API token")
		if e := w.lastEvent(); e.Kind != "api_token.deleted" || e.Data["label"] != "CI" {
			t.Errorf("event %+v", e)
		}
	})
}

func TestAPersonHasABoundedNumberOfAPITokens(t *testing.T) {
	each(t, func(_ *testing.T, w *world) {
		ada := w.person("Ada")
		first, _ := w.apiToken(ada, NewAPIToken{})
		for range MaxAPITokens - 1 {
			w.apiToken(ada, NewAPIToken{})
		}
		_, _, err := w.CreateAPIToken(w.system(), ada.ID, NewAPIToken{Label: "one more", Access: ReadOnly})
		w.refused(err, fault.Precondition, "256")
		w.ok(w.DeleteAPIToken(w.system(), first.ID))
		w.apiToken(ada, NewAPIToken{})
	})
}

func TestListsOfAPITokensAreReadFromAnIndexInOrder(t *testing.T) {
	first, next := page.Request{Size: 25}, page.Request{Size: 25, After: page.Key{"a"}}
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d, clock.NewFake(monday))
		for name, f := range map[string]APITokenFilter{"all": {}, "of a user": {Users: []directory.UserID{"u"}}} {
			for _, r := range []page.Request{first, next} {
				sql, args := apiTokensSQL(f, r)
				plan := dbtest.Plan(t, w.db, sql, args...)
				if !strings.Contains(plan, "client_token") || strings.Contains(strings.ToUpper(plan), "SORT") || strings.Contains(plan, "TEMP B-TREE") {
					t.Errorf("%s:\n%s\n%s", name, sql, plan)
				}
			}
		}
	})
}
