//go:build rig

package doctor_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/box"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/golden"
	"aadssh/test/lib/metadata"
	"aadssh/test/lib/pkghost"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// broken is a machine with one fault: a section of the public troubleshooting pages, and
// the finding that must come first.
type broken struct {
	section string // of the public documentation, in our words
	machine string // what is wrong
	options scene.Options
	fresh   bool     // nothing was installed yet
	env     []string // of the agent
	mine    []string // of the person who runs doctor
	noAgent bool
	breakIt func(s *machine)

	check, answer string
	code          int
	next          string // a part of the next step

	names [][]string // each of these is named, by one of its words

	remedy string // the next step as a script, if it is not a command that can be pasted
	acts   string // who must act, if nobody can on the machine
	again  bool   // the next step says to set the extension again
	slow   bool   // enable waits as long as it may, so it is not run
	stays  string // the check that remains after the next step, because somebody has to decide
}

// resetSSH removes the package's block from sshd_config.
const resetSSH = `sed -i '/^Match User \*@\*/,$d' /etc/ssh/sshd_config`

func jammy() scene.Options { return scene.Options{Persona: roots.Ubuntu("22.04")} }

// editSSHD inserts lines at the beginning of sshd_config, where a person would.
func editSSHD(lines string) func(*machine) {
	return func(s *machine) {
		old, err := s.ReadFile("/etc/ssh/sshd_config")
		s.Must(err)
		s.Write("/etc/ssh/sshd_config", lines+"\n"+string(old))
	}
}

func script(text string) func(*machine) {
	return func(s *machine) { s.Do(text) }
}

// wired is script on a machine with a network interface, through which people connect.
func wired(text string) func(*machine) {
	return script("ip link add eth0 type veth peer name gateway && ip link set gateway up && ip address add 10.0.0.4/24 dev eth0 && ip link set eth0 up && ip route add default via 10.0.0.1 && " + text)
}

func compute(c metadata.Compute) func(*machine) {
	return func(s *machine) {
		s.Metadata.Always(metadata.ComputePath, metadata.JSON(c))
	}
}

func token(a metadata.Answer) func(*machine) {
	return func(s *machine) { s.Metadata.Always(metadata.TokenPath, a) }
}

// authLog writes lines in the format of sshd and the vendor's programs.
func authLog(lines ...string) func(*machine) {
	return func(s *machine) {
		at := time.Now().Add(-10 * time.Minute).Format("2006-01-02T15:04:05.000000-07:00")
		for _, l := range lines {
			s.Must(s.AppendFile("/var/log/auth.log", []byte(at+" web1 "+l+"\n")))
		}
	}
}

func aksNode() metadata.Compute {
	c := metadata.ScaleSetInstance()
	c.Group, c.ScaleSet, c.Name = "MC_shop_shop_westeurope", "aks-nodepool1-12345678-vmss", "aks-nodepool1-12345678-vmss_0"
	c.ResourceID = metadata.ScaleSetID(c.Group, c.ScaleSet) + "/virtualMachines/0"
	return c
}

func governmentVM() metadata.Compute {
	c := metadata.VM()
	c.Environment = "AzureUSGovernmentCloud"
	return c
}

func machines(t *testing.T) []broken {
	t.Helper()
	word := os.Getenv("MACHINES")
	all := append(ofThePublicPages(), ofAnOperator()...)
	for i, b := range ofTheMatrix(t) {
		if word != "" || i%9 == 0 {
			all = append(all, b)
		}
	}
	if word == "" || whole() {
		return all
	}
	all = slices.DeleteFunc(all, func(b broken) bool { return !strings.Contains(b.section+"/"+b.machine, word) })
	if len(all) == 0 {
		t.Fatalf("no machine's name holds %q", word)
	}
	return all
}

// every are all machines of the table.
func every(t *testing.T) []broken {
	t.Helper()
	return slices.Concat(ofThePublicPages(), ofAnOperator(), ofTheMatrix(t))
}

