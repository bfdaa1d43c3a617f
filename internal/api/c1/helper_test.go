package c1

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	appv1 "github.com/interim-access/interim/gen/c1/api/app/v1"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
	"github.com/interim-access/interim/internal/platform/page"
)

func TestAnExpandedObjectIsThereOnce(t *testing.T) {
	x, err := NewExpander([]string{"*"}, "app_id", "other")
	if err != nil || !x.Wants("app_id") || !x.Wants("other") || x.Wants("color") {
		t.Fatalf("%+v, %v", x, err)
	}
	var nothing *appv1.App
	got := []string{
		x.Path("app/1", &appv1.App{Id: "1"}), x.Path("app/2", &appv1.App{Id: "2"}), x.Path("app/1", &appv1.App{Id: "1"}),
		x.Path("app/3", nothing), x.Path("app/3", nil),
	}
	if want := []string{"$.expanded[0]", "$.expanded[1]", "$.expanded[0]", "", ""}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	second := &appv1.App{}
	if len(x.List()) != 2 || x.List()[1].UnmarshalTo(second) != nil || second.GetId() != "2" {
		t.Errorf("%v", x.List())
	}
}

func TestAnExpanderOfNobodyWantsNothing(t *testing.T) {
	var none *Expander
	if none.Wants("app_id") || none.List() != nil {
		t.Error("a nil expander wants something")
	}
}

func TestAnUnknownPathToExpandIsRefused(t *testing.T) {
	for _, list := range [][]string{{"color"}, {""}, {"app_id", "appId"}, make([]string, MaxPaths+1)} {
		_, err := NewExpander(list, "app_id")
		if !fault.Is(err, fault.Invalid) || fault.Of(err).Field != "expandMask.paths" {
			t.Errorf("%q: %v", list, err)
		}
	}
}

