package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

type callCommand struct {
	remote

	Method string `arg:"" enum:"GET,POST,PUT,PATCH,DELETE" help:"GET, POST, PUT, PATCH or DELETE."`
	Path   string `arg:"" help:"Path of the operation, such as /api/v1/apps; see /docs on the server."`
	Body   string `arg:"" optional:"" help:"JSON body; a dash reads it from standard input."`
	Get    string `placeholder:"MEMBER" help:"Print one member of the answer only, such as app.id or list.0.app.id."`
}

// maxBody is what the server takes at most.
const maxBody = 4 << 20

// Run calls one operation of the API and prints its answer.
func (c *callCommand) Run(ctx context.Context, out io.Writer) error {
	if !strings.HasPrefix(c.Path, "/") {
		return usage{errors.New("the path must start with a slash, such as /api/v1/apps")}
	}
	var body any
	if text, err := c.body(); err != nil {
		return err
	} else if len(text) > 0 {
		if !json.Valid(text) {
			return usage{errors.New("the body is not JSON")}
		}
		body = json.RawMessage(text)
	}
	return c.with(ctx, func(a *api) error {
		var answer any
		if err := a.call(ctx, c.Method, c.Path, body, &answer); err != nil {
			return err
		}
		return show(out, answer, c.Get)
	})
}

func (c *callCommand) body() ([]byte, error) {
	if c.Body == "-" {
		return io.ReadAll(io.LimitReader(os.Stdin, maxBody+1))
	}
	return []byte(c.Body), nil
}

// show prints an answer indented, or the member at a dotted path of it: a text as it is, anything else as JSON.
func show(out io.Writer, answer any, path string) error {
	if path != "" {
		for key := range strings.SplitSeq(path, ".") {
			switch v := answer.(type) {
			case map[string]any:
				answer = v[key]
			case []any:
				i, err := strconv.Atoi(key)
				if err != nil || i < 0 || i >= len(v) {
					return fmt.Errorf("the answer has no %s", path)
				}
				answer = v[i]
			default:
				return fmt.Errorf("the answer has no %s", path)
			}
		}
		switch v := answer.(type) {
		case nil:
			return fmt.Errorf("the answer has no %s", path)
		case string:
			_, err := fmt.Fprintln(out, v)
			return err
		}
	}
	text, err := json.MarshalIndent(answer, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, string(text))
	return err
}
