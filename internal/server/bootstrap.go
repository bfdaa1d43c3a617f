package server

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/iam"
)

// BootstrapFile is the file in the data folder that first start writes, readable by its owner only.
const BootstrapFile = "bootstrap.json"

// Bootstrap is what an administrator needs to begin: where the server is, whom to trust, and a credential.
type Bootstrap struct {
	URL          string `json:"url"`
	CAFile       string `json:"ca_file"`
	UserID       string `json:"user_id"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	OpalToken    string `json:"opal_token"` // an API token with full access
}

// marker is the setting that says an initialised database; whoever put it there makes the first administrator. Until that is done the
// value begins with begun.
const (
	marker = "bootstrap"
	begun  = "begun "
	done   = "done"
)

// bootstrap makes the first Super Administrator with a personal client on an empty database, and nothing on any other: a server
// that joins a database, or comes back to it, writes no credential. On SQLite, whose folder nobody else can be at work in, it makes up
// for a first start that was cut short: whoever began it told nobody the credential.
func (p *parts) bootstrap(ctx context.Context, o Options, caFile string) error {
	mine := []byte(begun + rand.Text())
	first, err := p.settings.Ensure(ctx, marker, func() ([]byte, error) { return mine, nil })
	if err != nil {
		return err
	}
	path := filepath.Join(o.Config.Data, BootstrapFile)
	_, missing := os.Stat(path)
	interrupted := o.Config.Database == "" && bytes.HasPrefix(first, []byte(begun))
	switch {
	case bytes.Equal(first, mine) || interrupted && missing != nil:
		b, err := p.credential(ctx, path, caFile)
		if err != nil {
			return err
		}
		if _, err := p.settings.Swap(ctx, marker, first, []byte(done)); err != nil {
			return err
		}
		return explain(o.Out, o.Config.Data, b)
	case interrupted:
		_, err := p.settings.Swap(ctx, marker, first, []byte(done))
		return err
	case missing != nil:
		_, err := fmt.Fprintf(o.Out, "The database is initialised and %s is not here. For a credential of your own, run:\n"+
			"  interim admin bootstrap\n", path)
		return err
	}
	return nil
}

// credential makes a personal client and an API token for the first Super Administrator, who is made if there is none, and writes path.
func (p *parts) credential(ctx context.Context, path, caFile string) (Bootstrap, error) {
	ctx = iam.AsSystem(ctx)
	admin, err := p.administrator(ctx)
	if err != nil {
		return Bootstrap{}, err
	}
	client, secret, err := p.iam.CreateClient(ctx, admin, iam.NewClient{DisplayName: "Bootstrap"})
	if err != nil {
		return Bootstrap{}, err
	}
	ca, err := filepath.Abs(caFile)
	if err != nil {
		return Bootstrap{}, err
	}
	_, token, err := p.iam.CreateAPIToken(ctx, admin, iam.NewAPIToken{Label: "Bootstrap", Access: iam.FullAccess})
	if err != nil {
		return Bootstrap{}, err
	}
	b := Bootstrap{URL: p.url, CAFile: ca, UserID: shownID(admin), ClientID: client.ClientID, ClientSecret: secret, OpalToken: token}
	return b, b.write(path)
}

// administrator is the oldest enabled Super Administrator; on a database that has none, a new one.
func (p *parts) administrator(ctx context.Context) (directory.UserID, error) {
	found, err := p.read.SuperAdministrator(ctx)
	if err != nil || found != "" {
		return found, err
	}
	u, err := p.directory.Create(ctx, directory.User{DisplayName: "Administrator", Username: "administrator"})
	if err != nil {
		return "", err
	}
	return u.ID, p.iam.AddMember(ctx, u.ID, iam.BuiltinID(iam.SuperAdministrator))
}

// write puts b into the file at path, whole or not at all, whenever the power goes.
func (b Bootstrap) write(path string) error {
	text, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), BootstrapFile+".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(append(text, '\n'))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// ReadBootstrap reads the bootstrap file of a data folder.
func ReadBootstrap(dir string) (Bootstrap, error) {
	var b Bootstrap
	text, err := os.ReadFile(filepath.Join(dir, BootstrapFile))
	if err != nil {
		return b, err
	}
	if err := json.Unmarshal(text, &b); err != nil {
		return b, fmt.Errorf("%s is damaged: %w", filepath.Join(dir, BootstrapFile), err)
	}
	return b, nil
}
