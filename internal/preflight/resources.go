package preflight

import (
	"slices"

	"aadssh/internal/facts"
	"aadssh/internal/fault"
)

// resources says that not everything could be looked at. It is no answer about
// the machine: one that seems well is left alone, and none is changed.
func resources(f *facts.Facts) []Result {
	why := fault.Resource(f.Unread)
	if why == nil {
		return nil
	}
	return []Result{{Answer: Unknown, Code: why.Code, Text: "Not everything could be looked at. " + why.What, Next: why.Remedy(),
		Decides: "what could not be looked at (" + f.Unread.Error() + ")"}}
}

// seen is a failure, or why it is not to be believed: what could not be read
// looks as if it were missing. What the metadata service and the settings say
// does not hang on it.
func seen(failure Result, all []Result) *fault.Fault {
	i := slices.IndexFunc(all, func(r Result) bool { return r.Name == resourcesRow().Name && r.Answer == Unknown })
	if i < 0 || failure.Code.Is(fault.Told) {
		return failure.Fault()
	}
	return all[i].Fault()
}

// Again has what an earlier look said of a check give way to a later one.
func Again(earlier []Result, later []Result) []Result {
	kept := slices.DeleteFunc(slices.Clone(earlier), func(r Result) bool { return r.Name == resourcesRow().Name })
	return append(kept, later...)
}