// ofThePublicPages are the machines of the public documentation.
func ofThePublicPages() []broken {
	const legacyDir = agentrun.Lib + "/Microsoft.Azure.ActiveDirectory.LinuxSSH.AADLoginForLinux-1.0.1588.3"
	noMetadata := script("iptables -A OUTPUT -d 169.254.169.254 -j DROP")
	return []broken{
		{section: "Access denied: no Azure role", machine: "somebody without a role tried to sign in", options: jammy(),
			breakIt: authLog("sshd[77]: pam_aad(sshd:account): AadAuthorize, Version: 1.0.033070001; CorrelationId: 0e2f", "sshd[77]: pam_aad(sshd:account): Access denied for ada@contoso.com: Azure role not assigned."),
			check:   "sign-in-errors", answer: "warn", next: `az role assignment create --role 'Virtual Machine User Login' --assignee ada@contoso.com`},
		{section: "SSH connection closed: the identity was taken away", machine: "installed, then the identity was disabled", options: jammy(),
			breakIt: token(metadata.NoIdentity()), check: "identity", answer: "fail", code: 22, next: "az vm identity assign"},
		{section: "Extension installation: exit code 22", machine: "no system-assigned identity", options: jammy(), fresh: true,
			breakIt: token(metadata.NoIdentity()), check: "identity", answer: "fail", code: 22, next: "az vm identity assign -g rg-web -n web1"},
		{section: "Extension installation: exit code 22", machine: "only a user-assigned identity", options: jammy(), fresh: true,
			breakIt: token(metadata.TokenOf(metadata.UserAssignedID("rg-web", "build-agents"))), check: "identity", answer: "fail", code: 22, next: "az vm identity assign"},
		{section: "Extension installation: exit code 23", machine: "the older extension AADLoginForLinux is enabled", options: jammy(), fresh: true,
			breakIt: func(s *machine) {
				s.Write(legacyDir+"/config/HandlerState", "Enabled")
			}, check: "legacy", answer: "fail", code: 23, next: "az vm extension delete"},
		{section: "Deleting the older extension is stuck", machine: "the removal script of aadlogin fails", options: jammy(), fresh: true,
			breakIt: stuckRemoval, check: "legacy-package", answer: "fail", code: 23, next: "dpkg --purge aadlogin", remedy: "sudo mv /var/lib/dpkg/info/aadlogin.prerm /root/; sudo mv /var/lib/dpkg/info/aadlogin.postinst /root/; sudo dpkg --purge aadlogin"},
		{section: "Extension installation: memory", machine: "768 MiB of memory", options: scene.Options{Persona: roots.Ubuntu("22.04"), Box: box.Options{Memory: &box.Memory{Size: 768 << 20}}}, fresh: true,
			check: "memory", answer: "fail", code: 24, next: "az vm resize"},
		{section: "Extension installation: package lock", machine: "an automatic update holds the lock", slow: true, options: jammy(), fresh: true,
			breakIt: holdLock, check: "package-manager", answer: "fail", code: 25, next: "ps -fp", acts: "the other program, which is waited for"},
		{section: "Extension installation: the repository is blocked", machine: "a firewall refuses packages.microsoft.com", slow: true, options: jammy(), fresh: true,
			breakIt: func(s *machine) { s.Packages.Down() }, check: "network-repository", answer: "fail", code: 20, next: "allow outbound HTTPS (TCP 443)", acts: "whoever runs the network"},
		{section: "Extension installation behind an HTTP proxy", machine: "/etc/environment names a proxy, the agent has none", slow: true, options: jammy(), fresh: true,
			breakIt: onlyByProxy, check: "network-repository", answer: "fail", code: 20, next: `Environment="https_proxy=http://10.77.0.1:3128" "no_proxy=169.254.169.254,168.63.129.16"`, acts: "whoever sets the extension, or the agent"},
		{section: "Proxy settings of the agent", machine: "the agent has a proxy and no exception for the metadata service", options: jammy(),
			env: []string{"http_proxy=http://10.77.0.1:3128"}, check: "network", answer: "warn", next: "no_proxy=169.254.169.254", acts: "whoever set the agent's environment"},
		{section: "Scale sets: an old model", machine: "an instance without the extension", options: jammy(), fresh: true,
			breakIt: compute(metadata.ScaleSetInstance()), check: "scale-set", answer: "fail", code: 26, next: "az vmss update-instances"},
		{section: "Scale sets of AKS", machine: "an instance of an AKS node pool", options: jammy(),
			breakIt: compute(aksNode()), check: "scale-set", answer: "warn", next: "az aks nodepool"},
		{section: "AllowGroups and DenyGroups in sshd_config", machine: "AllowGroups in sshd_config", options: jammy(),
			breakIt: editSSHD("AllowGroups admins"), check: "sshd-groups", answer: "fail", code: 21, next: `Match User *,!*@*`},
		{section: "AllowGroups and DenyGroups in sshd_config", machine: "DenyGroups in sshd_config", options: jammy(),
			breakIt: editSSHD("DenyGroups contractors"), check: "sshd-groups", answer: "fail", code: 21, next: `Match User *,!*@*`},
		{section: "Permission denied on RHEL and Oracle Linux 7", machine: "sshd knows RSA certificates by their SHA-1 name only", options: scene.Options{Persona: roots.RHEL("7.9")},
			breakIt: editSSHD("PubkeyAcceptedKeyTypes ssh-ed25519,ssh-rsa-cert-v01@openssh.com"), check: "sshd-algorithms", answer: "warn", next: "PubkeyAcceptedKeyTypes=+ssh-rsa-cert-v01@openssh.com"},
		{section: "SSH configuration was reset", machine: "the block of aadsshlogin is gone from sshd_config", options: jammy(),
			breakIt: script(resetSSH), check: "sshd-command", answer: "fail", code: 21, next: "sudo dpkg --force-confdef --force-confold --install /var/lib/aadsshlogin-handler/packages/aadsshlogin_"},
		{section: "SSH configuration was reset", machine: "the block is gone, and so is the package's repository", options: scene.Options{Persona: roots.RHEL("9.4")},
			breakIt: script(`rm -f /etc/yum.repos.d/aadsshlogin*; ` + resetSSH), check: "sshd-command", answer: "fail", code: 21, next: "sudo rpm -U --replacepkgs --oldpackage /var/lib/aadsshlogin-handler/packages/aadsshlogin-"},
		{section: "SSH configuration was reset", machine: "the block is gone, the package's file was not kept, its repository is there", options: jammy(),
			breakIt: script(`rm /var/lib/aadsshlogin-handler/packages/*; ` + resetSSH), check: "sshd-command", answer: "fail", code: 21, next: "sudo apt-get update && sudo apt-get install --reinstall aadsshlogin"},
		{section: "SSH configuration was reset", machine: "the block is gone, and no source has the package", options: jammy(),
			breakIt: script(`rm -f /etc/apt/sources.list.d/aadsshlogin* /var/lib/aadsshlogin-handler/packages/*; ` + resetSSH), check: "sshd-command", answer: "fail", code: 21, next: "no source of this machine has the package"},
		{section: "The SSH service is not running", machine: "no sshd runs", options: jammy(),
			breakIt: script(scene.StopSSHD), check: "sshd-listening", answer: "warn", next: "systemctl start ssh"},
		{section: "SSH does not listen on port 22", machine: "sshd_config says Port 2222, sshd was not reloaded", options: jammy(),
			breakIt: editSSHD("Port 2222"), check: "sshd-listening", answer: "warn", next: "sudo systemctl reload-or-restart ssh"},
		{section: "The VM's own firewall", machine: "iptables drops port 22", options: jammy(),
			breakIt: wired("iptables -A INPUT -p tcp --dport 22 -j DROP"), check: "firewall", answer: "fail", code: 21, next: "sudo iptables -I INPUT -p tcp --dport 22 -j ACCEPT"},
		{section: "The VM's own firewall", machine: "a separate chain drops port 22", options: jammy(),
			breakIt: wired(`iptables -N guard; iptables -A INPUT -j guard; iptables -A guard -p tcp -m multiport --dports 22,23 -j DROP`), check: "firewall", answer: "fail", code: 21, next: "sudo iptables -I guard -p tcp --dport 22 -j ACCEPT"},
		{section: "The VM's own firewall", machine: "port 22 is dropped in the table raw", options: jammy(),
			breakIt: wired(`iptables -t raw -A PREROUTING -p tcp --dport 22 -j DROP`), check: "firewall", answer: "fail", code: 21, next: "sudo iptables -t raw -I PREROUTING -p tcp --dport 22 -j ACCEPT"},
		{section: "The VM's own firewall", machine: "iptables' older kernel interface, which nft does not list, drops port 22", options: jammy(),
			breakIt: wired(`nft 'add table inet filter; add chain inet filter input { type filter hook input priority 0; policy accept; }'; iptables-nft -A INPUT -p tcp --dport 22 -j ACCEPT; iptables-legacy -A INPUT -p tcp --dport 22 -j DROP`), check: "firewall", answer: "fail", code: 21, next: "sudo iptables-legacy -I INPUT -p tcp --dport 22 -j ACCEPT"},
		{section: "The VM's own firewall", machine: "nftables' policy is drop, and port 22 is not let in", options: jammy(),
			breakIt: wired(`nft 'add table inet filter; add chain inet filter input { type filter hook input priority 0; policy drop; }; add rule inet filter input iif lo accept'`), check: "firewall", answer: "fail", code: 21, next: "sudo nft insert rule inet filter input tcp dport 22 accept"},
		{section: "The VM's own firewall", machine: "nftables lets one network in", options: jammy(),
			breakIt: wired(`nft 'add table inet filter; add chain inet filter input { type filter hook input priority 0; policy drop; }; add rule inet filter input iif lo accept; add rule inet filter input ip saddr 10.1.0.0/16 tcp dport 22 accept'`), check: "firewall", answer: "warn", next: "Connect from there"},
		{section: "Arc: the agent's metadata service", machine: "himds of the Connected Machine agent does not run", slow: true, options: jammy(), fresh: true,
			breakIt: func(s *machine) {
				s.WriteMode("/opt/azcmagent/bin/himds", "", 0o755)
			}, check: "identity", answer: "fail", code: 29, next: "azcmagent show", acts: "whoever runs the Connected Machine agent"},
		{section: "Nexus: the metadata service is out of reach", machine: "packets to 169.254.169.254 are dropped", slow: true, options: jammy(), fresh: true,
			breakIt: noMetadata, check: "identity", answer: "fail", code: 29, next: "Let traffic to 169.254.169.254 port 80 out", acts: "whoever runs the network"},
		{section: "Endpoints: role check", machine: "pas.windows.net is refused", options: jammy(),
			breakIt: func(s *machine) { s.endpoints.server.Close() }, check: "network-role-check", answer: "fail", code: 21, next: "allow outbound HTTPS (TCP 443) from this machine to pas.windows.net", acts: "whoever runs the network"},
		{section: "Endpoints: US Government", machine: "the name of that cloud's role check does not resolve", options: jammy(),
			breakIt: compute(governmentVM()), check: "network-role-check", answer: "fail", code: 21, next: "pasff.usgovcloudapi.net", acts: "whoever runs the network"},
		{section: "Clock", machine: "the clock is ten minutes ahead", options: jammy(),
			breakIt: func(s *machine) { s.endpoints.ahead = 10 * time.Minute }, check: "clock", answer: "fail", code: 21, next: "timedatectl", acts: "whoever gives the machine its time"},
		{section: "Disk space", machine: "the disk is full", options: scene.Options{Persona: roots.Ubuntu("22.04"), Box: box.Options{Size: "300m"}},
			breakIt: script("dd if=/dev/zero of=/var/fill bs=1M 2>/dev/null; true"), check: "user-add", answer: "fail", code: 21, next: "sudo du -xh", remedy: "rm /var/fill"},
		{section: "The VM agent does not run", machine: "walinuxagent is stopped", options: jammy(), noAgent: true,
			check: "agent", answer: "warn", next: "sudo systemctl start walinuxagent"},
		{section: "Nobody but root gets in", machine: "/etc/nologin was left behind", options: jammy(),
			breakIt: script("touch /etc/nologin"), check: "nologin", answer: "fail", code: 21, next: "sudo rm /etc/nologin"},
		{section: "Host keys", machine: "others may read the host keys", options: jammy(),
			breakIt: script("chmod 644 /etc/ssh/ssh_host_*_key"), check: "sshd-config", answer: "fail", code: 21, next: "sudo chmod 600"},
		{section: "Host keys", machine: "no host key is left", options: jammy(),
			breakIt: script("rm /etc/ssh/ssh_host_*"), check: "sshd-config", answer: "fail", code: 21, next: "sudo ssh-keygen -A"},
		{section: "TLS inspection", machine: "a firewall opens TLS, and its authority is not trusted", options: jammy(),
			breakIt: script("sed -i '/BEGIN CERTIFICATE/,$d' /etc/ssl/certs/ca-certificates.crt"), check: "network-role-check", answer: "fail", code: 21, next: "trust store",
			acts: "whoever runs the firewall, or whoever keeps the trust store"},
		{section: "Endpoints: role check", machine: "pas.windows.net answers by the agent's proxy only", options: jammy(), env: []string{"https_proxy=http://10.77.0.1:3128", "no_proxy=169.254.169.254,168.63.129.16"},
			breakIt: roleCheckByProxy, check: "network-role-check", answer: "warn", next: "allow outbound HTTPS (TCP 443) from this machine to pas.windows.net without the proxy", acts: "whoever runs the network"},
		{section: "Disk space", machine: "/tmp is full, and sign-in works", options: jammy(),
			breakIt: script("mount -t tmpfs -o size=1m tmpfs /tmp && dd if=/dev/zero of=/tmp/fill bs=1M 2>/dev/null; true"), check: "disk", answer: "warn", next: "sudo du -xh --max-depth=2 /tmp", remedy: "umount /tmp"},
		{section: "The cert handler", machine: "the cert handler belongs to somebody else", options: jammy(),
			breakIt: script("chown daemon /usr/sbin/aad_certhandler"), check: "cert-handler", answer: "fail", code: 21, next: "sudo chown root:root /usr/sbin/aad_certhandler && sudo chmod go-w"},
		{section: "The cert handler", machine: "others may write to its folder", options: jammy(),
			breakIt: script("chmod o+w /usr/sbin"), check: "cert-handler", answer: "fail", code: 21, next: "sudo chmod go-w"},
	}
}

