package policy_test

import (
	"testing"
	"time"

	"github.com/interim-access/interim/internal/govern/directory"
	"github.com/interim-access/interim/internal/govern/policy"
	"github.com/interim-access/interim/internal/platform/fault"
)

// Conditions as people write them about a person, each of which would hold for one of whom nothing is known, and each of which would not.
var aboutPeople = []string{
	`subject.department != "Contractors"`, `subject.email != "mallory@example.com"`, `!(subject.job_title == "Intern")`, `subject.manager == ""`,
	`!c1.user.v1.HasApp(subject, "crm")`, `c1.user.v1.GetAppUserStatus(subject, "crm") != "USER_STATUS_DISABLED"`,
	`c1.directory.users.v1.GetManagers(subject).size() == 0`, `account.status != AppUserStatus.DISABLED`, `account.id == ""`,
	`task.subject_user_id != task.requestor_user_id`, `task.subjectUserId == ""`, `has(subject.email) == false`, `subject.department == "Red"`,
	`subject.email.endsWith("@example.com")`, `subject == subject`, `[subject].exists(s, s.department == "")`,
}

func TestNoConditionAboutThePersonDecidesAboutAGroup(t *testing.T) {
	onWorlds(t, func(w *world) {
		facts := w.facts()
		facts.Subject, facts.ForGroup = directory.User{}, true
		for _, condition := range aboutPeople {
			if holds, err := w.policies.Holds(w.ctx, condition, facts); holds || !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v, %v", condition, holds, err)
			}
			p := w.made(simple("p", policy.Grant, policy.Rule{Condition: condition, StepKey: "other"}))
			if plan, err := w.policies.Resolve(w.ctx, p.ID, facts); !fault.Is(err, fault.Precondition) {
				t.Errorf("%s: %v, %v", condition, plan.Key, err)
			}
			w.must(w.policies.Delete(w.ctx, p.ID))
		}
	})
}

func TestAConditionAboutAnythingElseDecidesAboutAGroupToo(t *testing.T) {
	onWorlds(t, func(w *world) {
		facts := w.facts()
		facts.Subject, facts.ForGroup = directory.User{}, true
		facts.Task.GrantDuration = time.Hour
		for condition, want := range map[string]bool{
			`task.grant_duration <= duration("2h")`: true, `task.is_grant_permanent`: false, `entitlement.slug == "nothing"`: false,
			`task.requestor_user_id == "` + shown(facts.Task.Opener) + `"`:                   true,
			`task.is_grant_permanent && subject.department == "Red"`:                         false, // the subject is not asked for
			`subject.department == "Red" || task.grant_duration <= duration("2h")`:           true,  // nor would it matter
			`task.is_grant_permanent ? subject.email == "x" : entitlement.system_builtin`:    true,
			`c1.directory.users.v1.FindByName("Grace").email == "Grace@example.com" && true`: true,
		} {
			if holds, err := w.policies.Holds(w.ctx, condition, facts); err != nil || holds != want {
				t.Errorf("%s: %v, %v", condition, holds, err)
			}
		}
	})
}

// An expression that names nobody passes its step over; one about the managers of nobody must not.
func TestNoExpressionAboutThePersonNamesWhoDecidesAboutAGroup(t *testing.T) {
	onWorlds(t, func(w *world) {
		facts := w.facts()
		facts.Subject, facts.ForGroup = directory.User{}, true
		for _, text := range []string{`subject`, `c1.directory.users.v1.GetManagers(subject)`, `c1.directory.users.v1.DirectReports(subject)`} {
			if list, err := w.policies.Approvers(w.ctx, []string{text}, facts); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v, %v", text, list, err)
			}
		}
		if list, err := w.policies.Approvers(w.ctx, []string{`c1.directory.users.v1.FindByName("Grace")`}, facts); err != nil || len(list) != 1 {
			t.Errorf("%v, %v", list, err)
		}
	})
}
