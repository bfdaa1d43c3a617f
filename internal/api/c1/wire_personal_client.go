package c1

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	iamv1 "github.com/interim-access/interim/gen/c1/api/iam/v1"
	"github.com/interim-access/interim/internal/govern/iam"
	"github.com/interim-access/interim/internal/platform/fault"
)

// EncodePersonalClient shows a client. Its key is no part of it.
func EncodePersonalClient(c iam.Client) *iamv1.PersonalClient {
	out := &iamv1.PersonalClient{
		Id:          KSUID(c.Key),
		UserId:      KSUID(c.UserID),
		ClientId:    c.ClientID,
		DisplayName: c.DisplayName,
		ExpiresTime: Moment(c.Limits.Until),
		LastUsedAt:  Moment(c.LastUsedAt),
		CreatedAt:   Moment(c.CreatedAt),
		UpdatedAt:   Moment(c.UpdatedAt),
		DeletedAt:   Moment(c.DeletedAt),
	}
	for _, p := range c.Limits.Sources {
		out.AllowSourceCidr = append(out.AllowSourceCidr, p.String())
	}
	for _, r := range c.Limits.Roles {
		out.ScopedRoles = append(out.ScopedRoles, KSUID(r))
	}
	return out
}

// EncodePersonalClients shows a list of clients.
func EncodePersonalClients(list []iam.Client) []*iamv1.PersonalClient {
	out := make([]*iamv1.PersonalClient, len(list))
	for i, c := range list {
		out[i] = EncodePersonalClient(c)
	}
	return out
}

// NewClientRequest is a request that makes a client, for oneself or for somebody else.
type NewClientRequest interface {
	GetDisplayName() string
	GetAllowSourceCidr() []string
	GetScopedRoles() []string
	GetExpires() *durationpb.Duration
}

// DecodeNewClient reads what a client is to be made from.
func DecodeNewClient(req NewClientRequest) (iam.NewClient, error) {
	n := iam.NewClient{DisplayName: req.GetDisplayName()}
	var err error
	if n.Sources, err = iam.ParseSources("allowSourceCidr", req.GetAllowSourceCidr()); err != nil {
		return n, err
	}
	if n.Roles, err = decodeScope("scopedRoles", req.GetScopedRoles()); err != nil {
		return n, err
	}
	n.Expires, err = DecodeLife("expires", req.GetExpires())
	return n, err
}

// DecodeLife reads how long a credential is to live; 0 where nothing is said.
func DecodeLife(field string, d *durationpb.Duration) (time.Duration, error) {
	if d == nil {
		return 0, nil
	}
	if d.CheckValid() != nil || d.GetSeconds() <= 0 && d.GetNanos() <= 0 {
		return 0, fault.InvalidField(field, "must be a positive duration such as \"600s\"")
	}
	return d.AsDuration(), nil // what is over 292 years counts as that
}

func decodeScope(field string, ids []string) ([]iam.RoleID, error) {
	if err := CheckList(field, len(ids), iam.MaxScopedRoles); err != nil {
		return nil, err
	}
	roles := make([]iam.RoleID, len(ids))
	for i, s := range ids {
		var err error
		if roles[i], err = ID[iam.RoleID](field, "role", s); fault.Is(err, fault.NotFound) {
			err = fault.InvalidField(field, "no such role: %s", s)
		}
		if err != nil {
			return nil, err
		}
	}
	return roles, nil
}

// decodeClientChange reads an update: what the mask names of the object, onto the client as it is.
func decodeClientChange(object *iamv1.PersonalClient, m Mask) (func(*iam.Client) error, error) {
	sources, err := iam.ParseSources("client.allowSourceCidr", object.GetAllowSourceCidr())
	if m["allow_source_cidr"] && err != nil {
		return nil, err
	}
	roles, err := decodeScope("client.scopedRoles", object.GetScopedRoles())
	if m["scoped_roles"] && err != nil {
		return nil, err
	}
	until, err := Time("client.expiresTime", object.GetExpiresTime())
	if m["expires_time"] && err != nil {
		return nil, err
	}
	return func(c *iam.Client) error {
		Set(m, "display_name", &c.DisplayName, object.GetDisplayName())
		Set(m, "allow_source_cidr", &c.Limits.Sources, sources)
		Set(m, "scoped_roles", &c.Limits.Roles, roles)
		Set(m, "expires_time", &c.Limits.Until, until)
		return nil
	}, nil
}

// Time decodes a time to the microsecond; zero where it is null, and only there. The first moment of year 1 is what a Go client sends
// for a time it never set: it counts as the microsecond after it, lest an end long past become one that never comes.
func Time(field string, t *timestamppb.Timestamp) (time.Time, error) {
	if t == nil {
		return time.Time{}, nil
	}
	if err := t.CheckValid(); err != nil {
		return time.Time{}, fault.InvalidField(field, "is not a time")
	}
	at := t.AsTime().Truncate(time.Microsecond)
	if at.IsZero() {
		at = at.Add(time.Microsecond)
	}
	return at, nil
}
