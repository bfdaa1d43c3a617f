package audit

import (
	"encoding/json"
	"fmt"
	"reflect"
)

// Changes is what an event of a change says: of each member that differs in the JSON of the two, {"from": …, "to": …}; null where there
// is none. Empty if nothing differs.
func Changes(before, after any) (map[string]any, error) {
	old, err := members(before)
	if err != nil {
		return nil, err
	}
	now, err := members(after)
	if err != nil {
		return nil, err
	}
	diff := map[string]any{}
	for _, side := range []map[string]any{old, now} {
		for name := range side {
			if !reflect.DeepEqual(old[name], now[name]) {
				diff[name] = map[string]any{"from": old[name], "to": now[name]}
			}
		}
	}
	return diff, nil
}

func members(v any) (map[string]any, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("members of %T: %w", v, err)
	}
	m := map[string]any{}
	return m, json.Unmarshal(raw, &m)
}
