package c1

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"pgregory.net/rapid"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	"github.com/interim-access/interim/internal/govern/app"
	"github.com/interim-access/interim/internal/platform/fault"
)

func fieldPaths(list ...string) *fieldmaskpb.FieldMask { return &fieldmaskpb.FieldMask{Paths: list} }

func TestAMaskNamesTopLevelFields(t *testing.T) {
	object := &appv1.AppEntitlement{DisplayName: "a", MaxGrantDuration: &appv1.AppEntitlement_DurationUnset{DurationUnset: &emptypb.Empty{}}}
	for name, c := range map[string]struct {
		mask *fieldmaskpb.FieldMask
		want []string
	}{
		"one":                               {fieldPaths("alias"), []string{"alias"}},
		"the members of a oneof together":   {fieldPaths("duration_grant"), []string{"duration_grant", "duration_unset"}},
		"what is set, without a mask":       {nil, []string{"display_name", "duration_grant", "duration_unset"}},
		"what is set, with an empty mask":   {fieldPaths(), []string{"display_name", "duration_grant", "duration_unset"}},
		"twice is once":                     {fieldPaths("slug", "slug"), []string{"slug"}},
		"an empty field can be asked for":   {fieldPaths("description"), []string{"description"}},
		"a nested message is one field":     {fieldPaths("provisioner_policy"), []string{"provisioner_policy"}},
		"a read-only field is named freely": {fieldPaths("created_at"), []string{"created_at"}},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := UpdateMask("entitlement", object, c.mask)
			if got := slices.Sorted(maps.Keys(m)); err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%q, %v; want %q", got, err, c.want)
			}
		})
	}
	m, err := UpdateMask("entitlement", object, fieldPaths("*"))
	if err != nil || len(m) != object.ProtoReflect().Descriptor().Fields().Len() {
		t.Errorf("*: %d fields, %v", len(m), err)
	}
}

func TestAMaskThatNamesNothingIsRefused(t *testing.T) {
	for _, path := range []string{"color", "", ".", "displayName", "display_name.x", "provisioner_policy.manual", "id.", strings.Repeat("é", 5000)} {
		_, err := UpdateMask("entitlement", &appv1.AppEntitlement{}, fieldPaths(path))
		if !fault.Is(err, fault.Invalid) || fault.Of(err).Field != "updateMask" || len(err.Error()) > 600 {
			t.Errorf("%q: %v", path, err)
		}
	}
	if _, err := UpdateMask("entitlement", &appv1.AppEntitlement{}, fieldPaths(make([]string, MaxPaths+1)...)); !fault.Is(err, fault.Invalid) {
		t.Errorf("too many: %v", err)
	}
	var none *appv1.AppEntitlement
	for _, object := range []proto.Message{none, nil} {
		if _, err := UpdateMask("entitlement", object, fieldPaths("id")); !fault.Is(err, fault.Invalid) || fault.Of(err).Field != "entitlement" {
			t.Errorf("without an object: %v", err)
		}
	}
}

// masked are the fields of an entitlement that an update writes, and where they land.
var masked = map[string]func(e app.Entitlement) any{
	"display_name":         func(e app.Entitlement) any { return e.DisplayName },
	"description":          func(e app.Entitlement) any { return e.Description },
	"alias":                func(e app.Entitlement) any { return e.Alias },
	"slug":                 func(e app.Entitlement) any { return e.Slug },
	"purpose":              func(e app.Entitlement) any { return e.Purpose },
	"duration_grant":       func(e app.Entitlement) any { return e.MaxGrant },
	"provisioner_policy":   func(e app.Entitlement) any { return string(e.Provision) },
	"deprovisioner_policy": func(e app.Entitlement) any { return string(e.Deprovision) },
}

func drawEntitlement(t *rapid.T, label string) *appv1.AppEntitlement {
	word := func(name string) string {
		return rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, label+" "+name)
	}
	v := &appv1.AppEntitlement{
		DisplayName: word("name"), Description: word("description"), Alias: word("alias"), Slug: word("slug"),
		Purpose: appv1.AppEntitlementPurposeValue(rapid.Int32Range(0, 3).Draw(t, label+" purpose")),
	}
	if n := rapid.Int64Range(0, 3).Draw(t, label+" longest"); n > 0 {
		v.MaxGrantDuration = &appv1.AppEntitlement_DurationGrant{DurationGrant: &durationpb.Duration{Seconds: n}}
	}
	for _, p := range []string{"", `{"manual":{}}`, `{"unconfigured":{}}`} {
		if rapid.Bool().Draw(t, label+" policy") {
			v.ProvisionerPolicy = encodePolicy([]byte(p))
		}
		if rapid.Bool().Draw(t, label+" other policy") {
			v.DeprovisionerPolicy = encodePolicy([]byte(p))
		}
	}
	return v
}

func TestAnUpdateWritesWhatTheMaskNamesAndNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := Mask{}
		for f := range masked {
			all[f] = true
		}
		apply := func(v *appv1.AppEntitlement, m Mask, onto app.Entitlement) app.Entitlement {
			change, err := decodeEntitlementChange(v, m, false)
			if err != nil {
				t.Fatal(err)
			}
			if err := change(&onto); err != nil {
				t.Fatal(err)
			}
			return onto
		}
		before := apply(drawEntitlement(t, "before"), all, app.Entitlement{})
		object := drawEntitlement(t, "object")
		whole := apply(object, all, before)
		m := Mask{}
		for _, f := range rapid.SliceOf(rapid.SampledFrom(slices.Sorted(maps.Keys(masked)))).Draw(t, "mask") {
			m[f] = true
		}
		after := apply(object, m, before)
		for f, member := range masked {
			want := member(before)
			if m[f] {
				want = member(whole)
			}
			if member(after) != want {
				t.Errorf("%s is %v, want %v", f, member(after), want)
			}
		}
	})
}
