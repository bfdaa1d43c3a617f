package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/interim-access/interim/internal/govern/provision"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/text"
)

// hopeless are the classes of SQLSTATE of statements that fail the same way until somebody changes something: no right to run them,
// circular memberships, memberships that others depend on.
var hopeless = []string{"42", "0L", "0P", "2B"}

// say makes an error whose words administrators may read.
func say(format string, args ...any) error { return fault.New(fault.Unavailable, format, args...) }

// plain makes of an error of the driver one that administrators may read: what the database said, or that it is out of reach,
// without statements, addresses or credentials. An error that is plain already stays what it is.
func plain(err error) error {
	var (
		said    *pgconn.PgError
		connect *pgconn.ConnectError
		forged  *tls.CertificateVerificationError
		foreign x509.UnknownAuthorityError
		known   *fault.Fault
	)
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case errors.As(err, &said):
		f := fault.Wrap(fault.Unavailable, err, "the database said: %s (SQLSTATE %s)", brief(said.Message), said.Code)
		for _, class := range hopeless {
			if strings.HasPrefix(said.Code, class) {
				return provision.Permanent(f)
			}
		}
		return f
	case errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(fault.Unavailable, err, "the database gave no answer in time")
	case errors.As(err, &forged) || errors.As(err, &foreign):
		return fault.Wrap(fault.Unavailable, err,
			"the database's certificate is not one for its host, or not signed by an authority that is trusted here: see caCertificate")
	case errors.As(err, &connect):
		return fault.Wrap(fault.Unavailable, err, "the database refused the connection or is out of reach")
	default:
		return fault.Wrap(fault.Unavailable, err, "the connection to the database failed")
	}
}

// brief makes of a text from outside one line of at most 300 characters.
func brief(s string) string {
	const most = 300
	s = text.CleanLine(strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " "))
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return s
}
