package nextstep

import (
	"os/exec"
	"strings"
	"testing"
)

func TestCommand(t *testing.T) {
	for text, want := range map[string]string{
		// as root and as another user
		"Run: sudo systemctl unmask ssh && sudo systemctl start ssh": "sudo systemctl unmask ssh && sudo systemctl start ssh",
		"As root, run: mv /etc/ssh/sshrc /etc/ssh/sshrc.pipe":        "mv /etc/ssh/sshrc /etc/ssh/sshrc.pipe",
		"Run: printf 'passwd: files aad\\n' | sudo tee /etc/x":       "printf 'passwd: files aad\\n' | sudo tee /etc/x",
		// the next sentence, and a full stop
		"Run: sudo systemctl start walinuxagent. See why it stopped: sudo journalctl -u walinuxagent -n 50": "sudo systemctl start walinuxagent",
		"Take it out. Run: sudo sed -i '1d' /etc/hosts.deny.":                                               "sudo sed -i '1d' /etc/hosts.deny",
		// words in brackets, and brackets of the command
		"Make the file: printf '' >> /etc/owners.conf (as root, for sudo may ask for it too)":       "printf '' >> /etc/owners.conf",
		"Let programs run there: sudo mount -o remount,exec \"$(findmnt -no TARGET -T /var)\"":      "sudo mount -o remount,exec \"$(findmnt -no TARGET -T /var)\"",
		"Find it: sudo find / \\( -name a -o -name b \\) -print":                                    "sudo find / \\( -name a -o -name b \\) -print",
		"Restart it (all sessions stay): sudo systemctl restart ssh (or the whole machine, if not)": "sudo systemctl restart ssh",
		// words after a semicolon, and a second command
		"See where it stops: sudo apt-get update; then set the extension again.":                           "sudo apt-get update",
		"Run: sudo nft insert rule x accept; put it where these rules come from as well, so that it lasts": "sudo nft insert rule x accept",
		"Run: sudo systemctl reload-or-restart ssh; where ssh.socket listens, set ListenStream= in it":     "sudo systemctl reload-or-restart ssh",
		"Run: sudo dpkg --purge a; where its own script fails: sudo mv /a /root/ && sudo dpkg --purge a":   "sudo dpkg --purge a",
		"Try it by hand: sudo zypper refresh; look for a proxy in between; then set the extension again.":  "sudo zypper refresh",
		"When no rpm runs: sudo rm -f /var/lib/rpm/__db.*; sudo rpm --rebuilddb; then set the extension.":  "sudo rm -f /var/lib/rpm/__db.*; sudo rpm --rebuilddb",
		// no command that is run on this machine
		"sudo may refuse its rules over line 3. Ask whoever keeps them.": "",
		"Have whoever runs the network allow it.":                        "",
		"Use a larger size: \"az vm resize -g rg-web -n web1 --size S\"": "",
	} {
		if got := Command(text); got != want {
			t.Errorf("%q\nhas %q\nwant %q", text, got, want)
		}
	}
}

// What is run is one command for a shell, quotes included, and its questions are answered.
func TestUnattended(t *testing.T) {
	got := Unattended(`sudo() { echo "$*"; read a; echo "$a"; }; sudo zypper install 'a b'; sudo apt-get purge c`)
	out, err := exec.CommandContext(t.Context(), "sh", "-c", got).Output()
	if want := "zypper --non-interactive install a b\ny\nDEBIAN_FRONTEND=noninteractive apt-get --yes purge c\ny\n"; err != nil || string(out) != want {
		t.Errorf("%s\nprints %q, %v", got, out, err)
	}
	if got := Unattended("apt-get install a"); !strings.Contains(got, "'DEBIAN_FRONTEND=noninteractive apt-get --yes install a'") {
		t.Errorf("as root: %s", got)
	}
	if Unattended("sudo rm a") != "yes | sh -c 'sudo rm a'" || strings.Contains(Unattended("rm /root/apt-get /root/zypper "), "--") {
		t.Error("other commands are changed")
	}
}
