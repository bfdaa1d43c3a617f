package webhook_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/interim-access/interim/internal/govern/webhook"
	"github.com/interim-access/interim/internal/platform/fault"
	"github.com/interim-access/interim/internal/platform/id"
)

var someone = id.KSUID(id.Static("someone"))

func TestAnswersAreRead(t *testing.T) {
	for _, c := range []struct {
		event webhook.Event
		body  string
		want  string
	}{
		{webhook.EventApproval, `{"version":"v1","approve":{"comment":"fine"}}`, "approve fine 0 "},
		{webhook.EventApproval, `{"deny":{}}`, "deny  0 "},
		{webhook.EventApproval, `{"reassign":{"newStepUserIds":["` + someone + `"],"comment":"c"}}`, "reassign c 1 "},
		{webhook.EventApproval, `{"reassign":{"new_step_user_ids":["` + someone + `"]}}`, "reassign  1 "},
		{webhook.EventApproval, `{"replacePolicy":{"policySteps":[{"accept":{}}]}}`, `replacePolicy  0 [{"accept":{}}]`},
		{webhook.EventApproval, `{"replace_policy":{"policy_steps":[{"accept":{}}]}}`, `replacePolicy  0 [{"accept":{}}]`},
		{webhook.EventApproval, `{"approve":{},"deny":null}`, "approve  0 "},
		{webhook.EventProvision, `{"version":"v1","complete":{"comment":"done"}}`, "complete done 0 "},
		{webhook.EventProvision, `{"errored":{"comment":"` + strings.Repeat("é", 1024) + `"}}`, "errored " + strings.Repeat("é", 1024) + " 0 "},
		{webhook.EventTest, ``, "received  0 "},
		{webhook.EventTest, `{"version":"v1"}`, "received  0 "},
		{webhook.EventPostAction, `<html>`, "received  0 "},
		{webhook.EventNotification, `ok`, "received  0 "},
	} {
		a, err := webhook.ParseAnswer(c.event, []byte(c.body))
		if got := fmt.Sprintf("%s %s %d %s", a.Verdict, a.Comment, len(a.Users), a.Steps); err != nil || got != c.want {
			t.Errorf("%s %s: %q, %v; want %q", c.event, c.body, got, err, c.want)
		}
	}
}

func TestWhatIsNoAnswerIsRefused(t *testing.T) {
	many := func(n int, one string) string { return strings.TrimSuffix(strings.Repeat(one+",", n), ",") }
	for _, c := range []struct {
		event     webhook.Event
		body, why string
	}{
		{webhook.EventApproval, ``, "not JSON"},
		{webhook.EventApproval, `{`, "not JSON"},
		{webhook.EventApproval, `[]`, "array"},
		{webhook.EventApproval, `{"approve":{}} {}`, "goes on"},
		{webhook.EventApproval, `{"aprove":{}}`, "not known"},
		{webhook.EventApproval, `{"approve":{"coment":""}}`, "not known"},
		{webhook.EventApproval, `{"approve":{"comment":1}}`, "comment"},
		{webhook.EventApproval, `{"version":"v2","approve":{}}`, "version"},
		{webhook.EventApproval, `{}`, "0 verdicts"},
		{webhook.EventApproval, `null`, "0 verdicts"},
		{webhook.EventApproval, `{"approve":{},"deny":{}}`, "2 verdicts"},
		{webhook.EventApproval, `{"complete":{}}`, "complete: is no answer"},
		{webhook.EventProvision, `{"approve":{}}`, "approve: is no answer"},
		{webhook.EventApproval, `{"approve":{"comment":"` + strings.Repeat("é", 1025) + `"}}`, "at most 1024"},
		{webhook.EventApproval, `{"approve":{"comment":"\u0000"}}`, "comment: is not valid text"},
		{webhook.EventApproval, `{"approve":{"newStepUserIds":["x"]}}`, "of reassign only"},
		{webhook.EventApproval, `{"approve":{"policySteps":[{}]}}`, "of replacePolicy only"},
		{webhook.EventApproval, `{"reassign":{}}`, "0 values"},
		{webhook.EventApproval, `{"reassign":{"newStepUserIds":[` + many(33, `"`+someone+`"`) + `]}}`, "33 values"},
		{webhook.EventApproval, `{"reassign":{"newStepUserIds":["x"]}}`, "pattern"},
		{webhook.EventApproval, `{"reassign":{"newStepUserIds":["000000000000000000000000000"]}}`, "not found"},
		{webhook.EventApproval, `{"replacePolicy":{}}`, "0 values"},
		{webhook.EventApproval, `{"replacePolicy":{"policySteps":[` + many(33, `{}`) + `]}}`, "33 values"},
		{webhook.EventTest, strings.Repeat("x", webhook.MaxBody+1), "more than 250000 bytes"},
	} {
		_, err := webhook.ParseAnswer(c.event, []byte(c.body))
		if err == nil || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s %.60s: %v, want %q", c.event, c.body, err, c.why)
		}
	}
}

func FuzzParseAnswer(f *testing.F) {
	for _, seed := range []string{
		"", "{}", `{"approve":{}}`, `{"deny":{"comment":"x"}}`, `{"reassign":{"newStepUserIds":["` + someone + `"]}}`,
		`{"replacePolicy":{"policySteps":[{"accept":{}}]}}`, `{"complete":{}}`, `{"errored":{}}`, `{"approve":{},"deny":{}}`, "\xff", `{"version":"v1"}`,
	} {
		f.Add(true, []byte(seed))
		f.Add(false, []byte(seed))
	}
	f.Fuzz(func(t *testing.T, approval bool, body []byte) {
		event := webhook.EventProvision
		if approval {
			event = webhook.EventApproval
		}
		a, err := webhook.ParseAnswer(event, body)
		if err != nil {
			if !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.TooLarge) {
				t.Errorf("%q: %v", body, err)
			}
			return
		}
		if a.Verdict == "" || len([]rune(a.Comment)) > webhook.MaxComment || len(a.Users) > webhook.MaxReassign ||
			(a.Verdict == webhook.Reassign) != (len(a.Users) > 0) || (a.Verdict == webhook.ReplacePolicy) != (len(a.Steps) > 0) {
			t.Errorf("%q: %+v", body, a)
		}
	})
}
