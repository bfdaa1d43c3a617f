// Package automation owns what gives access without anybody asking: rules, and entitlements that pass themselves on.
//
//   - A rule belongs to one entitlement and gives it to every enabled user it matches: those for whom an expression holds, those who
//     hold one of some entitlements, those whose tags and status match, or nobody. Users on its list of exclusions never match. A rule
//     that is paused gives and takes nothing until it goes on.
//   - A proxy binds two entitlements: who holds the source, a group say, holds the destination, a role say, until the proxy's end.
//
// What they give is a derived source of a grant: of a proxy its source entitlement, of a rule the entitlement itself. It is kept in the
// target where a connector manages the entitlement, goes when the reason goes, and never shortens what somebody has otherwise.
//
//	made ──▶ due ◀──────────── a source's grants or a user changed, or the period is over
//	          │  ▲
//	  the pass ▼  │ everything in step, or FAILED with its reason
//	         (rest)
//	deleted, or past its end ──▶ due ──▶ everything taken back ──▶ gone
//
// A pass works out who should hold the entitlement, outside of any transaction, and then gives and takes in transactions of at most
// [atOnce] grants, each with its audit events. A pass that was cut short is done again. A proxy follows, besides, in the transaction
// that changes who holds its source, where that means at most [atOnce] grants by way of all proxies behind it.
//
// A rule or a binding may have people asked first, see [Asking]: then its pass proposes a task for each, and what the tasks agree to is
// given and taken in their transactions. What was asked about whom is remembered in the transaction that opens the task.
//
// Invariants:
//   - a pass in which an expression fails for anybody changes nothing and says so; neither does one take from over a fifth of
//     [MaxDoubts] or more, or everything because the rule was changed to match nobody: who wants that saves the rule again as it is,
//     deletes it, or sets it to match nobody;
//   - what a proxy gives ends with the proxy, or with what its source was given for, whichever is sooner: each grant carries that end,
//     which denies whether or not a pass came by. The pass takes what ended, in steps; an end that was found is never moved;
//   - no entitlement is its own source, by however many proxies and rules: it would never be lost again;
//   - what the target takes [grant.MaxPutBacks] times in a row, and once more, is not given again before somebody changes the rule;
//   - what people are to be asked about no pass gives or takes by itself, and nobody is asked twice about the same person while they
//     stay as they are;
//   - of a rule or proxy that is deleted nothing stays behind, and the same may be made again at once.
package automation
