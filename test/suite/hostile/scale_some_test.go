//go:build !rig

package hostile

// everyCrowd: TestThousandInstances takes three of its crowds, which is a second
// of processor time and not five.
const everyCrowd = false
