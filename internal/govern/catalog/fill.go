package catalog

import (
	"encoding/json"

	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/db"
)

// Fill answers what a request for an entitlement brings for its form, by answers that are texts under the names of fields, several where
// several were chosen: those that the form asks for, each of the kind that its field is. nil where no form asks for any of them. Whether
// they will do is for [Service.FillForm]. NotFound for the entitlement.
func (s *Service) Fill(q db.Q, ref app.EntitlementRef, answers map[string][]string) (json.RawMessage, error) {
	v, err := s.FormOf(q, ref)
	if err != nil || v.ID == "" {
		return nil, err
	}
	f, err := ParseForm(v.Form)
	if err != nil {
		return nil, err
	}
	return f.fill(answers)
}

func (f Form) fill(answers map[string][]string) (json.RawMessage, error) {
	data := map[string]any{}
	for _, v := range f.Fields {
		switch given := answers[v.Name]; {
		case len(given) == 0:
		case v.Slice != nil || len(given) > 1:
			data[v.Name] = given
		case v.Bool != nil && (given[0] == "true" || given[0] == "false"):
			data[v.Name] = given[0] == "true"
		default:
			data[v.Name] = given[0]
		}
	}
	if len(data) == 0 {
		return nil, nil
	}
	return json.Marshal(data)
}
