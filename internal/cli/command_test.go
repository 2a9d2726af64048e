package cli

import (
	"bytes"
	"strings"
	"testing"

	"aadssh/internal/fault"
	"aadssh/internal/host"
)

// A mistyped command is answered with what to type.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		args string
		code fault.Code
		says string
	}{
		{"", fault.Usage, "A command is missing.\nRun: aadsshlogin-handler --help; to look at this machine: sudo aadsshlogin-handler doctor"},
		{"explain", fault.Usage, "explain needs one code or name.\nFor example: aadsshlogin-handler explain 22"},
		{"explain sshd-users", fault.OK, "doctor --only sshd-users"},
		{"explain disk", fault.OK, "disk, a check: Is there room"},
		{"explain disk", fault.OK, "30 disk"},
		{"explain settings", fault.OK, "packageVersion: Install exactly"},
		{"explain 21", fault.OK, "run: sudo aadsshlogin-handler doctor;"},
		{"explain sshd-usrs", fault.Usage, "Did you mean: aadsshlogin-handler explain sshd-users?"},
		{"explain monitor", fault.OK, "doctor --only monitor"},
		{"doctor sshd", fault.Usage, "Did you mean: sudo aadsshlogin-handler doctor --only sshd-hosts,sshd-config,sshd-command,"},
		{"doctor sshd-users", fault.Usage, "Did you mean: sudo aadsshlogin-handler doctor --only sshd-users\n"},
		{"doctor ada@contoso.com", fault.Usage, "Did you mean: sudo aadsshlogin-handler doctor --user ada@contoso.com"},
		{"doctor frobnicate", fault.Usage, "doctor takes no argument like \"frobnicate\".\nRun: aadsshlogin-handler doctor --help"},
		{"doctor --user azureuser", fault.Usage, "\"azureuser\" is not the name of anybody in Entra ID."},
		{"doctor --from 10.0.0.1", fault.Usage, "--from is for --user."},
		{"doctor --user ada@contoso.com --from=", fault.Usage, "\"\" is not an address that anybody connects from."},
		{"doctor --frob", fault.Usage, "doctor has no option --frob."},
		{"doctor --usr", fault.Usage, "Did you mean --user?"},
		{"plan -j", fault.Usage, "plan has no option -j.\nDid you mean --json?"},
		{"doctor --json=maybe", fault.Usage, "--json takes no value, not \"maybe\"."},
		{"setup --timeout abc", fault.Usage, "--timeout takes a time such as 90s or 5m, not \"abc\"."},
		{"doctor --only", fault.Usage, "--only needs a value."},
		{"doctor --brief --all", fault.Usage, "--all and --brief cannot be given together.\nGive one of them alone. Run: aadsshlogin-handler doctor --help"},
		{"doctor --only disk,clock --skip disk", fault.Usage, "disk cannot be both asked for and left out."},
		{"doctor --only person-role", fault.Usage, "Say about whom: sudo aadsshlogin-handler doctor --user NAME@DOMAIN --only person-role"},
		{"setup --timeout -5s", fault.Usage, "leaves no time.\nRun: aadsshlogin-handler setup --help"},
		{"doctor --merge", fault.Usage, "--merge needs files with reports."},
		{"doctor --merge --user ada@contoso.com x", fault.Usage, "--merge and --user cannot be given together."},
		{"completion", fault.Usage, "completion needs the name of a shell.\nThese are known: bash, fish, powershell, zsh."},
		{"completion tcsh", fault.Usage, "There is no completion for \"tcsh\"."},
		{"__complete doctor --only sshd-us", fault.OK, "\nsshd-users\n"},
		{"__complete doctor --only identity,sshd-us", fault.OK, "\nidentity,sshd-users\n"},
		{"completion bash x", fault.Usage, "bash takes no argument like \"x\"."},
		{"completion bash", fault.OK, "# bash completion"},
		{"completion zsh", fault.OK, "#compdef"},
		{"completion fish", fault.OK, "# fish completion"},
		{"completion powershell", fault.OK, "# powershell completion"},
		{"help frob", fault.Usage, "\"frob\" is not a command"},
		{"help doctor", fault.OK, "doctor looks at everything"},
		{"status x", fault.Usage, "status takes no argument like \"x\"."},
		{"version x", fault.Usage, "version takes no argument like \"x\"."},
		{"explain 22 23", fault.Usage, "explain needs one code or name."},
		{"explain 99", fault.Usage, "Codes: 0 ok, 1 internal"},
		{"explain 1009", fault.OK, "1009 is the agent's: enable failed."},
		{"explain 137", fault.OK, "killed"},
		{"explain 28", fault.OK, "Setting the extension without them drops them."},
		{"doctr", fault.Usage, "did you mean doctor?"},
		{"frobnicate", fault.Usage, "not a command"},
		{"--version", fault.OK, "1.2.3.4"},
		{"--help", fault.OK, "aadsshlogin-handler COMMAND\n"},
	} {
		var out bytes.Buffer
		code := Execute(t.Context(), Process{Version: "1.2.3.4", Args: strings.Fields(c.args), Getenv: func(string) string { return "" }, Out: &out, Err: &out})
		said := strings.ReplaceAll(out.String(), host.Program(), "aadsshlogin-handler")
		if code != c.code || !strings.Contains(said, c.says) {
			t.Errorf("%s: %d, %s", c.args, code, said)
		}
	}
}
