package server

import (
	"context"

	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/db"
	tlsca "github.com/interim-access/interim/internal/platform/tls"
)

// caFileName is the file in the data folder that clients are given: the authority's certificate, without its key.
const caFileName = "ca-certificate.pem"

// certificates is where the authority and the server's certificate are kept: in the data folder beside a SQLite database, sealed in a
// PostgreSQL database, where replicas share them.
func (d *data) certificates(o Options) tlsca.Store {
	if d.db.Engine() == db.SQLite {
		return tlsca.Files(o.Config.Data)
	}
	settings := iam.NewSettings(d.db, d.clock, d.box)
	return tlsca.Store{
		Load: func(ctx context.Context, name string) ([]byte, error) {
			text, found, err := settings.Get(ctx, "tls."+name)
			if !found {
				return nil, err
			}
			return text, err
		},
		Swap: func(ctx context.Context, name string, old, text []byte) ([]byte, error) {
			return settings.Swap(ctx, "tls."+name, old, text)
		},
	}
}
