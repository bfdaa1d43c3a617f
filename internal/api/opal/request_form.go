package opal

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/govern/request"
	"github.com/interim-access/interim/internal/govern/task"
	"github.com/interim-access/interim/internal/platform/fault"
)

// What is filled in with a request. This API sends texts, one after the other; a form asks for values of several kinds.

// fillForm gives an ask those of the fields that the form of what is asked for knows; a field that is said again is one more choice.
func (d *Door) fillForm(ctx context.Context, a *task.Ask, fields []fieldBody) (err error) {
	if len(fields) == 0 {
		return nil
	}
	answers := map[string][]string{}
	for _, f := range fields {
		answers[f.Name] = append(answers[f.Name], f.Value)
	}
	a.Data, err = d.Catalogs.Fill(d.DB.Q(ctx), app.EntitlementRef{AppID: a.App, ID: a.Entitlement}, answers)
	return err
}

// refusedRequest spells the fields in the refusal of a request as this API does, those of a form too.
func refusedRequest(err error) error {
	f := fault.Of(err)
	if name, ok := strings.CutPrefix(f.Field, "requestData"); ok && err != nil {
		return fault.InvalidField("custom_metadata"+name, "%s", strings.TrimPrefix(f.Message, f.Field+": "))
	}
	return respelled(err, requestNames)
}

// responses are what was filled in with a request: at this door or, as values of a form, at the other.
func responses(r request.Request) []responseBody {
	if len(r.Fields) > 0 || r.First().Data == nil {
		return each(r.Fields, encodeField)
	}
	var form map[string]any
	if json.Unmarshal(r.First().Data, &form) != nil {
		return nil
	}
	return each(slices.Sorted(maps.Keys(form)), func(name string) responseBody {
		switch v := form[name].(type) {
		case bool:
			return responseBody{name, "BOOLEAN", v}
		case []any:
			return responseBody{name, "MULTI_CHOICE", strings.Join(each(v, func(one any) string { return fmt.Sprint(one) }), ", ")}
		case string:
			return responseBody{name, "SHORT_TEXT", v}
		default:
			raw, _ := json.Marshal(v)
			return responseBody{name, "SHORT_TEXT", string(raw)}
		}
	})
}
