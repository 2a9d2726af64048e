//go:build rig

package doctor_test

import (
	"encoding/json"
	"slices"
	"testing"

	"aadssh/internal/doctor"
	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/box"
	"aadssh/test/lib/metadata"
	"aadssh/test/lib/planned"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// damaged is a machine on which something that enable needs is damaged, but not the
// sign-in.
type damaged struct {
	name    string
	options scene.Options // the zero value: Ubuntu 22.04
	fresh   bool          // nothing was installed yet
	script  string        // in the folder of the extension's version
	also    func(s *machine)
	code    int // the code that enable ends with
}

func damages() []damaged {
	const (
		purge   = "dpkg --purge aadsshlogin >/dev/null 2>&1; "
		pending = "mkdir -p /var/lib/aadsshlogin-handler; "
	)
	public := func(settings string) string {
		return "cat > config/0.settings <<'END'\n" + agentrun.Public(settings) + "\nEND\n"
	}
	noIdentity := func(s *machine) {
		s.Metadata.Always(metadata.TokenPath, metadata.NoIdentity())
	}
	dark := func(s *machine) {
		s.Metadata.Always(metadata.TokenPath, metadata.Status(500, "", ""))
	}
	all := []damaged{
		{name: "settings: rubbish", script: "echo rubbish > config/0.settings", code: 53},
		{name: "settings: cut off", script: "head -c 20 config/0.settings > x; mv x config/0.settings", code: 53},
		{name: "settings: a list", script: "echo '[]' > config/0.settings", code: 53},
		{name: "settings: empty", script: ": > config/0.settings"},
		{name: "settings: null", script: "echo null > config/0.settings"},
		{name: "settings: a folder", script: "rm config/0.settings; mkdir config/0.settings", code: 53},
		{name: "settings: a FIFO", script: "rm config/0.settings; mkfifo config/0.settings", code: 53},
		{name: "settings: a link to nothing", script: "ln -sf /nowhere config/0.settings"},
		{name: "settings: gone", script: "rm config/0.settings"},
		{name: "settings: gone, and their folder", script: "rm -r config"},
		{name: "settings: a file in their folder's place", script: "rm -r config; echo x > config", code: 53},
		{name: "settings: a bad value", script: public(`{"packageVersion": "1 2"}`), code: 53},
		{name: "settings: a bad mirror", script: public(`{"repository": {"mode": "mirror"}}`), code: 53},
		{name: "settings: an unknown name", script: public(`{"packagVersion": "1.0"}`)},
		{name: "settings: protected ones that nobody can read", script: `cat > config/0.settings <<'END'
{"runtimeSettings": [{"handlerSettings": {"publicSettings": {}, "protectedSettings": "TUlJ", "protectedSettingsCertThumbprint": "AB"}}]}
END`},
		{name: "settings: the same on a machine without the package", fresh: true, script: `cat > config/0.settings <<'END'
{"runtimeSettings": [{"handlerSettings": {"publicSettings": {}, "protectedSettings": "TUlJ", "protectedSettingsCertThumbprint": "AB"}}]}
END`, code: 53},
		{name: "settings: an older file that is none", script: "echo rubbish > config/1.settings; touch -d '-1 day' config/1.settings; touch config/0.settings"},
		{name: "settings: a newer file of another extension", script: "sleep 0.1; echo rubbish > config/other.1.settings"},
		{name: "environment: rubbish", script: "echo rubbish > HandlerEnvironment.json", code: 2},
		{name: "environment: gone", script: "rm HandlerEnvironment.json", code: 2},
		{name: "environment: one next to the program", script: "echo rubbish > bin/HandlerEnvironment.json", code: 2},
		{name: "status: a file in the folder's place", script: "rm -r status; echo x > status", code: 30},
		{name: "status: a folder in the file's place", script: "rm -rf status/0.status; mkdir status/0.status", code: 30},
		{name: "status: a folder in the file's place, without the package", fresh: true, script: "rm -rf status/0.status; mkdir status/0.status", code: 30},
		{name: "status: read-only", script: "mount -t tmpfs -o ro none status", code: 30},
		{name: "status: a link to nothing", script: "rm -r status; ln -s /nowhere status", code: 30},
		{name: "status: gone", script: "rm -r status"},
		{name: "log: a file in the folder's place", script: "rm -r /var/log/azure; echo x > /var/log/azure"},
		{name: "HandlerState: disabled", script: "printf Disabled > config/HandlerState"},
		{name: "HandlerState: gone", script: "rm config/HandlerState"},
		{name: "HandlerState: of a version that is coming", script: "printf NotInstalled > config/HandlerState", fresh: true},
		{name: "state: a file in the folder's place", script: "rm -rf /var/lib/aadsshlogin-handler; echo x > /var/lib/aadsshlogin-handler", code: 30},
		{name: "state: a file in the folder's place, without the package", fresh: true, script: "rm -rf /var/lib/aadsshlogin-handler; echo x > /var/lib/aadsshlogin-handler", code: 30},
		{name: "state: read-only, without the package", fresh: true, script: pending + "mount -t tmpfs -o ro,mode=700 none /var/lib/aadsshlogin-handler", code: 30},
		{name: "state: read-only, and sign-in works", script: "cd /var/lib/aadsshlogin-handler && mount --bind . . && mount -o remount,ro,bind ."},
		{name: "state: read-only, and another version owns the machine", script: `cd /var/lib/aadsshlogin-handler && sed -i 's/"version": *"[^"]*"/"version": "0.0.9"/' owner.json && mount --bind . . && mount -o remount,ro,bind .`, code: 30},
		{name: "state: read-only, and nobody owns the machine", script: "cd /var/lib/aadsshlogin-handler && rm owner.json && mount --bind . . && mount -o remount,ro,bind .", code: 30},
		{name: "state: a receipt that is none", script: "echo rubbish > /var/lib/aadsshlogin-handler/receipt.json"},
		{name: "state: a receipt that is none, and the package is gone", script: purge + "echo rubbish > /var/lib/aadsshlogin-handler/receipt.json"},
		{name: "state: a folder in the receipt's place, and the package is gone", script: purge + "rm /var/lib/aadsshlogin-handler/receipt.json; mkdir -p /var/lib/aadsshlogin-handler/receipt.json/x", code: 30},
		{name: "state: a reload is owed", script: "touch /var/lib/aadsshlogin-handler/reload-owed"},
		{name: "state: the kept file was changed, and the package is gone", script: purge + "for f in /var/lib/aadsshlogin-handler/packages/*; do echo x >> $f; done"},
		{name: "the package was removed, not purged", script: "dpkg -r aadsshlogin >/dev/null 2>&1"},
		{name: "the package is half installed", script: "sed -i '/^Package: aadsshlogin$/,/^$/s/^Status: .*/Status: install ok half-configured/' /var/lib/dpkg/status"},
		{name: "no identity, and the rest works", also: noIdentity, code: 22},
		{name: "an identity that is not known, and the rest works", also: dark},
		{name: "an identity that is not known, and the package is gone", script: purge, also: dark, code: 29},
		{name: "a lock that is held, and sign-in works", also: holdLock},
		{name: "a lock that is held, and no package yet", fresh: true, also: holdLock, code: 25},
		{name: "the older package stuck half-way", fresh: true, also: stuckRemoval},
		{name: "an image without the packages", fresh: true, script: "echo 'OSTREE_VERSION=1' >> /etc/os-release; touch /run/ostree-booted", options: scene.Options{Persona: roots.RHEL("9.4")}, code: 51},
		{name: "an image whose sshd its owner closed", script: "touch /run/ostree-booted; echo 'AllowUsers root' >> /etc/ssh/sshd_config.d/00-x.conf", options: scene.Options{Persona: roots.RHEL("9.4")}, code: 51},
		{name: "no os-release", script: "rm -f /etc/os-release /usr/lib/os-release", code: 51},
		{name: "another machine's os-release", script: "printf 'ID=plan9\\nVERSION_ID=4\\n' > /usr/lib/os-release", code: 51},
	}
	// What somebody did to the sign-in before anything was installed.
	for name, c := range map[string]struct {
		script string
		code   int
	}{
		"sshd does not take its configuration": {"echo 'NoSuchOption yes' >> /etc/ssh/sshd_config", 21},
		"AllowUsers":                           {"sed -i '1i AllowUsers root' /etc/ssh/sshd_config", 21},
		"no public keys":                       {"sed -i '1i PubkeyAuthentication no' /etc/ssh/sshd_config", 0},
		"UsePAM no":                            {"sed -i 's/^UsePAM.*/UsePAM no/' /etc/ssh/sshd_config", 21},
		"a Match block of the owner's":         {"printf 'Match User *@*\\n  AuthorizedKeysCommand /bin/true\\n  AuthorizedKeysCommandUser root\\n' >> /etc/ssh/sshd_config", 21},
		"sshd_config is empty":                 {": > /etc/ssh/sshd_config", 21},
		"no sshd_config":                       {"rm /etc/ssh/sshd_config", 21},
		"nsswitch.conf without passwd":         {"sed -i '/^passwd/d' /etc/nsswitch.conf", 21},
		"nsswitch.conf that stops":             {"sed -i 's/^passwd:.*/passwd: files [NOTFOUND=return]/' /etc/nsswitch.conf", 21},
		"no nsswitch.conf":                     {"rm /etc/nsswitch.conf", 26},
		"PAM without common-account":           {"sed -i '/common-account/d' /etc/pam.d/sshd", 21},
		"PAM denies":                           {"sed -i '1i account requisite pam_deny.so' /etc/pam.d/sshd", 21},
		"PAM file is broken":                   {"sed -i '1i @include nowhere' /etc/pam.d/sshd", 21},
		"hosts.deny":                           {"echo 'sshd: ALL' >> /etc/hosts.deny", 21},
		"nologin":                              {"touch /etc/nologin", 21},
	} {
		all = append(all, damaged{name: "before the first installation: " + name, fresh: true, script: c.script, code: c.code})
	}
	return all
}

// TestPlanOnDamagedMachines: plan says how enable, run by the agent, then ends, and doctor
// reports a fault on every machine on which enable fails.
func TestPlanOnDamagedMachines(t *testing.T) {
	for i, c := range damages() {
		if i%9 != 0 && !whole() { // MACHINES=all runs the rest
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.options.Persona.Name == "" {
				c.options = jammy()
			}
			b := broken{options: c.options, fresh: c.fresh, breakIt: func(s *machine) {
				if c.also != nil {
					c.also(s)
				}
				s.Do("cd " + stage.Home + "\n" + c.script)
			}}
			s := b.setRegistered(t)
			plan, said := planned.Ask(t, s.Scene, program)
			validate(t, "plan.schema.json", said)
			var found doctor.Report
			s.Must(json.Unmarshal(s.runs("doctor", "--json", "--skip", "network-repository,network-role-check,network-login").Stdout, &found))

			before := len(s.HandlerLog())
			env := append(slices.Clone(box.Environment()), "ConfigSequenceNumber=0")
			r, err := s.Run(t.Context(), env, planned.Own(scene.HandlerVersion), "enable", "--timeout", "25s")
			s.Must(err)
			if r.ExitCode != c.code {
				t.Errorf("enable ends with %d, not %d: %s", r.ExitCode, c.code, r.Output())
			}
			run := agentrun.Run{Operation: "enable", ExitCode: r.ExitCode, Stdout: string(r.Stdout), Stderr: string(r.Stderr)}
			planned.Agree(t, s.Scene, plan, run, s.HandlerLog()[min(before, len(s.HandlerLog())):])
			if r.ExitCode != 0 && found.Verdict.Code == 0 {
				t.Errorf("doctor finds nothing, enable ends with %d: %s", r.ExitCode, r.Output())
			}
		})
	}
}
