package transcode

import (
	"encoding/json"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// updateMask returns the mask that reaches the handler of an update.
func updateMask(t *testing.T, body string) string {
	t.Helper()
	var got struct{ UpdateMask *string }
	if err := json.Unmarshal([]byte(decoded(t, "POST", "/odd/v1/boxes/b/things/t", body)), &got); err != nil {
		t.Fatal(err)
	}
	if got.UpdateMask == nil {
		t.Fatalf("%s: the handler got no mask", body)
	}
	return *got.UpdateMask
}

func TestAnUpdateWithoutAMaskTakesTheKeysOfTheWrapper(t *testing.T) {
	for body, want := range map[string]string{
		`{"thing":{"displayName":"x"}}`:                                                       "displayName",
		`{"thing":{"display_name":"x"}}`:                                                      "displayName",
		`{"thing":{"disp\u006cayName":"x"}}`:                                                  "displayName",
		`{"thing":{"flag":false,"small":0,"displayName":""}}`:                                 "flag,small,displayName",
		`{"thing":{"ref":null,"tags":[]}}`:                                                    "ref,tags",
		`{"thing":{"byName":"x","maybeFlag":false}}`:                                          "byName,maybeFlag",
		`{"thing":{"APIKey":"x"}}`:                                                            "apiKey",
		`{"thing":{}}`:                                                                        "",
		`{"dryRun":true,"thing":{"tags":["flag","}"],"small":1}}`:                             "tags,small",
		`{"ref":{"id":"x"},"thing":{"small":1},"expandMask":{"paths":[]}}`:                    "small",
		"{ \"thing\" :\n{ \"small\" : 1 ,\t\"labels\" : {\"flag\":\"a\"} } }":                 "small,labels",
		`{"boxId":"thing","thing":{"labels":{"\"}":"{\"thing\":{\"flag\":1}}"},"flag":true}}`: "labels,flag",
	} {
		if got := updateMask(t, body); got != want {
			t.Errorf("%s: mask %q, want %q", body, got, want)
		}
	}
}

func TestANestedMessageIsReplacedWhole(t *testing.T) {
	if got := updateMask(t, `{"thing":{"ref":{"inner":{"id":"x"}},"profile":{"a":{"flag":1}},"refs":[{"id":"y"}]}}`); got != "ref,profile,refs" {
		t.Error(got)
	}
}

func TestOutputOnlyFieldsAndPathFieldsStayOutOfAMadeMask(t *testing.T) {
	if got := updateMask(t, `{"thing":{"id":"other","madeAt":"2026-01-01T00:00:00Z","flag":true}}`); got != "flag" {
		t.Error(got)
	}
}

func TestAReadOnlyFieldThatIsMarkedOptionalIsWritten(t *testing.T) {
	if got := updateMask(t, `{"thing":{"ownerId":"x","madeAt":null}}`); got != "ownerId" {
		t.Error(got)
	}
}

// What upstream only shows, an operation of our own may write.
func TestReadOnlyFieldsOfABorrowedMessageAreItsOperationsOwnChoice(t *testing.T) {
	borrowed := updateRuleOf(oddMessage(t, "UpdateBorrowed"), nil)
	if !isOutputOnly(borrowed.wrapper.Message().Fields().ByName("email")) {
		t.Fatal("the sample field is not read-only upstream")
	}
	if borrowed.fields["email"] != "email" {
		t.Errorf("fields: %v", borrowed.fields)
	}
}

func TestAPathFieldOfTheWrapperStaysOutOfAMadeMaskEvenWhenWritable(t *testing.T) {
	input := oddMessage(t, "UpdateRequest")
	param, err := bind(input, "thing.display_name")
	if err != nil {
		t.Fatal(err)
	}
	u := updateRuleOf(input, []binding{param})
	if u.fields["displayName"] != "" || u.fields["display_name"] != "" || u.fields["flag"] != "flag" {
		t.Errorf("fields: %v", u.fields)
	}
	if whole, err := bind(input, "thing.ref.id"); err != nil || updateRuleOf(input, []binding{whole}).fields["ref"] != "" {
		t.Errorf("a message filled in part by the path stays in the mask (%v)", err)
	}
}

func TestAMaskInTheBodyIsKept(t *testing.T) {
	for body, want := range map[string]string{
		`{"thing":{"displayName":"x"},"updateMask":"flag,displayName"}`: "flag,displayName",
		`{"update_mask":"ref.inner.id","thing":{}}`:                     "ref.inner.id",
		`{"thing":{"flag":true},"updateMask":""}`:                       "flag",
		`{"thing":{"flag":true},"updateMask":null}`:                     "flag",
	} {
		if got := updateMask(t, body); got != want {
			t.Errorf("%s: mask %q, want %q", body, got, want)
		}
	}
}

func TestAnUpdateWithoutItsObjectIsRefusedNamingIt(t *testing.T) {
	for _, body := range []string{"", "{}", `{"thing":null}`, `{"updateMask":"flag"}`, `{"ref":{},"expandMask":{}}`} {
		got := refused(t, "POST", "/odd/v1/boxes/b/things/t", body, codes.InvalidArgument)
		if got != "thing: is missing: an update needs the object to update" {
			t.Errorf("%q: %s", body, got)
		}
	}
}

func TestAMaskWithAnUnknownPathIsRefusedNamingIt(t *testing.T) {
	for mask, want := range map[string]string{
		"nope":             `updateMask: thing has no field "nope"`,
		"flag,noSuchField": `updateMask: thing has no field "noSuchField"`,
		"ref.nope":         `updateMask: thing has no field "ref.nope"`,
		"refs.id":          `updateMask: thing has no field "refs.id"`,
		"flag.x":           `updateMask: thing has no field "flag.x"`,
		"labels.x":         `updateMask: thing has no field "labels.x"`,
	} {
		got := refused(t, "POST", "/odd/v1/boxes/b/things/t", `{"thing":{},"updateMask":"`+mask+`"}`, codes.InvalidArgument)
		if got != want {
			t.Errorf("%s\ngot  %s\nwant %s", mask, got, want)
		}
	}
}

func TestOnlyARequestWithAMaskAndOneWrapperIsAnUpdate(t *testing.T) {
	for name, want := range map[protoreflect.Name]bool{
		"UpdateRequest": true, "UpdateOptional": true, "MergeRequest": false,
		"UpdateTwoWrappers": false, "UpdateNoWrapper": false, "UpdateOddMask": false,
	} {
		if got := updateRuleOf(oddMessage(t, name), nil) != nil; got != want {
			t.Errorf("%s: an update = %v, want %v", name, got, want)
		}
	}
}
