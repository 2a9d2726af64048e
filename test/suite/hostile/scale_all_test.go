//go:build rig

package hostile

// everyCrowd: TestThousandInstances simulates all of its crowds.
const everyCrowd = true