func TestAPageIsBoundToTheFiltersOfItsList(t *testing.T) {
	d := &Deps{Tokens: page.NewTokens(make([]byte, 32))}
	first, err := d.Page(&appv1.SearchAppsRequest{Query: "a", PageSize: 3})
	if err != nil || first.Size != 3 || first.After != nil {
		t.Fatalf("%+v, %v", first, err)
	}
	token := first.Token(page.Key{"k"})
	for name, c := range map[string]struct {
		req Paged
		ok  bool
	}{
		"the same filters":         {&appv1.SearchAppsRequest{Query: "a", PageToken: token}, true},
		"other filters":            {&appv1.SearchAppsRequest{Query: "b", PageToken: token}, false},
		"another list":             {&appv1.ListAppsRequest{PageToken: token}, false},
		"what is no token":         {&appv1.SearchAppsRequest{Query: "a", PageToken: token + "x"}, false},
		"a filter that is no text": {&appv1.SearchAppsRequest{Query: "\xff", PageToken: token}, false},
	} {
		p, err := d.Page(c.req)
		if c.ok != (err == nil) || (c.ok && !slices.Equal(p.After, page.Key{"k"})) || (!c.ok && !fault.Is(err, fault.Invalid)) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	if first.Token(nil) != "" {
		t.Error("the last page has a token")
	}
}

func TestWhatAPageShowsMayDifferFromPageToPage(t *testing.T) {
	d := &Deps{Tokens: page.NewTokens(make([]byte, 32))}
	p, err := d.Page(&appv1.AppUserServiceSearchRequest{ExpandMask: &appv1.AppUserExpandMask{Paths: []string{"*"}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Page(&appv1.AppUserServiceSearchRequest{PageToken: p.Token(page.Key{"k"})}); err != nil {
		t.Error(err)
	}
}

func TestAFieldWithoutAValueAsksForNothing(t *testing.T) {
	fields := []string{"grant_policy_id", "revoke_grant_sources", "app_user_mapper", "annotations", "monthly_cost_usd"}
	for name, c := range map[string]struct {
		object *appv1.App
		mask   Mask
		want   string
	}{
		"nothing":                 {&appv1.App{AppUserMapper: &appv1.AppUserMapper{}}, nil, ""},
		"a text":                  {&appv1.App{GrantPolicyId: "x"}, nil, "App.grantPolicyId is not served yet"},
		"a flag":                  {&appv1.App{RevokeGrantSources: true}, nil, "App.revokeGrantSources is not served yet"},
		"a message":               {&appv1.App{AppUserMapper: &appv1.AppUserMapper{AppId: "x"}}, nil, "App.appUserMapper is not served yet"},
		"a map":                   {&appv1.App{Annotations: map[string]string{"a": ""}}, nil, "App.annotations is not served yet"},
		"one the mask leaves out": {&appv1.App{GrantPolicyId: "x", MonthlyCostUsd: 1}, Mask{"monthly_cost_usd": true}, "App.monthlyCostUsd is not served yet"},
		"none the mask names":     {&appv1.App{GrantPolicyId: "x"}, Mask{}, ""},
	} {
		err := NotServed(c.object, c.mask, fields...)
		if got := fault.Of(err); (c.want == "") != (err == nil) || (got != nil && (got.Message != c.want || got.Code != fault.Unimplemented)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestTextsThatNoDatabaseKeepsAreRefused(t *testing.T) {
	for _, bad := range []string{"\xff", "a\x00b", strings.Repeat("é", 6)} {
		if err := CheckText("query", bad, 5); !fault.Is(err, fault.Invalid) || fault.Of(err).Field != "query" {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := CheckText("query", strings.Repeat("é", 5), 5); err != nil {
		t.Error(err)
	}
}

func TestEnumValuesKeepTheirWords(t *testing.T) {
	for n, name := range appv1.AppUserType_name {
		word, err := EnumName[string]("appUserType", accountTypePrefix, appv1.AppUserType(n))
		if err != nil || (n != 0 && accountTypePrefix+word != name) || (n == 0 && word != "") {
			t.Errorf("%s: %q, %v", name, word, err)
		}
		if back := EnumValue[appv1.AppUserType](appv1.AppUserType_value, accountTypePrefix, word); back != appv1.AppUserType(n) {
			t.Errorf("%q is shown as %v", word, back)
		}
	}
	if _, err := EnumName[string]("appUserType", accountTypePrefix, appv1.AppUserType(99)); !fault.Is(err, fault.Invalid) {
		t.Errorf("99: %v", err)
	}
	if _, err := EnumNames[string]("kinds", accountTypePrefix, make([]appv1.AppUserType, 1)); !fault.Is(err, fault.Invalid) {
		t.Errorf("a filter of nothing: %v", err)
	}
	if _, err := EnumNames[string]("kinds", accountTypePrefix, make([]appv1.AppUserType, MaxFilter+1)); !fault.Is(err, fault.Invalid) {
		t.Errorf("a long filter: %v", err)
	}
}

func TestARefusalSpellsIdentitiesAsTheDoorDoes(t *testing.T) {
	uuid := id.Static("x")
	cause := errors.New("sql")
	original := fault.Wrap(fault.NotFound, cause, "app not found: %s", uuid).With(fault.Detail{Reason: "R", Metadata: map[string]string{"id": uuid}})
	err := spell(original)
	f := fault.Of(err)
	if f.Message != "app not found: "+id.KSUID(uuid) || f.Details[0].Metadata["id"] != id.KSUID(uuid) || !errors.Is(err, cause) {
		t.Errorf("%q %v", f.Message, f.Details)
	}
	if original.Message != "app not found: "+uuid {
		t.Error("the fault itself was rewritten")
	}
	for _, same := range []error{nil, cause, fault.New(fault.Invalid, "no identity"), fault.New(fault.Invalid, "f47ac10b-58cc-4372-a567-0e02b2c3d479")} {
		if got := spell(same); !errors.Is(got, same) {
			t.Errorf("%v became %v", same, got)
		}
	}
}

// registrar keeps what is registered.
type registrar struct{ desc *grpc.ServiceDesc }

func (r *registrar) RegisterService(desc *grpc.ServiceDesc, _ any) { r.desc = desc }

type refusing struct{ appv1.UnimplementedAppsServer }

func (refusing) Get(context.Context, *appv1.GetAppRequest) (*appv1.GetAppResponse, error) {
	return nil, fault.Missing("app", id.Static("x"))
}

func TestInterceptorsSeeTheSpelledRefusal(t *testing.T) {
	var r registrar
	appv1.RegisterAppsServer(Spelled(&r), refusing{})
	var get grpc.MethodDesc
	for _, m := range r.desc.Methods {
		if m.MethodName == "Get" {
			get = m
		}
	}
	want := "app not found: " + id.KSUID(id.Static("x"))
	dec := func(any) error { return nil }
	if _, err := get.Handler(refusing{}, t.Context(), dec, nil); err == nil || err.Error() != want {
		t.Errorf("without an interceptor: %v", err)
	}
	var seen error
	_, err := get.Handler(refusing{}, t.Context(), dec, func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		reply, err := next(ctx, req)
		seen = err
		return reply, err
	})
	if err == nil || seen == nil || seen.Error() != want {
		t.Errorf("with one: %v, %v", err, seen)
	}
}

func FuzzProvisioningPolicy(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"manual":{"instructions":"x"}}`, `{"multiStep":{"provisionSteps":[{"unconfigured":{}}]}}`, "[", `{"x":1}`, `{"connector":{"account":{"config":{"a":[1,null]}}}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, stored []byte) {
		p := encodePolicy(stored) // whatever is stored, reading it never fails
		if p == nil {
			return
		}
		raw, err := decodePolicy("provisionerPolicy", p)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%q: %v", stored, err)
			}
			return
		}
		if again := encodePolicy(raw); !proto.Equal(again, p) {
			t.Errorf("%q: %v became %v", stored, p, again)
		}
	})
}