// together does several things to a machine, one after the other.
func together(all ...func(*machine)) func(*machine) {
	return func(s *machine) {
		for _, breakIt := range all {
			breakIt(s)
		}
	}
}

// ofAnOperator are machines after somebody has done several things to them, or something
// that no page describes.
func ofAnOperator() []broken {
	small := scene.Options{Persona: roots.Ubuntu("22.04"), Box: box.Options{Size: "300m"}}
	fill := script("dd if=/dev/zero of=/var/fill bs=1M 2>/dev/null; true")
	return []broken{
		{section: "Two faults", machine: "the disk is full, and the block of aadsshlogin is gone", options: small,
			breakIt: together(script(resetSSH), fill), check: "disk", answer: "fail", code: 30, next: "sudo du -xh", remedy: "rm /var/fill; sudo dpkg --force-confdef --force-confold --install /var/lib/aadsshlogin-handler/packages/aadsshlogin_*.deb"},
		{section: "Two faults", machine: "no identity, AllowGroups, and a full /tmp", options: jammy(),
			breakIt: together(token(metadata.NoIdentity()), editSSHD("AllowGroups admins"), script("mount -t tmpfs -o size=1m tmpfs /tmp && dd if=/dev/zero of=/tmp/fill bs=1M 2>/dev/null; true")),
			check:   "identity", answer: "fail", code: 22, next: "az vm identity assign"},
		{section: "Two faults", machine: "/etc/nologin, and a line in sudoers that sudo does not understand", options: jammy(),
			breakIt: script("echo 'garbage ((' >> /etc/sudoers; touch /etc/nologin"), check: "nologin", answer: "fail", code: 21, next: "sudo rm /etc/nologin", stays: "sudo"},
		{section: "Two faults", machine: "AllowGroups, and sshd was stopped", options: jammy(),
			breakIt: together(editSSHD("AllowGroups admins"), script(scene.StopSSHD)), check: "sshd-groups", answer: "fail", code: 21, next: "systemctl reload-or-restart ssh"},
		{section: foreign, machine: "Microsoft's extension, AllowGroups, and the repository is out of reach", options: jammy(),
			breakIt: together(microsofts, editSSHD("AllowGroups admins"), func(s *machine) { s.Packages.Down() }),
			check:   "sshd-groups", answer: "fail", code: 21, next: "Match User *,!*@*", stays: "network-repository", slow: true},
		{section: "Packages", machine: "aadsshlogin was removed by hand", options: jammy(),
			breakIt: script("dpkg -r aadsshlogin 2>&1"), check: "packages", answer: "fail", code: 26, next: "Set the extension again"},
		{section: "Packages", machine: "programs of aadsshlogin were deleted", options: scene.Options{Persona: roots.RHEL("9.4")},
			breakIt: script("rm /usr/sbin/aad_certhandler /usr/sbin/aaduseradd"), check: "cert-handler", answer: "fail", code: 21, next: "sudo rpm -U --replacepkgs --oldpackage"},
		{section: "Packages", machine: "dpkg's database is empty", options: jammy(),
			breakIt: script(": > /var/lib/dpkg/status"), check: "packages", answer: "fail", code: 26, next: "/var/lib/dpkg/status-old", remedy: "sudo cp /var/lib/dpkg/status-old /var/lib/dpkg/status", again: true},
		{section: "Distribution", machine: "os-release is gone", options: jammy(),
			breakIt: script("cp /usr/lib/os-release /root/os-release; rm -f /etc/os-release /usr/lib/os-release"), check: "distro", answer: "fail", code: 51, next: "/etc/os-release", remedy: "cp /root/os-release /etc/os-release"},
		{section: "Disk space", machine: "/etc is mounted read-only", options: jammy(),
			breakIt: script("mount --bind /etc /etc && mount -o remount,bind,ro /etc"), check: "user-add", answer: "fail", code: 21, next: "sudo mount -o remount,rw", remedy: "mount -o remount,bind,rw /etc"},
		{section: "Disk space", machine: "/etc is mounted read-only, and people have been here", options: jammy(),
			breakIt: script("echo 'ada@contoso.com:x:5000:5000::/home/ada:/bin/bash' > /etc/aadpasswd; mount --bind /etc /etc && mount -o remount,bind,ro /etc"), check: "disk", answer: "warn", next: "sudo mount -o remount,rw", remedy: "mount -o remount,bind,rw /etc"},
		{section: "Disk space", machine: "/usr is mounted read-only, and nothing is to be installed", options: jammy(),
			breakIt: script("mount --bind /usr /usr && mount -o remount,bind,ro /usr"), check: "disk", answer: "warn", next: "sudo mount -o remount,rw", remedy: "mount -o remount,bind,rw /usr"},
		{section: "Disk space", machine: "/home is mounted read-only", options: jammy(),
			breakIt: script("mount -t tmpfs -o ro tmpfs /home"), check: "disk", answer: "warn", next: "sudo mount -o remount,rw"},
		{section: "Disk space", machine: "/home is full", options: jammy(),
			breakIt: script("mount -t tmpfs -o size=1m tmpfs /home; dd if=/dev/zero of=/home/fill bs=1M 2>/dev/null; true"), check: "disk", answer: "warn", next: "sudo du -xh --max-depth=2 /home", remedy: "umount /home"},
		{section: "Disk space", machine: "the status folder's own file system is full", options: jammy(),
			breakIt: script("cd /var/lib/waagent/Microsoft.Azure.ActiveDirectory.AADSSHLoginForLinux-*/status && cp -a . /run/kept && mount -t tmpfs -o size=1m tmpfs . && cp -a /run/kept/. \"$(pwd)\" && dd if=/dev/zero of=\"$(pwd)/fill\" bs=1M 2>/dev/null; true"), check: "disk", answer: "warn", next: "sudo du -xh --max-depth=2 /var/lib/waagent/", remedy: "umount /var/lib/waagent/*/status"},
		{section: "Clock", machine: "the clock is two years ahead", options: jammy(),
			breakIt: func(s *machine) { s.endpoints.ahead = 2*365*24*time.Hour + time.Hour }, check: "clock", answer: "fail", code: 21, next: "timedatectl", acts: "whoever gives the machine its time"},
		{section: "Name resolution", machine: "/etc/resolv.conf names no DNS server", options: jammy(),
			breakIt: script("echo 127.0.0.1 localhost > /run/hosts && cat /run/hosts > /etc/hosts; : > /etc/resolv.conf"), check: "network-role-check", answer: "fail", code: 21, next: "ls -lL /etc/resolv.conf",
			acts: "whoever keeps the machine's network settings"},
		{section: "Another program has sshd's port", machine: "a program that is no sshd listens on port 22", options: jammy(),
			breakIt: squatted, check: "sshd-listening", answer: "warn", next: "then run: sudo systemctl start ssh", remedy: "pid=$(cat /run/squatter.pid); kill $pid; while kill -0 $pid 2>/dev/null; do sleep 0.05; done; /usr/sbin/sshd"},
		{section: "AllowGroups and DenyGroups in sshd_config", machine: "AllowGroups in the file that sshd was started with", options: jammy(),
			breakIt: script("sed '1i AllowGroups admins' /etc/ssh/sshd_config > /etc/ssh/other_config; " + scene.StopSSHD + "; /usr/sbin/sshd -f /etc/ssh/other_config"),
			check:   "sshd-groups", answer: "fail", code: 21, next: "/etc/ssh/other_config"},
		{section: gone, machine: "the extension's program is gone", options: jammy(),
			breakIt: func(s *machine) {
				s.Do("rm -r " + stage.Home + "/bin")
			},
			check: "handler", answer: "warn", next: "/config/HandlerState && sudo systemctl restart", again: true},
		{section: gone, machine: "the extension's program is gone, and so is the package", options: jammy(),
			breakIt: func(s *machine) {
				s.Do("rm -r " + stage.Home + "/bin; dpkg -r aadsshlogin 2>&1")
			},
			check: "packages", answer: "fail", code: 26, next: "/config/HandlerState && sudo systemctl restart", again: true},
		{section: "What the extension said", machine: "the status file was cut off", options: jammy(),
			breakIt: func(s *machine) {
				s.Write(stage.Home+"/status/0.status", `[{"status": {"sta`)
			}, check: "last-run", answer: "warn", next: "Set the extension again"},
	}
}

