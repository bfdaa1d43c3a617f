package app

import (
	"maps"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/interim-access/interim/internal/platform/fault"
)

// Limits of annotations, as upstream documents them for its Terraform provider.
const (
	MaxAnnotations      = 16
	maxAnnotationValue  = 256
	maxAnnotationBytes  = 4096
	reservedAnnotations = "c1/"
)

var (
	annotationKey   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._/-]{0,127}$`)
	annotationValue = regexp.MustCompile(`^[\x21-\x7e]*$`)
)

// Annotate returns the annotations old after change: keys that change does not name stay, an empty value deletes its key. Invalid
// for a malformed or reserved key, a malformed value, or more than [MaxAnnotations] afterwards. old is not changed.
func Annotate(old, change map[string]string) (map[string]string, error) {
	merged := maps.Clone(old)
	if merged == nil {
		merged = map[string]string{}
	}
	for k, v := range change {
		switch {
		case strings.HasPrefix(k, reservedAnnotations):
			return nil, fault.InvalidField("annotations", "keys that begin with %q are reserved", reservedAnnotations)
		case !annotationKey.MatchString(k):
			return nil, fault.InvalidField("annotations", "a key must match the pattern %s", annotationKey)
		case !annotationValue.MatchString(v):
			return nil, fault.InvalidField("annotations", "the value of %s must be printable ASCII without spaces", k)
		case utf8.RuneCountInString(v) > maxAnnotationValue:
			return nil, fault.InvalidField("annotations", "the value of %s is over %d characters", k, maxAnnotationValue)
		case v == "":
			delete(merged, k)
		default:
			merged[k] = v
		}
	}
	if len(merged) > MaxAnnotations {
		return nil, fault.InvalidField("annotations", "has %d entries; at most %d are allowed", len(merged), MaxAnnotations)
	}
	bytes := 0
	for k, v := range merged {
		bytes += len(k) + len(v)
	}
	if bytes > maxAnnotationBytes {
		return nil, fault.InvalidField("annotations", "keys and values have %d bytes; at most %d are allowed", bytes, maxAnnotationBytes)
	}
	return merged, nil
}
