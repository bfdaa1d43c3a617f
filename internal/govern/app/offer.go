package app

import (
	"github.com/interim-access/interim/internal/platform/db"
	"github.com/interim-access/interim/internal/platform/fault"
)

// SchemaID is the identity of a form that is filled in with a request: a UUIDv7 in text form.
type SchemaID string

// CatalogID is the identity of a catalog of what can be asked for: a UUIDv7 in text form.
type CatalogID string

// Offers knows the forms and the catalogs. It is asked inside the transaction that chooses one.
type Offers interface {
	// ChooseSchema answers Invalid about field unless there is such a live form, and keeps it from being deleted meanwhile.
	ChooseSchema(tx *db.Tx, field string, id SchemaID) error
	// ChooseCatalog answers Invalid about field unless there is such a live catalog.
	ChooseCatalog(tx *db.Tx, field string, id CatalogID) error
}

// Offer says who knows the forms and the catalogs. Only at start, before requests are served; until then none can be chosen.
func (s *Service) Offer(o Offers) { s.offers = o }

func (s *Service) chooseSchema(tx *db.Tx, before, after SchemaID) error {
	const field = "requestSchemaId"
	switch {
	case after == before || after == "":
		return nil
	case s.offers == nil:
		return fault.InvalidField(field, "there is no such form")
	default:
		return s.offers.ChooseSchema(tx, field, after)
	}
}

func (s *Service) chooseCatalog(tx *db.Tx, before, after CatalogID) error {
	const field = "defaultRequestCatalogId"
	switch {
	case after == before || after == "":
		return nil
	case s.offers == nil:
		return fault.InvalidField(field, "there is no such catalog")
	default:
		return s.offers.ChooseCatalog(tx, field, after)
	}
}