// Sections of machines on which the agent cannot run our program: the extension is another
// program's, or its program was deleted.
const (
	foreign = "Another program's extension"
	gone    = "The extension's folder"
)

// microsofts replaces this program's extension by Microsoft's.
func microsofts(s *machine) {
	s.Do("mv " + stage.Home + " /root/ours")
	const version = "1.0.3162.1"
	dir := agentrun.Dir(version)
	s.WriteMode(dir+"/bin/aad-handler", "#!/bin/sh\n", 0o755)
	s.Write(dir+"/config/HandlerState", "Enabled")
	s.Write(dir+"/HandlerEnvironment.json", agentrun.Environment(version))
}

// squatted is a machine on which another program has taken sshd's port.
func squatted(s *machine) {
	s.Do(scene.StopSSHD)
	_, err := s.Start(box.Environment(), "python3", "-c", "import os, socket, time\ns = socket.socket()\ns.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\ns.bind(('0.0.0.0', 22))\ns.listen(9)\nopen('/run/squatter.pid', 'w').write(str(os.getpid()))\ntime.sleep(9999)")
	s.Must(err)
	s.Await("[ -s /run/squatter.pid ]")
}

// TestBroken: on each machine doctor names the cause first, with the right next step.
func TestBroken(t *testing.T) {
	all := machines(t)
	l := newLayers(t)
	for _, b := range all {
		t.Run(b.section+"/"+b.machine, func(t *testing.T) {
			t.Parallel() // half of its time, a machine waits
			s := b.set(t, l)
			report, code := s.examine(b.mine)
			c := first(report)
			if b.check == "" {
				b.check = c.Name // only what it names counts
			}
			if c.Name != b.check || c.Answer != b.answer || c.Code != b.code || !strings.Contains(c.Next, b.next) || !named(b.names, c.Text+" "+c.Next) {
				t.Errorf("first line: %s %s %d: %s\n> %s\nwant %s %s %d with %q %q", c.Answer, c.Name, c.Code, c.Text, c.Next, b.answer, b.check, b.code, b.next, b.names)
			}
			if code != b.code || report.Verdict.Code != b.code || report.Verdict.Check != b.check {
				t.Errorf("exit %d, verdict %+v", code, report.Verdict)
			}
			for _, other := range report.Checks {
				if other.Name == "last-run" && report.Verdict.Code != 0 && strings.Contains(other.Text, "not so now") {
					t.Errorf("a contradiction to the verdict: %s", other.Text)
				}
			}
			s.saidOnce(b.mine)
			row := texts{doctor: c, status: s.health()}
			if slices.Contains(screens(), b.machine) {
				screen(t, b.machine, report)
			}
			row.after = b.carryOut(s, c)
			if whole() || golden.Update() {
				row.portal = b.portal(t, l)
			}
			row.compare(t, b)
		})
	}
	for _, name := range screens() {
		if word := os.Getenv("MACHINES"); (word == "" || whole()) && !slices.ContainsFunc(all, func(b broken) bool { return b.machine == name }) {
			t.Errorf("no machine is called %q", name)
		}
	}
}

