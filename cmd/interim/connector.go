package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"
)

type connectorCommand struct {
	Add    connectorAdd    `cmd:"" help:"Tie an app to a target."`
	List   connectorList   `cmd:"" help:"List an app's connectors."`
	Check  connectorCheck  `cmd:"" help:"Connect to the target and say what Interim can do there."`
	Sync   connectorSync   `cmd:"" help:"Read the target now."`
	Pause  connectorPause  `cmd:"" help:"Let nothing begin in the target. Access ends on time; what is to be removed there waits."`
	Resume connectorResume `cmd:"" help:"Let a paused connector go on."`
	Remove connectorRemove `cmd:"" help:"Remove a connector. What it has read stays."`
}

// connectorOf names one connector.
type connectorOf struct {
	remote

	App       string `arg:"" help:"Id of the app."`
	Connector string `arg:"" help:"Id of the connector."`
}

func (c *connectorOf) path(verb string) string {
	return "/api/interim/v1/apps/" + url.PathEscape(c.App) + "/connectors/" + url.PathEscape(c.Connector) + verb
}

type connectorAdd struct {
	remote

	App   string        `arg:"" help:"Id of the app."`
	Kind  string        `arg:"" help:"Kind of target: postgres."`
	Name  string        `help:"Name to show; the kind, if none is given."`
	URL   string        `env:"INTERIM_CONNECTION" help:"Connection string; better in the environment, as INTERIM_CONNECTION, or on standard input: a dash."`
	CA    string        `name:"ca" placeholder:"FILE" help:"Certificates in PEM of the authorities that sign the target's own."`
	Every time.Duration `default:"1h" help:"How often to read the target; 0 is only when asked to (default ${default})."`
}

// Run adds a connector.
func (c *connectorAdd) Run(ctx context.Context, out io.Writer) error {
	secret := c.URL
	if secret == "-" {
		text, err := io.ReadAll(io.LimitReader(os.Stdin, 1<<16))
		if err != nil {
			return err
		}
		secret = strings.TrimSpace(string(text))
	}
	if secret == "" {
		return usage{errors.New("a connection string is needed: --url, INTERIM_CONNECTION, or --url=- and standard input")}
	}
	body := object{"kind": c.Kind, "displayName": c.Name, "connectionString": secret}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return usage{fmt.Errorf("--ca: %w", err)}
		}
		body["caCertificate"] = string(pem)
	}
	if c.Every != 0 {
		body["syncEvery"] = fmt.Sprintf("%ds", int64(c.Every.Seconds()))
	}
	return c.with(ctx, func(a *api) error {
		var answer struct{ Connector struct{ ID string } }
		if err := a.post(ctx, "/api/interim/v1/apps/"+url.PathEscape(c.App)+"/connectors", body, &answer); err != nil {
			return err
		}
		_, err := fmt.Fprintln(out, answer.Connector.ID)
		return err
	})
}

type connectorList struct {
	remote

	App string `arg:"" help:"Id of the app."`
}

// Run lists connectors.
func (c *connectorList) Run(ctx context.Context, out io.Writer) error {
	return c.with(ctx, func(a *api) error {
		table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "ID\tKIND\tNAME\tSTATUS\tLAST SYNC")
		for token := ""; ; {
			var page struct {
				List []struct {
					ID, Kind, DisplayName, Status, StatusText string
					LastSync                                  *struct{ State, FinishedAt string }
				}
				NextPageToken string
			}
			path := "/api/interim/v1/apps/" + url.PathEscape(c.App) + "/connectors?page_token=" + url.QueryEscape(token)
			if err := a.get(ctx, path, &page); err != nil {
				return err
			}
			for _, v := range page.List {
				last := "never"
				if v.LastSync != nil {
					last = strings.ToLower(strings.TrimPrefix(v.LastSync.State, "STATE_")) + " " + v.LastSync.FinishedAt
				}
				_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", v.ID, v.Kind, v.DisplayName,
					strings.TrimPrefix(v.Status, "CONNECTOR_STATUS_")+" "+v.StatusText, last)
			}
			if token = page.NextPageToken; token == "" {
				return table.Flush()
			}
		}
	})
}

type connectorCheck struct{ connectorOf }

// Run checks a connector; a target that cannot be used is a failure.
func (c *connectorCheck) Run(ctx context.Context, out io.Writer) error {
	return c.with(ctx, func(a *api) error {
		var answer struct {
			OK      bool
			Message string
		}
		if err := a.post(ctx, c.path("/check"), object{}, &answer); err != nil {
			return err
		}
		if !answer.OK {
			return errors.New(answer.Message)
		}
		_, err := fmt.Fprintln(out, answer.Message)
		return err
	})
}

type connectorSync struct {
	connectorOf

	AcceptLosses bool `help:"Believe a target that shows much less than before, this once."`
	AcceptTarget bool `help:"Take this target for the one that was read before, though it is another: right only where roles kept their ids, as after pg_upgrade."`
}

// Run reads the target; a run that was not done is a failure.
func (c *connectorSync) Run(ctx context.Context, out io.Writer) error {
	return c.with(ctx, func(a *api) error {
		var answer struct {
			Sync struct {
				State, Message                          string
				AccountsSeen, ResourcesSeen, GrantsSeen int
				EntitlementsSeen                        int
				GrantsAdded, GrantsRemoved              int
			}
		}
		if err := a.post(ctx, c.path("/sync"), object{"acceptLosses": c.AcceptLosses, "acceptTarget": c.AcceptTarget}, &answer); err != nil {
			return err
		}
		s := answer.Sync
		if s.State != "STATE_DONE" {
			return fmt.Errorf("the sync was not done: %s", s.Message)
		}
		_, err := fmt.Fprintf(out, "read %d accounts, %d resources, %d entitlements, %d grants; %d grants found, %d gone\n",
			s.AccountsSeen, s.ResourcesSeen, s.EntitlementsSeen, s.GrantsSeen, s.GrantsAdded, s.GrantsRemoved)
		if err == nil && s.Message != "" {
			_, err = fmt.Fprintln(out, s.Message)
		}
		return err
	})
}

type (
	connectorPause  struct{ connectorOf }
	connectorResume struct{ connectorOf }
)

// Run pauses a connector.
func (c *connectorPause) Run(ctx context.Context, out io.Writer) error {
	return c.disable(ctx, out, true, "paused")
}

// Run resumes a connector.
func (c *connectorResume) Run(ctx context.Context, out io.Writer) error {
	return c.disable(ctx, out, false, "resumed")
}

func (c *connectorOf) disable(ctx context.Context, out io.Writer, off bool, done string) error {
	return c.with(ctx, func(a *api) error {
		var answer object
		if err := a.post(ctx, c.path(""), object{"connector": object{"disabled": off}}, &answer); err != nil {
			return err
		}
		_, err := fmt.Fprintln(out, done)
		return err
	})
}

type connectorRemove struct{ connectorOf }

// Run removes a connector.
func (c *connectorRemove) Run(ctx context.Context, out io.Writer) error {
	return c.with(ctx, func(a *api) error {
		var answer object
		if err := a.call(ctx, http.MethodDelete, c.path(""), object{}, &answer); err != nil {
			return err
		}
		_, err := fmt.Fprintln(out, "removed")
		return err
	})
}
