package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"text/tabwriter"
	"time"
)

type apiTokenCommand struct {
	Create apiTokenCreate `cmd:"" help:"Make a token and print its secret, this one time."`
	List   apiTokenList   `cmd:"" help:"List tokens."`
	Delete apiTokenDelete `cmd:"" help:"Delete a token: it opens nothing from then on."`
}

// accesses are the words for what a token may do, and the API's.
var accesses = map[string]string{"read-only": "API_TOKEN_ACCESS_READ_ONLY", "full": "API_TOKEN_ACCESS_FULL_ACCESS"}

type apiTokenCreate struct {
	remote

	User    string        `required:"" help:"Id or e-mail address of the person it acts as."`
	Access  string        `required:"" enum:"read-only,full" help:"read-only: what reads; full: all that the person may do."`
	Label   string        `required:"" help:"What it is for."`
	Expires time.Duration `help:"How long it lives, such as 720h; until it is deleted, if nothing is said."`
}

// Run makes a token.
func (c *apiTokenCreate) Run(ctx context.Context, out io.Writer) error {
	body := object{"label": c.Label, "access": accesses[c.Access]}
	if c.Expires < 0 {
		return usage{errors.New("--expires must be positive")}
	}
	if c.Expires > 0 {
		body["expires"] = fmt.Sprintf("%.6fs", c.Expires.Seconds())
	}
	return c.with(ctx, func(a *api) error {
		userID, err := a.user(ctx, c.User)
		if err != nil {
			return err
		}
		body["userId"] = userID
		var answer struct{ Secret string }
		if err := a.post(ctx, "/api/interim/v1/api_tokens", body, &answer); err != nil {
			return err
		}
		_, err = fmt.Fprintln(out, answer.Secret)
		return err
	})
}

type apiTokenList struct {
	remote

	User string `help:"Id or e-mail address of a person; all people, if nothing is said."`
}

// Run lists tokens.
func (c *apiTokenList) Run(ctx context.Context, out io.Writer) error {
	return c.with(ctx, func(a *api) error {
		body := object{"pageSize": 100}
		if c.User != "" {
			userID, err := a.user(ctx, c.User)
			if err != nil {
				return err
			}
			body["userIds"] = []string{userID}
		}
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for more := true; more; {
			var answer struct {
				List          []struct{ ID, Label, UserID, Access, Preview, ExpiresAt, LastUsedAt string }
				NextPageToken string
			}
			if err := a.post(ctx, "/api/interim/v1/search/api_tokens", body, &answer); err != nil {
				return err
			}
			for _, t := range answer.List {
				_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\tlast used %s\n", t.ID, t.UserID, shownAccess(t.Access), t.Preview, t.Label,
					until(t.ExpiresAt), orNever(t.LastUsedAt))
			}
			body["pageToken"], more = answer.NextPageToken, answer.NextPageToken != ""
		}
		return w.Flush()
	})
}

func shownAccess(word string) string {
	for shown, is := range accesses {
		if is == word {
			return shown
		}
	}
	return word
}

func until(at string) string {
	if at == "" {
		return "no end"
	}
	return "until " + at
}

func orNever(at string) string {
	if at == "" {
		return "never"
	}
	return at
}

type apiTokenDelete struct {
	remote

	Token string `arg:"" help:"Id of the token."`
}

// Run deletes a token.
func (c *apiTokenDelete) Run(ctx context.Context, _ io.Writer) error {
	return c.with(ctx, func(a *api) error {
		return a.call(ctx, http.MethodDelete, "/api/interim/v1/api_tokens/"+url.PathEscape(c.Token), nil, &object{})
	})
}