// saidOnce: no next step is shown twice, and each check is named once unless its results
// differ.
func (s *machine) saidOnce(env []string) {
	s.T.Helper()
	r, err := s.Run(s.T.Context(), append(box.Environment(), env...), program, "doctor")
	s.Must(err)
	_, said, _ := strings.Cut(string(r.Stdout), "Cannot be seen") // that part is no step
	said, _, _ = strings.Cut(strings.TrimSuffix(string(r.Stdout), said), "Cannot be seen")
	seen := map[string]bool{}
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		if seen[line] && line != "The same step as above." && line != "" {
			s.T.Errorf("said twice: %s\n%s", line, said)
		}
		seen[line] = true
		for _, command := range regexp.MustCompile(`az vm(ss)? extension set [^;(]*|sudo rm /\S+`).FindAllString(line, -1) {
			if command = strings.TrimSpace(command); seen[command] && command != line {
				s.T.Errorf("given twice: %s\n%s", command, said)
			}
			seen[command] = true
		}
	}
}

// set starts the machine and breaks it.
func (b broken) set(t *testing.T, l *layers) *machine {
	t.Helper()
	make := l.begin
	if b.fresh {
		make = fresh
	}
	s := make(t, b.options, b.env...)
	s.WriteMode("/usr/local/bin/systemctl", systemctl, 0o755)
	if b.noAgent {
		s.Do("kill $(cat /run/waagent.pid); while " + agentRuns + "; do sleep 0.02; done 2>/dev/null")
	}
	if b.breakIt != nil {
		b.breakIt(s)
	}
	return s
}

