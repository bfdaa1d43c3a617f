package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/kong"
)

// maxFile is the largest settings file, in bytes.
const maxFile = 64 << 10

// BeforeResolve implements kong's hook: it reads the settings file named by
// --config or INTERIM_CONFIG and offers its values to the flags of the command
// that runs. A file serves all commands, so names of other commands are fine;
// unknown ones are not.
func (s *Storage) BeforeResolve(ctx *kong.Context) error {
	for _, f := range ctx.Flags() {
		if f.Name != "config" {
			continue
		}
		path, _ := ctx.FlagValue(f).(string)
		if path == "" {
			return nil
		}
		values, err := readFile(path)
		if err != nil {
			return err
		}
		ctx.AddResolver(resolver(values))
	}
	return nil
}

// resolver gives a flag its value from the file, unless the environment has
// one: kong asks it only about flags that are not on the command line, but
// would let it win over the environment.
func resolver(values map[string]string) kong.ResolverFunc {
	return func(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
		v, ok := values[f.Name]
		if !ok || slices.ContainsFunc(f.Envs, func(e string) bool { return os.Getenv(e) != "" }) {
			return nil, nil
		}
		return v, nil
	}
}

func readFile(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("--config: %s: %w", path, reason(err))
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("--config: %s: %w", path, reason(err))
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("--config: %s: larger than %d bytes", path, maxFile)
	}
	return parseFile(path, string(text))
}

// reason is err without the path that was named already.
func reason(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// parseFile reads NAME = VALUE lines. Empty lines and lines that begin with #
// say nothing; space around names and values does not count; there are no
// quotes and no continued lines. Each name stands once and has its value's form.
func parseFile(path, text string) (map[string]string, error) {
	values := map[string]string{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if err := parseLine(values, line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, number, err)
		}
	}
	return values, nil
}

func parseLine(values map[string]string, line string) error {
	name, value, ok := strings.Cut(line, "=")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	if !ok || !utf8.ValidString(line) {
		return errors.New("want NAME = VALUE, or a comment that begins with #")
	}
	i := slices.IndexFunc(settings, func(k setting) bool { return k.name == name })
	if i < 0 {
		return fmt.Errorf("unknown setting %.100q; there are %s", name, names())
	}
	if _, twice := values[name]; twice {
		return fmt.Errorf("%s is set a second time", name)
	}
	if strings.HasPrefix(value, `"`) || strings.HasPrefix(value, "'") {
		return fmt.Errorf("%s: write the value without quotes", name)
	}
	if value != "" {
		if err := settings[i].check(value); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	values[name] = value
	return nil
}

func names() string {
	var all []string
	for _, k := range settings {
		all = append(all, k.name)
	}
	return strings.Join(all, ", ")
}
