package iam

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/interim-access/interim/internal/govern/audit"
	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// The device flow lets a program on a device without a browser act for a person who agrees in a browser (RFC 8628).
const (
	deviceLife    = 10 * time.Minute
	deviceSession = time.Hour // how long what the device is given lives at most
)

// deviceApps are the programs that may ask, by their public client ids; what they are called is shown to the person.
var deviceApps = map[string]string{
	"2RCzHlak5q7CY14SdBc8HoZEJRf": "C1 SDK for Go",
	"2RGdOS94VDferT9e80mdgntl36K": "cone",
	"juQSPDsPrdMDpPpR6fGdeLLSs8g": "c1i",
}

// How a device's question for its token can be answered other than with one.
var (
	ErrDevicePending = fault.New(fault.Precondition, "the person has not decided yet")
	ErrDeviceDenied  = fault.New(fault.Denied, "the person said no")
	ErrDeviceExpired = fault.New(fault.Precondition, "the device code has expired")
	ErrDeviceUnknown = fault.New(fault.Invalid, "device_code: unknown or used before")
	ErrDeviceApp     = fault.New(fault.Unauthenticated, "client_id: not a program that may use the device flow")
)

// DeviceCode is what a device is given to ask with, and to show.
type DeviceCode struct {
	Device string // the device's secret
	User   string // what the person types: eight letters in two groups
	Life   time.Duration
}

// DeviceRequest is what the person is shown before deciding.
type DeviceRequest struct {
	App       string // name of the program
	IP        string // where it asked from; may be empty
	CreatedAt time.Time
	ExpiresAt time.Time
}

const (
	devicePending  = "pending"
	deviceApproved = "approved"
	deviceDenied   = "denied"
	deviceUsed     = "used"
)

type deviceGrant struct {
	app, ip, state   string
	userID           directory.UserID
	limits           Limits
	created, expires time.Time
}

// StartDevice makes a device code for a program, good for ten minutes. ErrDeviceApp for a program that is not known. Anybody; the
// door limits how often.
func (s *Service) StartDevice(ctx context.Context, app string, ip netip.Addr) (DeviceCode, error) {
	if deviceApps[app] == "" {
		return DeviceCode{}, ErrDeviceApp
	}
	now := s.clock.Now()
	for range 8 {
		code := DeviceCode{Device: newBearer(), User: newUserCode(), Life: deviceLife}
		inserted := false
		err := s.db.Write(ctx, func(tx *db.Tx) error {
			n, err := tx.Exec(`insert into device_grant
					(device_hash, user_hash, app, source_ip, state, user_id, limits, created_at, expires_at)
				values ($1, $2, $3, $4, $5, '', '{}', $6, $7) on conflict do nothing`,
				hashOf(code.Device), userCodeHash(code.User), app, addrText(ip), devicePending,
				clock.Micros(now), clock.Micros(now.Add(deviceLife)))
			inserted = n > 0
			return err
		})
		if err != nil || inserted {
			return code, err
		}
	}
	return DeviceCode{}, fault.New(fault.Unavailable, "no free user code was found; try again")
}

// DeviceRequest reads what a person is asked to decide. NotFound for a code that is unknown, decided or expired. Signed-in people.
func (s *Service) DeviceRequest(ctx context.Context, userCode string) (DeviceRequest, error) {
	g, err := s.pendingDevice(s.db.Q(ctx), userCode)
	return DeviceRequest{App: deviceApps[g.app], IP: g.ip, CreatedAt: g.created, ExpiresAt: g.expires}, err
}