// stuckRemoval leaves the legacy package half-configured, like a removal whose scripts
// fail.
func stuckRemoval(s *machine) {
	deb, err := fixtures.Deb(s.T.Context(), s.Cache, fixtures.Spec{Name: fixtures.Legacy, Version: "1.0.016050002"})
	s.Must(err)
	s.Must(s.CopyIn(deb, "/root/aadlogin.deb", 0o644))
	s.Do(`dpkg -i --force-depends /root/aadlogin.deb >/dev/null
for script in prerm postinst; do printf '#!/bin/sh\nexit 1\n' > /var/lib/dpkg/info/aadlogin.$script; done
dpkg -r aadlogin >/dev/null 2>&1; true`)
}

// holdLock makes another program of the machine hold dpkg's lock.
func holdLock(s *machine) { s.Must(s.HoldLock(s.T.Context())) }

// onlyByProxy makes a proxy the only way to the package host.
func onlyByProxy(s *machine) {
	proxy, err := pkghost.StartProxy(s.Box, box.Packages+":3128", "", "")
	s.Must(err)
	s.T.Cleanup(func() { proxy.Close() })
	s.Do(fmt.Sprintf("sed 's/^%s /%s /' /etc/hosts > /run/hosts && cat /run/hosts > /etc/hosts", box.Packages, box.BlackHole))
	s.Must(s.AppendFile("/etc/environment", []byte("https_proxy=\"http://10.77.0.1:3128\"\n")))
}

// roleCheckByProxy makes a proxy the only way to the role check.
func roleCheckByProxy(s *machine) {
	l, err := s.Listen("tcp", box.Packages+":3128")
	s.Must(err)
	proxy := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := endpointAddress + ":443"
		if strings.HasPrefix(r.Host, "packages.microsoft.com:") {
			to = box.Packages + ":443"
		}
		out, err := s.Dial(r.Context(), "tcp", to)
		if r.Method != http.MethodConnect || err != nil {
			http.Error(w, "no", http.StatusBadGateway)
			return
		}
		w.WriteHeader(http.StatusOK)
		in, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			out.Close()
			return
		}
		go func() { io.Copy(out, in); out.Close() }() //nolint:errcheck // ends with either side
		io.Copy(in, out)                              //nolint:errcheck // the same
		in.Close()
	})}
	go proxy.Serve(l) //nolint:errcheck // ends with the test
	s.T.Cleanup(func() { proxy.Close() })
	s.Do(fmt.Sprintf("sed 's/\\bpas.windows.net\\b/unused.invalid/' /etc/hosts > /run/hosts && echo '%s pas.windows.net' >> /run/hosts && cat /run/hosts > /etc/hosts", box.BlackHole))
}
