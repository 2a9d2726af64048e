//go:build !rig

package hostile

// everyCrowd: TestThousandInstances simulates three of its crowds, which takes one second
// of processor time instead of five.
const everyCrowd = false
