package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"aadssh/internal/az"
	"aadssh/internal/fault"
	"aadssh/internal/text"
)

// mistake is a setting that we know with a value that we cannot use.
type mistake struct {
	row   *row
	value json.RawMessage
	why   error
}

// decode copies the settings in fields into s, as the table says. It returns the names that
// are not in the table, sorted, and the mistakes in the table's order.
func decode(fields map[string]json.RawMessage, table []*row, s *Settings) (unknown []string, mistakes []mistake) {
	flat, mistakes := flatten(fields, table)
	for _, r := range table {
		value, set := flat[r.Name]
		delete(flat, r.Name)
		if !set || isNull(value) {
			continue
		}
		if err := r.take(s, value); err != nil {
			mistakes = append(mistakes, mistake{r, value, err})
		}
	}
	for name := range flat {
		unknown = append(unknown, shownName(name))
	}
	slices.Sort(unknown)
	return unknown, mistakes
}

// shownName is the name of a setting in a form that may be shown.
func shownName(name string) string {
	if text.MayBeSecret(name) {
		return "one with a name of " + strconv.Itoa(len(name)) + " bytes, which may hold a secret"
	}
	return name
}

// flatten renames settings within a group to the names that the table uses, group.name.
func flatten(fields map[string]json.RawMessage, table []*row) (flat map[string]json.RawMessage, mistakes []mistake) {
	groups := map[string]*row{}
	for _, r := range table {
		if group, _, nested := strings.Cut(r.Name, "."); nested && groups[group] == nil {
			groups[group] = &row{Name: group, Allowed: "an object such as " + value(r.Example, group), Example: r.Example}
		}
	}
	flat = map[string]json.RawMessage{}
	for name, v := range fields {
		group, isGroup := groups[name]
		if !isGroup {
			if !strings.Contains(name, ".") {
				flat[name] = v
			} else {
				flat[fmt.Sprintf("%q", name)] = v // "repository.mode" as one name has no meaning
			}
			continue
		}
		inner, err := object(v)
		if twice := (*twiceError)(nil); errors.As(err, &twice) {
			mistakes = append(mistakes, mistake{group, v, err})
		} else if err != nil {
			mistakes = append(mistakes, mistake{group, v, errAllowed})
		}
		for n, v := range inner {
			flat[name+"."+n] = v
		}
	}
	return flat, mistakes
}

// value is the value of name in a settings object, or none.
func value(settings, name string) string {
	fields, err := object(json.RawMessage(settings))
	if err != nil {
		return ""
	}
	return string(fields[name])
}

// contradictions are settings that are each valid, but not together.
func contradictions(r Repository) []mistake {
	var why error
	switch mirror := r.Mode == ModeMirror; {
	case mirror && r.BaseURL == "":
		why = errors.New(`it is missing, and repository.mode "mirror" needs it`)
	case !mirror && r.BaseURL != "":
		why = fmt.Errorf(`it has no effect with repository.mode %q: set that to "mirror", or leave this out`, r.Mode)
	default:
		return nil
	}
	table := rows()
	base := slices.IndexFunc(table, func(r *row) bool { return r.Name == "repository.baseUrl" })
	return []mistake{{row: table[base], why: why}}
}

// refuse is the fault for mistakes, of which there is at least one: it explains the first
// and names the others.
func refuse(mistakes []mistake) *fault.Fault {
	first := mistakes[0]
	why := first.why.Error()
	if errors.Is(first.why, errAllowed) {
		why = "it must be " + first.row.Allowed
	}
	what := fmt.Sprintf("The setting %q cannot be used", first.row.Name)
	if v := first.shown(); v != "" {
		what = fmt.Sprintf("The setting %q is %s, which cannot be used", first.row.Name, v)
	}
	what += ": " + why + "."
	if others := mistakes[1:]; len(others) > 0 {
		var names []string
		for _, m := range others {
			names = append(names, fmt.Sprintf("%q", m.row.Name))
		}
		what += " Neither can " + strings.Join(names, ", ") + "."
	}
	where, more := az.SettingsFile, []string(nil)
	if strings.Contains(first.row.Example, "PASSWORD") {
		where, more = protectedFile, []string{protectedOption, protectedFile}
	}
	return fault.New(fault.SettingsInvalid, what,
		fmt.Sprintf("Correct it in %s, as in %s, and "+fault.Again+": %s", where, first.row.Example, setAgain(more...)))
}

// shown is the value in a form that may be shown: nothing that is a secret or may contain
// one.
func (m mistake) shown() string {
	if m.value == nil || m.row.Secret {
		return ""
	}
	switch m.value[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	}
	if text.MayBeSecret(string(m.value)) {
		return ""
	}
	return text.Brief(string(m.value), 80)
}
