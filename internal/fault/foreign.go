package fault

import (
	"fmt"
	"strings"
)

// Codes lists all codes with their names, for a person who asked for an unknown one.
func Codes() string {
	var all []string
	for _, e := range Catalogue() {
		all = append(all, fmt.Sprintf("%d %s", e.Code, e.Name))
	}
	return strings.Join(all, ", ") + "."
}

// Foreign explains a code that people also meet and that comes from the agent or the shell;
// "" for all others.
func Foreign(code string) string {
	code = strings.TrimSpace(code)
	operations := map[string]string{"1007": "install", "1008": "update", "1009": "enable", "1010": "disable"}
	if failed := operations[code]; failed != "" {
		return code + " is the agent's: " + failed + " failed. The handler's own code follows \"Non-zero exit code:\" in that message."
	}
	return map[string]string{
		"1011": "1011 is the agent's: an operation took longer than it allows. See handler.log for what it waited for, then " + Again + ".",
		"126":  "126 is the shell's: the program is there and could not be run. See that /var/lib/waagent is not mounted noexec: findmnt -T /var/lib/waagent",
		"127":  "127 is the shell's: the program or something it needs was not found. Delete the extension and set it again, so that its files are unpacked anew.",
		"137":  "137 is 128+9: the program was killed, by the kernel where memory ran out (sudo dmesg | grep -i oom) or by somebody. " + AgainFirst + ".",
	}[code]
}
