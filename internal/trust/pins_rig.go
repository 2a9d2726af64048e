//go:build rig

package trust

// rigFingerprints pins the key of the test machines, test/lib/keys/rig.pub.asc. Only
// programs built for tests, with the build tag rig, contain it.
func rigFingerprints() []string { return []string{"22C3281A92D14003FB53BBE8155C3D5C17105335"} }
