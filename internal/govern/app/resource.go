package app

import "time"

// Resource is a thing inside an app that entitlements give access to: a role, a group, a project.
type Resource struct {
	AppID    ID             `json:"-"`
	ID       ResourceID     `json:"-"`
	TypeID   ResourceTypeID `json:"resourceTypeId"`
	ParentID ResourceID     `json:"parentResourceId"` // empty: none
	// ParentTypeID is the type of the parent; it is read, never written.
	ParentTypeID ResourceTypeID `json:"-"`
	DisplayName  string         `json:"displayName"`
	Description  string         `json:"description"`
	ConnectorID  ConnectorID    `json:"-"` // empty: made by people
	ExternalID   string         `json:"-"`
	ResourceDoc
	CreatedAt time.Time `json:"-"`
	UpdatedAt time.Time `json:"-"`
	DeletedAt time.Time `json:"-"`
	Version   int64     `json:"-"`
}

// ResourceDoc is what a resource's row keeps beside the columns that are searched.
type ResourceDoc struct {
	CustomDescription string            `json:"customDescription,omitempty"` // written by people, whatever the connector reads
	Annotations       map[string]string `json:"annotations,omitempty"`
	Profile           map[string]any    `json:"profile,omitempty"` // what the connector says of it
	Edited            Edited            `json:"edited,omitempty"`
}

// Validate answers Invalid for the first member of r that breaks a limit.
func (r Resource) Validate() error {
	return all(
		required("displayName", r.DisplayName),
		prose("description", r.Description, MaxDescription),
		prose("customDescription", r.CustomDescription, MaxDescription),
	)
}

// Builtin reports whether every app has this resource.
func (r Resource) Builtin() bool { return r.ID == AccessResource }
