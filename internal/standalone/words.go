// Package standalone handles what people give to setup and get back from it, on a machine
// without an agent.
package standalone

import (
	"strings"

	"aadssh/internal/az"
	"aadssh/internal/fault"
	"aadssh/internal/host"
	"aadssh/internal/names"
)

// Speaker is the program that a person runs without an agent, and the operation: setup or
// remove. Its next steps can be pasted.
type Speaker struct {
	Program, Operation string
	First              bool // it has not yet been run on this machine
}

// Setup is this program, as it is run for setup.
func Setup() Speaker { return Speaker{Program: host.Program(), Operation: "setup"} }

// Words rewrites a text for the operator of an extension for the person who runs this
// program: instead of setting the extension, the program is run again. Other texts stay
// unchanged.
func (s Speaker) Words(text string) string {
	if !strings.Contains(text, "xtension") && !strings.Contains(text, "again") && !strings.Contains(text, "VM agent") {
		return text // this is true of most texts
	}
	run := "sudo " + s.Program + " " + s.Operation
	set := az.Machine{}.SetExtension(names.Ours(), az.SettingsFile).String()
	text = strings.ReplaceAll(text, set, run+" --settings "+az.SettingsFile)
	return strings.NewReplacer(s.phrases(run)...).Replace(text)
}

// phrases are phrases in the texts of the extension, each followed by its replacement; if
// two begin alike, the longer one comes first.
func (s Speaker) phrases(run string) []string {
	const restart = fault.OrRestartAgent
	list := []string{
		fault.OrRestart, "",
		"," + restart, "", restart, "",
		fault.UpdateWhereSet, "Run setup of the newest release",
		fault.WhereSet + "name", "Name",
		fault.NewestFirst, "Run setup of the newest release",
		fault.Newest, "run setup of the newest release",
		fault.AnUninstall, "remove",
		fault.BetweenRuns, "between two runs of setup",
		fault.AddsItsOwn, "setup adds its own",
	}
	again := " again"
	if s.First {
		again = ""
	}
	for _, it := range []struct{ old, verb string }{{fault.Again, "run"}, {fault.AgainFirst, "Run"}, {fault.ThisAgain, "run"}} {
		now := it.verb + " " + s.Operation + again
		list = append(list, it.old+": "+run, now+": "+run, it.old, now+" ("+run+")")
	}
	return list
}
