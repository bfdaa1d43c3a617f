package c1

import "google.golang.org/grpc"

// Register puts every service of this door on r: the gRPC server and the JSON
// gateway alike, which therefore serve the same handlers.
func (d *Deps) Register(r grpc.ServiceRegistrar) {
}
