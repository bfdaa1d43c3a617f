// Package catalog owns what can be asked for: the catalogs with what is in them and who sees them, the forms that are filled in with a
// request, and the defaults and settings of requests.
//
//	Catalog ─┬─ entry:    an entitlement that can be asked for
//	         └─ audience: an entitlement whose holders see the catalog
//	App ── Defaults: catalogs, policy, form and longest grant of the entitlements in it that say nothing themselves
//	Entitlement ── Schema: the form
//
//	catalog, schema:  live ──Delete──▶ deleted (shown, with nothing else left of it)
//
// An entitlement is listed for a person exactly if it is in a catalog that the person sees:
//
//	sees ⇔ catalog live ∧ published ∧ (visible to everyone ∨ the person has access now by an entitlement of the audience)
//	in   ⇔ put there ∨ the app's defaults are enabled, are for its resource type and name the catalog
//
// [Catalog.VisibleTo] and [Listed] say it for one; [SeenSQL] and [InSQL] say the same in SQL, and every question is asked with them.
// What is listed can be asked for, unless its item is kept from the person; see package item, whose rule that is.
//
// Defaults are looked up when a question comes and are written to no entitlement: what an entitlement says itself comes first, and a
// change of the defaults counts at once, also for entitlements that a connector has yet to read.
//
// Invariants:
//   - a catalog that is not published, or deleted, is seen by nobody, whatever its audience is;
//   - an audience counts while its entitlement is held, by the rule of package grant, and not a moment longer;
//   - a form that an entitlement or defaults ask with is live; what is filled in is checked against the form as it is then;
//   - every pattern of a form was read by RE2 when it was saved, so that checking takes time linear in what was filled in;
//   - who is enrolled in a catalog holds its membership, an entitlement of Interim's own app that is bound to what was put into the
//     catalog: people come to it by the catalog's automation, which is a rule of package automation like every other, or by asking;
//   - where a catalog says ENFORCE, nobody gets what is in it, or loses it by leaving, but by a task that ran the entitlement's policy.
package catalog
