//go:build rig

package trust

// rigFingerprints pins the key of the test rig, test/lib/keys/rig.pub.asc. Only
// binaries that are built for the rig, with the tag of that name, have it.
func rigFingerprints() []string { return []string{"22C3281A92D14003FB53BBE8155C3D5C17105335"} }
