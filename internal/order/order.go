// Package order sorts as slices.SortStableFunc does, but without a copy of the sorting code
// for each type, each of which would add ten kilobytes to the program that every machine
// downloads.
package order

import "sort"

// By sorts a slice by a comparison; equal elements keep their order.
func By[T any](s []T, compare func(a, b T) int) {
	sort.Stable(list{len(s), func(i, j int) bool { return compare(s[i], s[j]) < 0 }, func(i, j int) { s[i], s[j] = s[j], s[i] }})
}

// list is not generic, because its methods would be linked once for each type.
type list struct {
	length int
	less   func(i, j int) bool
	swap   func(i, j int)
}

func (l list) Len() int           { return l.length }
func (l list) Less(i, j int) bool { return l.less(i, j) }
func (l list) Swap(i, j int)      { l.swap(i, j) }
