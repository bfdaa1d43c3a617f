package expr

// Limits of an expression.
const (
	MaxText    = 4096     // characters of a text
	MaxTokens  = 450      // words, numbers, texts and signs of a text
	MaxNodes   = 1500     // nodes of its tree, those that macros make included
	MaxDepth   = 64       // levels of its tree; a || b || c and a && b && c are one
	MaxInside  = 12       // brackets and braces inside each other: lists, maps, objects and indexes
	MaxNesting = 2        // comprehensions (exists, all, map, filter, exists_one) inside each other
	MaxRegexp  = 200      // instructions of a regular expression
	MaxCost    = 10_000   // cost of an evaluation
	MaxString  = 16 << 10 // bytes of a text that a function makes
	MaxMarkers = 20       // remarks about one text
	// MaxStrangers is how many undeclared names are looked at one by one, for a hint at what may have been meant.
	MaxStrangers = 10
	maxKept      = 1024 // texts remembered by an environment
	maxMessage   = 300  // characters of a remark
	zoneCost     = 500  // of a function that looks a time zone up
)
