// Package expr compiles and runs CEL expressions that people write.
package expr

import _ "cel.dev/cel-go/cel"
