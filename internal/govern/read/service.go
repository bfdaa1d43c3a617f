package read

import (
	"github.com/interim-access/interim/internal/platform/clock"
	"github.com/interim-access/interim/internal/platform/db"
)

// Service answers lists and searches.
type Service struct {
	db    *db.DB
	clock clock.Clock
	width int64 // of the first span in which a page is looked for, see inSpans
	look  int64 // at how many rows at least, see inSpans
	few   int   // [fewOffers]
}

// New returns the reader of d; c tells what "now" means to questions such as who has access now.
func New(d *db.DB, c clock.Clock) *Service {
	return &Service{db: d, clock: c, width: firstSpan, look: leastLook, few: fewOffers}
}
