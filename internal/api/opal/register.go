package opal

// register serves everything there is, family by family.
func (d *Door) register() {
	d.users()
	d.apps()
	d.resources()
	d.groups()
	d.groupResources()
	d.containingGroups()
	d.groupBindings()
	d.reviewers()
	d.templates()
	d.owners()
	d.accessLists()
	d.accessStatus()
	d.accessChanges()
	d.delegations()
	d.requests()
	d.tokens()
	d.tags()
	d.bundles()
	d.contacts()
	d.mappings()
	d.events()
	d.eventStreams()
	d.remote()
	d.accessRules()
}