// AnswerDevice decides about a device: when approved, it may act for the person who says so, within the bounds of the session.
// NotFound for a code that is unknown, decided or expired. Only a person in a browser session.
func (s *Service) AnswerDevice(ctx context.Context, userCode string, approve bool) error {
	p, err := PrincipalFrom(ctx)
	if err == nil && p.Kind != KindSession {
		err = fault.New(fault.Denied, "a device is let in by a person in a browser")
	}
	if err != nil {
		return err
	}
	state, kind, verb := deviceDenied, "device.denied", "turned away "
	if approve {
		state, kind, verb = deviceApproved, "device.approved", "let in "
	}
	limits, err := limitsText(p.Limits)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := enabledUser(tx, p.UserID); err != nil {
			return err
		}
		g, err := s.pendingDevice(tx, userCode)
		if err != nil {
			return err
		}
		n, err := tx.Exec(`update device_grant set state = $3, user_id = $4, limits = $5 where user_hash = $1 and state = $2`,
			userCodeHash(userCode), devicePending, state, string(p.UserID), limits)
		if err == nil && n == 0 {
			err = noDevice()
		}
		if err != nil {
			return err
		}
		return s.audit.Record(tx, audit.From(ctx), audit.Event{
			Kind: kind, Activity: audit.Other, ObjectType: "user", ObjectID: string(p.UserID), UserID: string(p.UserID),
			Message: verb + deviceApps[g.app] + " on a device", Data: map[string]any{"program": deviceApps[g.app], "deviceAddress": g.ip},
		})
	})
}

func (s *Service) pendingDevice(q db.Q, userCode string) (deviceGrant, error) {
	g, err := deviceBy(q, "user_hash", userCodeHash(userCode))
	if errors.Is(err, db.ErrNoRows) || err == nil && (g.state != devicePending || !s.clock.Now().Before(g.expires)) {
		err = noDevice()
	}
	return g, err
}

func noDevice() error { return fault.New(fault.NotFound, "no device waits with that code") }

// RedeemDevice answers the device's token once the person agreed: for an hour it acts as that person. Until then one of the
// ErrDevice errors.
func (s *Service) RedeemDevice(ctx context.Context, app, deviceCode string, ip netip.Addr) (Token, error) {
	now := s.clock.Now()
	hash := hashOf(deviceCode)
	g, err := deviceBy(s.db.Q(ctx), "device_hash", hash)
	if err := deviceAnswer(g, err, app, now); err != nil {
		return Token{}, err
	}
	limits := g.limits
	limits.Until = soonest(now.Add(deviceSession), g.limits.Until)
	c := Client{
		Key: ClientKey(id.New(now)), UserID: g.userID, Kind: KindDevice, Device: app, DisplayName: deviceApps[app], Limits: limits,
		Bound: g.limits.Until, CreatedBy: g.userID, CreatedAt: now, UpdatedAt: now, Version: 1,
	}
	err = s.unnamed(func(name string) (bool, error) {
		c.ClientID = name
		inserted := false
		err := s.db.Write(ctx, func(tx *db.Tx) (err error) {
			inserted, err = s.redeemIn(tx, c, hash, ip)
			return err
		})
		return inserted, err
	}, "dev")
	if err != nil {
		return Token{}, err
	}
	token, _, err := s.issue(ctx, c, now)
	return token, err
}

// deviceAnswer says why there is no token for g, nil if there is.
func deviceAnswer(g deviceGrant, err error, app string, now time.Time) error {
	switch {
	case errors.Is(err, db.ErrNoRows), err == nil && (g.app != app || g.state == deviceUsed):
		return ErrDeviceUnknown
	case err != nil:
		return err
	case g.state == deviceDenied:
		return ErrDeviceDenied
	case !now.Before(g.expires):
		return ErrDeviceExpired
	case g.state != deviceApproved:
		return ErrDevicePending
	default:
		return nil
	}
}

func (s *Service) redeemIn(tx *db.Tx, c Client, hash []byte, ip netip.Addr) (bool, error) {
	u, err := enabledUser(tx, c.UserID)
	if err != nil {
		return false, err
	}
	inserted, err := insertClient(tx, c)
	if err != nil || !inserted {
		return false, err
	}
	n, err := tx.Exec(`update device_grant set state = $3 where device_hash = $1 and state = $2`, hash, deviceApproved, deviceUsed)
	if err == nil && n == 0 {
		err = ErrDeviceUnknown // another question with the same code was faster
	}
	if err != nil {
		return false, err
	}
	actor := audit.Actor{
		Kind: audit.KindUser, UserID: string(u.ID), Name: u.DisplayName, Email: u.Email, ClientKey: string(c.Key), IP: addrText(ip),
	}
	return true, s.audit.Record(tx, actor, clientEvent(c, "client.created", audit.Create,
		"signed in on a device with "+c.DisplayName, boundsOf(c)))
}
