//go:build rig

// Package enable accepts the main job on the family of Debian and Ubuntu: real
// apt on throw-away machines, and the handler run as the agent runs it.
package enable
