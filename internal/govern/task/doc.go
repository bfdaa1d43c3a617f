// Package task owns the tasks: somebody asks for access, the policy says who decides, people decide, access is given for as long as
// was asked, and another task takes it away.
//
// A task goes through the steps of its plan, which it took from the policy when it began and which later changes of the policy do
// not touch. [Task.Apply] is all of it: (task, event, now) → (task, effects). What an effect brings back is an event again, in the
// same transaction where it can be.
//
//	          Created
//	             │          ┌───────────────────── over: the next step of the plan ────────────────────┐
//	             ▼          ▼                                                                          │
//	┌──────────────────────────────────────────────────────────────────────────────────────────────┐   │
//	│ approval   INIT ──Resolved──▶ WAITING ──Decision yes, Skip, Answered yes, escalation: skip───┼──▶┤
//	│              │ └─Resolved: the expression named nobody───────────────────────────────────────┼──▶┤
//	│              │                   ├──Decision yes, and a slot of all is not filled ──Resolved──▶ ↺  │   │
//	│              │                   ├──Reassign, Again, escalation: reassign──▶ INIT, another id  │   │
//	│              │                   ├──Decision no, Answered no──▶ closed DENIED (DECERTIFIED)    │   │
//	│              │                   └──escalation: cancel──▶ closed CANCELLED                     │   │
//	│ accept     ────────────────────────────────────────────────────────────────────────────────────┼──▶┤
//	│ reject     ──▶ closed DENIED                                                                   │   │
//	│ wait       WAITING ──its time, Checked: holds, Skip, Now───────────────────────────────────────┼──▶┤
//	│              └──timeout──▶ closed WAIT_TIMED_OUT                                               │   │
//	│ provision  connector, delegated, unconfigured: GrantAccess ──Carried: over─────────────────────┼──▶┤
//	│              │ manual: INIT ──Resolved──▶ WAITING ──ByPerson: done──▶ GrantAccess, unless a    │   │
//	│              │ webhook: WAITING ──Answered──▶ ──────────────────────  later step does ─────────┼──▶┘
//	│              └──Carried: error, ByPerson: failed, ticket──▶ outcome ERROR ──RetryProvision──▶ ↺│
//	└──────────────────────────────────────────────────────────────────────────────────────────────┘
//	  │ Cancel ──▶ closed CANCELLED            after the last step ──▶ closed GRANTED, REVOKED, CERTIFIED
//	  │ nobody decided in time ──▶ closed WAIT_TIMED_OUT
//	  │ StartOver, SetData, SetDuration (longer) ──▶ first step      Planned, Emergency ──▶ first step of another plan
//
// A revocation takes the access when its provision step begins; what is left to be done by hand or by a webhook comes after. At the
// end of a grant (Auto) the steps that ask somebody pass by themselves, because access ends on time.
//
// Access may be asked for a group: then the task has no subject, GrantAccess binds what is asked for to what the group's members hold,
// until the end, and whoever is a member at that moment is a party.
//
// Access may be proposed by what enrolls people, see [automation.Tasks]: then nobody opened the task, and what it gives is held by way of
// what proposed it.
//
// A step that wants all of its slots has a [Seat] for each. An approval fills every seat its giver stands for at that moment, by
// themself or for somebody else, and the step passes with the last. What is filled stays so while the step is open, whoever its people
// are by then, and also where what is left is given to others; it is empty again where the step begins again. One no is enough.
//
// Each opening of a step has an id of its own. Whoever decides names the opening they saw; about another one they get a Conflict.
//
// Invariants:
//   - access is given once for a task, and an extension never provisions;
//   - a step that wants all of its slots passes when each was filled by somebody who could fill it at that moment, and no sooner;
//   - neither the subject, a member of the group it is about, nor the opener decides, by no way, unless the step lets them; who decides
//     was eligible at that moment;
//   - nothing changes without an entry in the task's history and in the audit, in the same transaction;
//   - a closed task never changes; of two changes at once one wins and the other is a Conflict;
//   - one open task for a subject, account or group, an entitlement and a kind.
//
// Who may decide is found when it is asked: a [Question] is answered over [Facts], purely. What the rows of a step keep are slots,
// which name people by what they are, so that "my work" is a query over what is true at that moment; see [WorkSQL].
//
// CEL and policies are asked before the transaction. A transaction that finds it needs an answer nobody has got yet is given up, the
// answer found, and the transaction run again.
package task
