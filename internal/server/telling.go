package server

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/interim-access/interim/internal/connect/mail"
	callout "github.com/interim-access/interim/internal/connect/webhook"
	"github.com/interim-access/interim/internal/govern/notify"
	"github.com/interim-access/interim/internal/govern/stream"
	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/config"
)

// telling makes what tells others of what happens: webhooks, event streams and notifications.
func (p *parts) telling(ctx context.Context, o Options) error {
	roots, err := authorities(o.Config.WebhookCA)
	if err != nil {
		return err
	}
	key, err := p.settings.Ensure(ctx, "webhook callback key", func() ([]byte, error) {
		key := make([]byte, 32)
		_, err := rand.Read(key)
		return key, err
	})
	if err != nil {
		return err
	}
	sender := callout.New(callout.Options{Allow: o.Config.WebhookNetworks(), Roots: roots})
	p.webhooks = webhook.New(webhook.Deps{
		DB: p.db, Clock: p.clock, Log: o.Log, Audit: p.audit, Sign: p.iam.SignClaims, CallbackKey: key, PublicURL: p.url, Registerer: p.metrics,
		Sender: sender,
	})
	p.streams = stream.New(stream.Deps{
		DB: p.db, Clock: p.clock, Log: o.Log, Audit: p.audit, Box: p.box, Sender: sender, Registerer: p.metrics,
	})
	mailer, err := p.mailer(o.Config)
	if err != nil {
		return err
	}
	p.notify, err = notify.New(ctx, notify.Deps{
		DB: p.db, Clock: p.clock, Log: o.Log, Audit: p.audit, Webhooks: p.webhooks, Mailer: mailer, PublicURL: p.url, Registerer: p.metrics,
	})
	return err
}

// mailer is the way to the mail server, nil without one.
func (p *parts) mailer(c config.Serve) (notify.Mailer, error) {
	if c.SMTPURL == "" {
		return nil, nil //nolint:nilnil // that there is none is no error
	}
	from := c.MailFrom
	if from == "" {
		host := strings.TrimPrefix(p.url, "https://")
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		from = "Interim <interim@" + host + ">"
	}
	s, err := mail.New(mail.Options{URL: c.SMTPURL, From: from, Clock: p.clock})
	if err != nil {
		return nil, fmt.Errorf("--smtp-url, --mail-from: %w", err)
	}
	return s, nil
}

// authorities are those that the certificates of webhooks may be from: the system's, and those in the file. Without a file, nil.
func authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // nil stands for the system's
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--webhook-ca: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("--webhook-ca: the file holds no certificate in PEM")
	}
	return pool, nil
}
