//go:build !amd64

package main

import "errors"

// ofThisArchitecture are harmless calls that only some architectures have.
func ofThisArchitecture(uint64) bool { return false }

// begin and finish set registers, which differ between architectures.
func begin(int, failure) error { return errors.New("system calls are made to fail on amd64 only") }

func finish(int, failure) error { return nil }
