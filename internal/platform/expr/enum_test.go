package expr

import (
	"maps"
	"testing"
)

func TestAnEnumIsNamedInBothSpellings(t *testing.T) {
	e := Enumerate("AppUserType", "USER", "SERVICE_ACCOUNT")
	want := map[string]int64{
		"AppUserType.UNSPECIFIED": 0, "AppUserType.USER": 1, "AppUserType.SERVICE_ACCOUNT": 2,
		"APP_USER_TYPE_UNSPECIFIED": 0, "APP_USER_TYPE_USER": 1, "APP_USER_TYPE_SERVICE_ACCOUNT": 2,
	}
	if got := Constants(e); !maps.Equal(got, want) {
		t.Errorf("%v", got)
	}
	for value, want := range map[string]int64{"USER": 1, "SERVICE_ACCOUNT": 2, "": 0, "UNSPECIFIED": 0, "ROBOT": 0} {
		if got := e.Number(value); got != want {
			t.Errorf("%q is %d, not %d", value, got, want)
		}
	}
}
