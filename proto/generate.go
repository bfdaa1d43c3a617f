// Package proto holds the wire contract: one folder per protobuf package, and nothing in Go but the line that turns it into
// gen/. Field and enum numbers are frozen: add, never renumber or reorder.
package proto

//go:generate go run ./protogen . ../gen protoc-gen-go=paths=source_relative protoc-gen-go-grpc=paths=source_relative protoc-gen-openapiv3
