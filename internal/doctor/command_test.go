package doctor

import (
	"regexp"
	"strings"
	"testing"
)

// A command that is wrapped over lines is, for a shell, the intended command: there are no
// breaks inside quotes, and each break has its backslash.
func TestCommandsOverLines(t *testing.T) {
	remark := regexp.MustCompile(` \((whoever|root)[^)]*\\\n`)
	for text, commands := range map[string][]string{
		"Check the DNS servers of the virtual network: getent hosts packages.microsoft.com": {"getent hosts packages.microsoft.com"},
		`To let everybody connect to sshd, run: sudo sh -c '{ echo "sshd: ALL"; cat /etc/hosts.allow; } > /etc/hosts.allow.new; mv /etc/hosts.allow.new /etc/hosts.allow'`: {
			`sudo sh -c '{ echo "sshd: ALL"; cat /etc/hosts.allow; } > /etc/hosts.allow.new; mv /etc/hosts.allow.new /etc/hosts.allow'`},
		"See what it said (sudo tail -n 50 /var/lib/aadsshlogin-handler/transaction.log), then set the extension again.": {"sudo tail -n 50 /var/lib/aadsshlogin-handler/transaction.log"},
		"Run: sudo chage -d $(date +%F) someone@example.com. Nobody's account is locked by it, and it's reversible.":     {"sudo chage -d $(date +%F) someone@example.com"},
		`To exempt Entra ID users from this rule, which loosens it, run: sudo sed -i -e '1i\Match User *,!*@*,!????????-????-????-????-????????????' -e '1a\Match all' /etc/ssh/sshd_config && sudo sshd -t && sudo systemctl reload-or-restart ssh`: {
			`sudo sed -i -e '1i\Match User *,!*@*,!????????-????-????-????-????????????' -e '1a\Match all' /etc/ssh/sshd_config && sudo sshd -t && sudo systemctl reload-or-restart ssh`},
		`Use a size with 1 GiB or more: "az vm resize -g rg-web -n web1 --size SIZE --subscription 8d10da13-8125-4ba9-a717-bf7490507b3d"; then set the extension again.`: {
			"az vm resize -g rg-web -n web1 --size SIZE --subscription 8d10da13-8125-4ba9-a717-bf7490507b3d"},
		"Nobody's key is in the sshd's way, and whoever's it is: nobody's.":                                                                                                           nil,
		"Nobody gets in: sshd refuses its configuration; iptables table filter and chain guard: dpkg puts that file there.":                                                           nil,
		"Nobody may use sudo: sudo refuses its files, and sudo cannot read /etc/sudoers as az makes keys (sudo does not ask) of 3072 bits.":                                           nil,
		"Set it up: az vm extension set -g rg-web --vm-name web1 --settings '{}' (whoever manages the machine in Azure); or: sudo ./aadsshlogin-handler setup (root, on the machine)": {"az vm extension set -g rg-web --vm-name web1 --settings '{}'", "sudo ./aadsshlogin-handler setup"},
		"Have AKS do it (az aks nodepool update --enable-entra-ssh), or update: az vmss update-instances -g rg-web -n web --instance-ids 0":                                           {"az aks nodepool update --enable-entra-ssh", "az vmss update-instances -g rg-web -n web --instance-ids 0"},
		"Run: printf 'passwd: files systemd aad\\ngroup: files systemd aad\\n' | sudo tee /etc/nsswitch.conf":                                                                         {"printf 'passwd: files systemd aad\\ngroup: files systemd aad\\n' | sudo tee /etc/nsswitch.conf"},
	} {
		for _, width := range []int{24, 40, 60, 80, 120} {
			var b strings.Builder
			Style{Width: width}.wrap(&b, 4, text)
			shown := b.String()
			joined := strings.ReplaceAll(shown, " \\\n    ", " ")
			for _, c := range commands {
				if !strings.Contains(joined, c) {
					t.Errorf("%d columns: %q is not there:\n%s", width, c, shown)
				}
			}
			if strings.Count(shown, "\\\n") > 0 && len(commands) == 0 || remark.MatchString(shown) {
				t.Errorf("%d columns: prose with a backslash:\n%s", width, shown)
			}
			if got := strings.Join(strings.Fields(strings.ReplaceAll(shown, " \\\n", " ")), " "); got != text {
				t.Errorf("%d columns: something was changed:\n%s", width, shown)
			}
		}
	}
}
