package login

import (
	"aadssh/internal/check"
	"aadssh/internal/signin/gate"
)

// Rows are the checks of what the package added to the machine, in the order in which a
// sign-in reaches it.
func Rows() []*check.Row[*Facts] {
	programs := check.Anybody("/usr", "/lib", "/lib64", "/bin", "/sbin")
	return []*check.Row[*Facts]{
		row("pam-auth", "pam", check.GateAccount, nil, "Does PAM's auth stack know Entra ID users?", "Certificates work without it; other ways to sign in with Entra ID do not.", answer(func(f *Facts) gate.Answer { return f.PAM.renamed(f.PAM.assessAuth()) })),
		row("pam-account", "pam", check.GateAccount, nil, "Does PAM's account stack let Entra ID users in?", "The stack is followed as libpam follows it, with what each known module says of such a person. What a module without a row says is not known.", answer(func(f *Facts) gate.Answer { return f.PAM.renamed(f.PAM.assessAccount()) })),
		row("pam-session", "pam", check.GateSession, nil, "Does PAM's session stack let a session begin?", "The same for the session stack, with the limits that end a session.", answer(func(f *Facts) gate.Answer { return f.PAM.renamed(f.PAM.assessSession()) })),
		row("nss-passwd", "nss", check.GateName, check.Anybody(switchFile), "Are Entra ID users looked up?", "passwd in nsswitch.conf, by glibc's rules: without it sshd finds nobody.", answer(func(f *Facts) gate.Answer { return f.NSS.assessPasswd() })),
		row("nss-group", "nss", check.GateName, check.Anybody(switchFile), "Are their groups looked up?", "People get in without it, but are not shown as members of groups.", answer(func(f *Facts) gate.Answer { return f.NSS.assessGroup() })),
		row("nss-shadow", "nss", check.GateName, check.Anybody(switchFile), "Is the shadow database asked as the package set it up?", "Certificates do not need it, so it is only reported.", answer(func(f *Facts) gate.Answer { return f.NSS.assessShadow() })),
		row("cert-handler", "sshd", check.GateCommand, programs, "Can sshd run the cert handler?", "The program is there, can be executed, and is safe by sshd's rules: the file and each folder above it are root's alone.", check.One(func(f *Facts) check.Result {
			return f.Files.CertHandler.assess("sshd cannot ask for anybody's keys", true, true)
		})),
		row("user-add", "pam", check.GateAccount, programs, "Can accounts be made at the first sign-in?", "The package's program for it is there and can be executed, and /etc can be written, where the accounts are.", check.One((*Facts).newAccounts)),
		row("pam-module", "pam", check.GateAccount, programs, "Is the package's PAM module in place?", "The file, and no mount option that keeps it from being loaded.", check.One(func(f *Facts) check.Result {
			return f.Files.PAMModule.assess("nobody's role can be checked", false, false)
		})),
		row("nss-library", "nss", check.GateName, programs, "Is the package's NSS library in place?", "The same for the library that finds users.", check.One(func(f *Facts) check.Result { return f.Files.NSSLibrary.assessLibrary() })),
		row("sudo", "pam", check.GateSudo, nil, "May administrators use sudo?", "sudo's rules as sudo reads them. Nobody is kept from signing in by it, so it is a warning at most.", check.One(func(f *Facts) check.Result { return f.Sudo.assess() })),
		row("selinux", "selinux", check.GateSELinux, nil, "Does SELinux know the package?", "The module of aadsshlogin-selinux, where SELinux is active. Policies that are known to confine what sshd starts are not known to let it work.", check.One(func(f *Facts) check.Result { return f.SELinux.assess() })),
		row("selinux-denials", "selinux", check.GateSELinux, nil, "Has SELinux denied the package nothing?", "Denials of the last 24 hours in the audit log that name the package's programs and files. Which one ends a sign-in cannot be told.", func(f *Facts) []check.Result { return f.Denials.assess() }),
		row("accounts", "nss", check.GateName, nil, "Has no local account the name of an Entra ID user's?", "Names and ids in /etc/aadpasswd against those of /etc/passwd, and among themselves.", check.One(func(f *Facts) check.Result {
			if f.One != nil {
				return f.Accounts.of(f.One.Name).assess()
			}
			return f.Accounts.assess()
		})),
		row("shell", "pam", check.GateSession, nil, "Is the shell there that accounts are given?", "The shells of those who were here, and the one that new accounts are likely to get.", check.One(func(f *Facts) check.Result {
			if f.One != nil {
				return f.Shells.of(f.One)
			}
			return f.Shells.assess()
		})),
	}
}

// ProgramRow is the check of the installed package's files.
func ProgramRow[M any](run func(M) check.Result) *check.Row[M] {
	return &check.Row[M]{About: check.About{Name: "package-files", Section: check.SignIn, Group: "packages", Gate: check.GatePackages, Asks: "Are the files of the packages as they came?",
		Doc: "The sign-in programs, by the package database's digests. Where the package's file was kept, it is installed anew; where not, the file is left and its work is not known. A diversion of dpkg's is the owner's."},
		Run: check.One(run)}
}

func row(name, group string, gate check.Gate, sight *check.Sight, asks, doc string, run func(*Facts) []check.Result) *check.Row[*Facts] {
	return &check.Row[*Facts]{About: check.About{Name: name, Section: check.SignIn, Group: group, Gate: gate, Sight: sight, Asks: asks, Doc: doc}, Run: run}
}

func answer(of func(*Facts) gate.Answer) func(*Facts) []check.Result {
	return check.One(func(f *Facts) check.Result { return of(f).Result() })
}

// Assess runs the checks.
func Assess(f *Facts) []check.Result { return check.Run(Rows(), f) }
