package app

import (
	"encoding/json"
	"time"

	"github.com/interim-access/interim/internal/platform/fault"
)

// ConnectorStatus says how a connector last fared.
type ConnectorStatus string

// The states of a connector.
const (
	ConnectorOK       ConnectorStatus = "OK"
	ConnectorError    ConnectorStatus = "ERROR" // the last attempt failed; StatusText says how
	ConnectorDisabled ConnectorStatus = "DISABLED"
)

// Connector is an app's tie to its target system.
type Connector struct {
	AppID       ID              `json:"-"`
	ID          ConnectorID     `json:"-"`
	Kind        string          `json:"kind"` // "postgres"; fixed at creation
	DisplayName string          `json:"displayName"`
	Config      []byte          `json:"-"` // sealed by whoever knows the kind: how to reach the target
	Status      ConnectorStatus `json:"status"`
	StatusText  string          `json:"statusText"`     // for people; no secret
	SyncEvery   time.Duration   `json:"syncEveryNanos"` // zero: only when asked to
	SyncDueAt   time.Time       `json:"-"`              // zero: not planned
	SyncLease   string          `json:"-"`              // token of the worker that reads the target now; empty: nobody
	Options     json.RawMessage `json:"options"`        // a JSON object of its kind; no secret
	Target      string          `json:"-"`              // what the target that was read calls itself; empty: not known. A sync writes it
	CreatedAt   time.Time       `json:"-"`
	UpdatedAt   time.Time       `json:"-"`
	DeletedAt   time.Time       `json:"-"`
	Version     int64           `json:"-"`
}

// Ref is the connector's name.
func (c Connector) Ref() ConnectorRef { return ConnectorRef{AppID: c.AppID, ID: c.ID} }

// Limits of how often a target may be read.
const (
	MinSyncEvery = time.Minute
	MaxSyncEvery = 30 * 24 * time.Hour
)

// normalize fills in what may be left out.
func (c *Connector) normalize() {
	if c.DisplayName == "" {
		c.DisplayName = c.Kind
	}
	if c.Status == "" {
		c.Status = ConnectorOK
	}
	if len(c.Options) == 0 {
		c.Options = json.RawMessage("{}")
	}
}

// Validate answers Invalid for the first member of c that breaks a limit. Whether the kind exists and what its configuration says
// is for its owner to judge.
func (c Connector) Validate() error {
	if c.SyncEvery != 0 && (c.SyncEvery < MinSyncEvery || c.SyncEvery > MaxSyncEvery) {
		return fault.InvalidField("syncEvery", "must be absent or between %s and %s", MinSyncEvery, MaxSyncEvery)
	}
	if len(c.Config) > MaxConfig {
		return fault.InvalidField("connectionString", "is too long")
	}
	if len(c.Options) > MaxConfig || !json.Valid(c.Options) {
		return fault.InvalidField("options", "must be a JSON object of at most %d bytes", MaxConfig)
	}
	return all(
		required("kind", c.Kind),
		required("displayName", c.DisplayName),
		prose("statusText", c.StatusText, MaxDescription),
	)
}
