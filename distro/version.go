package distro

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// version is a VERSION_ID as numbers. parseVersion accepts only digits and dots, so a
// version is safe in a URL.
type version []int

func parseVersion(s string) (version, error) {
	const maxParts, maxNumber = 4, 9999
	parts := strings.Split(s, ".")
	v := make(version, 0, len(parts))
	for _, part := range parts {
		n, err := strconv.ParseUint(part, 10, 32)
		if err != nil || n > maxNumber || len(parts) > maxParts || part != strconv.FormatUint(n, 10) && len(part) > 2 {
			return nil, fmt.Errorf("VERSION_ID %q in os-release is not a version number", s)
		}
		v = append(v, int(n))
	}
	return v, nil
}

// less compares number by number; a missing number is 0, so 8 equals 8.0.
func (v version) less(w version) bool {
	for i := range max(len(v), len(w)) {
		if a, b := v.at(i), w.at(i); a != b {
			return a < b
		}
	}
	return false
}

func (v version) at(i int) int {
	if i < len(v) {
		return v[i]
	}
	return 0
}

func (v version) major() string { return strconv.Itoa(v.at(0)) }

// isCodename reports whether s is safe as a suite in an apt source and in a URL.
func isCodename(s string) bool {
	return s != "" && len(s) <= 32 && !slices.ContainsFunc([]byte(s), func(c byte) bool { return c < 'a' || c > 'z' })
}
