package sync

import (
	"context"
	"strings"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/seal"
	"github.com/interim-access/interim/internal/platform/text"
)

// A connector's secret is one text, sealed as a whole: the connection string and, from the next line on, the certificates in PEM of
// the authorities that sign the target's own, where those are not known to the machine. No connection string has a second line.

// JoinSecret makes a secret from its parts; ca may be empty.
func JoinSecret(connection, ca string) string {
	if ca = strings.TrimSpace(ca); ca == "" {
		return connection
	}
	return connection + "\n" + ca + "\n"
}

// SplitSecret is the parts of a secret.
func SplitSecret(secret string) (connection, ca string) {
	connection, ca, _ = strings.Cut(secret, "\n")
	return connection, ca
}

// NewSecret makes a secret from what a caller gave for a new connector. Invalid for a connection string of two lines.
func NewSecret(connection, ca string) (string, error) {
	return JoinSecret(connection, ca), text.Line("connectionString", connection)
}

// Secret makes the secret of a connector anew from what a caller gave: an empty connection and a nil ca are as they were; an empty ca
// takes the certificates away. Empty where nothing was given. Invalid, NotFound; Unavailable where the old one cannot be opened.
func (s *Service) Secret(ctx context.Context, ref app.ConnectorRef, connection string, ca *string) (string, error) {
	if connection == "" && ca == nil {
		return "", nil
	}
	if connection != "" && ca != nil {
		return NewSecret(connection, *ca)
	}
	c, err := app.GetConnector(s.DB.Q(ctx), ref.AppID, ref.ID)
	if err != nil {
		return "", err
	}
	before, err := Opener(s.Box)(c)
	if err != nil {
		return "", err
	}
	oldConnection, oldCA := SplitSecret(before)
	if ca == nil {
		return NewSecret(connection, oldCA)
	}
	return JoinSecret(oldConnection, *ca), nil
}

// Purpose is what a connector's secret is sealed for: it opens in no other connector's row.
func Purpose(c app.ConnectorRef) string { return "connector/" + string(c.AppID) + "/" + string(c.ID) }

// Opener returns the function that opens the secret of a connector, for whoever connects to its target. Unavailable where the server's
// key is not the one it was sealed with.
func Opener(box *seal.Box) func(app.Connector) (string, error) {
	return func(c app.Connector) (string, error) {
		plain, err := box.Open(Purpose(c.Ref()), c.Config)
		if err != nil {
			return "", fault.Wrap(fault.Unavailable, err, "the connection string cannot be opened: set it again")
		}
		return string(plain), nil
	}
}

// sealed checks a secret, and seals it for its row.
func (s *Service) sealed(c app.ConnectorRef, kind, secret string) ([]byte, error) {
	connection, ca := SplitSecret(secret)
	if len(connection) > MaxSecret {
		return nil, fault.InvalidField("connectionString", "has %d bytes; at most %d are allowed", len(connection), MaxSecret)
	}
	if len(ca) > MaxCA {
		return nil, fault.InvalidField("caCertificate", "has %d bytes; at most %d are allowed", len(ca), MaxCA)
	}
	if err := s.Sources.Validate(kind, secret); err != nil {
		return nil, err
	}
	return s.Box.Seal(Purpose(c), []byte(secret))
}
