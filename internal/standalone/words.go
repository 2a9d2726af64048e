// Package standalone is what people give to setup and get back from it, on a
// machine where no agent stands in between.
package standalone

import (
	"regexp"
	"strings"
)

// Words is a text for the operator of an extension, as the operator of setup
// needs it: whatever would be done by setting the extension is done by running
// program again. Other texts stay as they are.
func Words(text, program string) string {
	if !strings.Contains(text, "xtension") && !strings.Contains(text, "again") && !strings.Contains(text, "VM agent") {
		return text // most are
	}
	setup := "sudo " + program + " setup"
	for _, r := range []struct{ pattern, with string }{
		{`az (?:vm|vmss) extension set .*?--settings settings\.json --force-update`, setup + " --settings settings.json"},
		{`(?:, or| or) restart the VM agent(?:, which runs it again \([^)]*\))?`, ""},
		{`\bset (?:the|this) (?:extension|one) again: ` + regexp.QuoteMeta(setup), "run setup again: " + setup},
		{`\bSet (?:the|this) (?:extension|one) again: ` + regexp.QuoteMeta(setup), "Run setup again: " + setup},
		{`\bset (?:the|this) (?:extension|one) again`, "run setup again (" + setup + ")"},
		{`\bSet (?:the|this) (?:extension|one) again`, "Run setup again (" + setup + ")"},
		{`\bUpdate the extension to its newest version`, "Run setup of the newest release"},
		{`\bupdate the extension to its newest version`, "run setup of the newest release"},
		{`an uninstall of the extension`, "remove"},
		{`the extension adds its own`, "setup adds its own"},
	} {
		text = regexp.MustCompile(r.pattern).ReplaceAllLiteralString(text, r.with)
	}
	return text
}
