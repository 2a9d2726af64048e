// Package order sorts as slices.SortStableFunc does, without a copy of the whole
// sorting for each type, of which every one costs ten kilobytes of the program
// that each machine downloads.
package order

import "sort"

// By sorts a slice by a comparison; what is equal stays in its order.
func By[T any](s []T, compare func(a, b T) int) {
	sort.Stable(list{len(s), func(i, j int) bool { return compare(s[i], s[j]) < 0 }, func(i, j int) { s[i], s[j] = s[j], s[i] }})
}

// list is of no type of its own: methods would be linked for each once more.
type list struct {
	length int
	less   func(i, j int) bool
	swap   func(i, j int)
}

func (l list) Len() int           { return l.length }
func (l list) Less(i, j int) bool { return l.less(i, j) }
func (l list) Swap(i, j int)      { l.swap(i, j) }
