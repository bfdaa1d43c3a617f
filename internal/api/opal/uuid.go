package opal

import (
	"errors"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

// UUID is an id as this API writes it, in lower case. Empty is none.
type UUID string

// Schema is part of huma.SchemaProvider.
func (UUID) Schema(huma.Registry) *huma.Schema { return &huma.Schema{Type: "string", Format: "uuid"} }

// UnmarshalText takes an id in either case. What is not one was refused before, except for the empty text, which clients send for none.
func (u *UUID) UnmarshalText(text []byte) error {
	s := strings.ToLower(string(text))
	if s != "" && !id.Valid(s) {
		return errNotUUID
	}
	*u = UUID(s)
	return nil
}

// noUUID is an id, or the empty text, with which clients clear one.
type noUUID UUID

// Schema is part of huma.SchemaProvider.
func (noUUID) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: "string", PatternDescription: "a UUID or empty", Pattern: `^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})?$`,
	}
}

// UnmarshalText is that of UUID.
func (u *noUUID) UnmarshalText(text []byte) error { return (*UUID)(u).UnmarshalText(text) }

var errNotUUID = errors.New("is not a UUID")

// only is the list of u alone; empty where u is none.
func only[T ~string](u UUID) []T {
	if u == "" {
		return nil
	}
	return []T{T(u)}
}

// ids are UUIDs as the rules below have them.
func ids[T ~string](list []UUID) []T { return each(list, func(u UUID) T { return T(u) }) }

func missing(kind string, id UUID) error { return fault.Missing(kind, string(id)) }
