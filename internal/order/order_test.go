package order

import (
	"cmp"
	"slices"
	"testing"
)

func TestBy(t *testing.T) {
	words := []string{"bb", "a", "cc", "ddd", "b"}
	By(words, func(a, b string) int { return cmp.Compare(len(a), len(b)) })
	if want := []string{"a", "b", "bb", "cc", "ddd"}; !slices.Equal(words, want) {
		t.Errorf("%q, want %q", words, want)
	}
}
