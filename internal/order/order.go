// Package order sorts as slices.SortStableFunc does, without a copy of the whole
// sorting for each type, of which every one costs ten kilobytes of the program
// that each machine downloads.
package order

import "sort"

// By sorts a slice by a comparison; what is equal stays in its order.
func By[T any](s []T, compare func(a, b T) int) { sort.Stable(list[T]{s, compare}) }

type list[T any] struct {
	of      []T
	compare func(a, b T) int
}

func (l list[T]) Len() int           { return len(l.of) }
func (l list[T]) Less(i, j int) bool { return l.compare(l.of[i], l.of[j]) < 0 }
func (l list[T]) Swap(i, j int)      { l.of[i], l.of[j] = l.of[j], l.of[i] }
