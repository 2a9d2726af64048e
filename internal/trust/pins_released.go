//go:build !rig

package trust

// rigFingerprints is empty in all released programs; see pins_rig.go.
func rigFingerprints() []string { return nil }
