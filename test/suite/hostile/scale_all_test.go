//go:build rig

package hostile

// everyCrowd: TestThousandInstances takes all of its crowds.
const everyCrowd = true
