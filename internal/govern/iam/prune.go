package iam

import (
	"context"
	"time"

	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

const (
	// pruneEvery is how often what has expired is cleared away: not at each row's time, since an expired row does nothing.
	pruneEvery = time.Minute
	// deviceKept is how long the rows of devices stay after their hour, for who reads the audit.
	deviceKept = 30 * 24 * time.Hour
	// codeKept is how long a device that asks late is told that its code has expired, and not that there never was one.
	codeKept   = time.Hour
	pruneBatch = 500
)

// Pruner clears away what has expired: assertions, links, sessions, device codes and devices. It is a source of the due loop.
type Pruner struct {
	service *Service
	next    time.Time
}

// Pruner returns the due source of s.
func (s *Service) Pruner() *Pruner { return &Pruner{service: s} }

// Name implements due.Source.
func (p *Pruner) Name() string { return "iam-prune" }

// Next implements due.Source: once a minute, whether or not there is anything.
func (p *Pruner) Next(context.Context) (time.Time, bool, error) { return p.next, true, nil }

// Run implements due.Source.
func (p *Pruner) Run(ctx context.Context, now time.Time) (int, error) {
	n, err := p.service.prune(ctx, now)
	if err == nil && n < pruneBatch {
		p.next = now.Add(pruneEvery)
	}
	return n, err
}

// prune deletes at most pruneBatch expired rows of each kind and returns the largest of these numbers.
func (s *Service) prune(ctx context.Context, now time.Time) (int, error) {
	most := int64(0)
	err := s.db.Write(ctx, func(tx *db.Tx) error {
		for _, kind := range []struct {
			sql    string
			before time.Time
		}{
			{`delete from assertion where (client_id, digest) in
				(select client_id, digest from assertion where expires_at <= $1 order by expires_at limit $2)`, now},
			{`delete from device_grant where device_hash in
				(select device_hash from device_grant where expires_at <= $1 order by expires_at limit $2)`, now.Add(-codeKept)},
			{`delete from login_link where hash in (select hash from login_link where expires_at <= $1 order by expires_at limit $2)`, now},
			{`delete from web_session where hash in (select hash from web_session where expires_at <= $1 order by expires_at limit $2)`, now},
			{`delete from client where id in
				(select id from client where kind = 'device' and expires_at <= $1 order by expires_at limit $2)`, now.Add(-deviceKept)},
		} {
			n, err := tx.Exec(kind.sql, clock.Micros(kind.before), pruneBatch)
			if err != nil {
				return err
			}
			most = max(most, n)
		}
		return nil
	})
	return int(most), err
}
