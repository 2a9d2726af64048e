// Package order sorts as slices.SortStableFunc does, but without a copy of the sorting code
// for each type, each of which would add ten kilobytes to the program that every machine
// downloads.
package order

import "sort"

// By sorts a slice by a comparison; equal elements keep their order.
func By[T any](s []T, compare func(a, b T) int) {
	sort.SliceStable(s, func(i, j int) bool { return compare(s[i], s[j]) < 0 })
}
