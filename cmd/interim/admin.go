package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/interim-access/interim/internal/platform/config"
	"github.com/interim-access/interim/internal/server"
)

type adminCommand struct {
	Bootstrap bootstrapCommand `cmd:"" help:"Make a new credential for the first Super Administrator and write bootstrap.json. Where the data is a SQLite folder, the server must not be running."`
	Token     tokenCommand     `cmd:"" help:"Print an access token for curl."`
	APIToken  apiTokenCommand  `cmd:"" name:"api-token" help:"Opaque tokens for programs that hold one string and nothing else, such as clients of the Opal API."`
	Env       envCommand       `cmd:"" help:"Print the environment that official clients need: eval \"$(interim admin env)\"."`
	Call      callCommand      `cmd:"" help:"Call one operation of the API and print its answer."`
	LoginLink loginLinkCommand `cmd:"" name:"login-link" help:"Print a link with which a person signs in to pages once, within ten minutes."`
	Connector connectorCommand `cmd:"" help:"Tie apps to the systems that access is given in."`
}

type bootstrapCommand struct{ config.Serve }

// Run makes a credential.
func (c *bootstrapCommand) Run(ctx context.Context, out io.Writer) error {
	path, err := server.NewCredential(ctx, server.Options{
		Config: c.Serve, Version: version, Key: os.Getenv("INTERIM_KEY"), Out: out, Log: server.StderrLog(os.Stderr),
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "wrote", path)
	return err
}

type tokenCommand struct{ remote }

// Run prints an access token.
func (c *tokenCommand) Run(ctx context.Context, out io.Writer) error {
	return c.with(ctx, func(a *api) error {
		token, err := a.token(ctx)
		if err == nil {
			_, err = fmt.Fprintln(out, token)
		}
		return err
	})
}

type envCommand struct{ remote }

// Run prints export lines for a shell.
func (c *envCommand) Run(out io.Writer) error {
	b, err := server.ReadBootstrap(c.Data)
	if err != nil {
		return missing(err)
	}
	host := b.URL[len("https://"):]
	_, err = fmt.Fprintf(out, `export INTERIM_URL='%[1]s' SSL_CERT_FILE='%[2]s'
export CONE_API_ENDPOINT='%[5]s' CONE_CLIENT_ID='%[3]s' CONE_CLIENT_SECRET='%[4]s'
export CONDUCTORONE_SERVER_URL='%[1]s' CONDUCTORONE_CLIENT_ID='%[3]s' CONDUCTORONE_CLIENT_SECRET='%[4]s'
`, b.URL, b.CAFile, b.ClientID, b.ClientSecret, host)
	if err == nil && b.OpalToken != "" { // a first start before there were API tokens wrote none
		_, err = fmt.Fprintf(out, "export OPAL_AUTH_TOKEN='%s'\n", b.OpalToken)
	}
	return err
}

type loginLinkCommand struct {
	remote

	User string `arg:"" help:"Id or e-mail address of the person."`
}

// Run prints a link.
func (c *loginLinkCommand) Run(ctx context.Context, out io.Writer) error {
	return c.with(ctx, func(a *api) error {
		userID, err := a.user(ctx, c.User)
		if err != nil {
			return err
		}
		var answer struct{ URL, ExpiresAt string }
		if err := a.post(ctx, "/api/interim/v1/users/"+userID+"/login_links", object{}, &answer); err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s\nIt works once, until %s.\n", answer.URL, answer.ExpiresAt)
		return err
	})
}

// missing explains that there is no bootstrap.json.
func missing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return usage{fmt.Errorf("%w: start the server once with this --data, or run: interim admin bootstrap", err)}
	}
	return err
}
