//go:build !amd64

package main

// ofThisArchitecture are harmless calls that other architectures have not.
func ofThisArchitecture(uint64) bool { return false }
