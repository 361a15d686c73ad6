// Package main exists so that `go mod tidy` accepts the folder; the programs are the tool lines of go.mod.
package main

func main() {}
