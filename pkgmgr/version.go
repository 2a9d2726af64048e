package pkgmgr

import "strings"

// CompareVersions compares two versions of one package as rpm does (rpmvercmp in rpm's
// source; dpkg agrees for versions of digits and dots, and "~"): negative if a is older
// than b. A missing epoch is 0; releases are compared only if both have one.
func CompareVersions(a, b string) int {
	epochA, a := cutEpoch(a)
	epochB, b := cutEpoch(b)
	if c := compareParts(epochA, epochB); c != 0 {
		return c
	}
	versionA, releaseA, okA := strings.Cut(a, "-")
	versionB, releaseB, okB := strings.Cut(b, "-")
	if c := compareParts(versionA, versionB); c != 0 || !okA || !okB {
		return c
	}
	return compareParts(releaseA, releaseB)
}

func cutEpoch(v string) (epoch, rest string) {
	if e, r, ok := strings.Cut(v, ":"); ok {
		return e, r
	}
	return "0", v
}

func compareParts(a, b string) int {
	for a != "" || b != "" {
		a = strings.TrimLeftFunc(a, separator)
		b = strings.TrimLeftFunc(b, separator)
		tildeA, tildeB := strings.HasPrefix(a, "~"), strings.HasPrefix(b, "~")
		switch {
		case tildeA && tildeB:
			a, b = a[1:], b[1:]
			continue
		case tildeA:
			return -1
		case tildeB:
			return 1
		case a == "" || b == "":
			return len(a) - len(b)
		}
		var partA, partB string
		if digit(a[0]) {
			if !digit(b[0]) {
				return 1 // a number is newer than letters
			}
			partA, a = cutWhile(a, digit)
			partB, b = cutWhile(b, digit)
			partA, partB = strings.TrimLeft(partA, "0"), strings.TrimLeft(partB, "0")
			if len(partA) != len(partB) {
				return len(partA) - len(partB)
			}
		} else {
			if digit(b[0]) {
				return -1
			}
			partA, a = cutWhile(a, letter)
			partB, b = cutWhile(b, letter)
		}
		if c := strings.Compare(partA, partB); c != 0 {
			return c
		}
	}
	return 0
}

func cutWhile(s string, is func(byte) bool) (head, tail string) {
	i := 0
	for i < len(s) && is(s[i]) {
		i++
	}
	return s[:i], s[i:]
}

func digit(c byte) bool  { return c >= '0' && c <= '9' }
func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func separator(r rune) bool {
	return r != '~' && !(r < 0x80 && (digit(byte(r)) || letter(byte(r))))
}
