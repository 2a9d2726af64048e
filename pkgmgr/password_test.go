package pkgmgr

import (
	"strings"
	"testing"

	"aadssh/distro"
	"aadssh/internal/host"
)

// A password in the address of somebody's repository is in no message, even if it was not
// percent-encoded.
func TestNoPasswordOfARepositoryIsShown(t *testing.T) {
	for _, user := range []string{"u:s3cret", "u:p@ss-s3cret", "u:s3cret@x", "u:80/s3cret"} {
		address := "https://" + user + "@packages.example/x"
		for name, outputs := range map[distro.Manager][]string{
			distro.Apt: {
				"E: Failed to fetch " + address + "/InRelease  401  Unauthorized [IP: 192.0.2.1 443]\n",
				"Err:1 " + address + " jammy InRelease\n  Certificate verification failed: The certificate is NOT trusted.\n",
				"E: Something else about " + address + " went wrong\n",
			},
			distro.Dnf: {
				"Status code: 401 for " + address + "/repodata/repomd.xml (IP: 192.0.2.1)\n",
				"Curl error (60): SSL peer certificate or SSH remote key was not OK for " + address + "/repodata/repomd.xml [self-signed]\n",
				"Error: something else about " + address + " went wrong\n",
			},
			distro.Yum:    {address + "/repodata/repomd.xml: [Errno 14] curl#60 - \"Peer's Certificate issuer is not recognized.\"\n"},
			distro.Tdnf:   {"Error: 401 when downloading " + address + "/repodata/repomd.xml\n"},
			distro.Zypper: {"Timeout exceeded when accessing '" + address + "/repodata/repomd.xml'.\n"},
		} {
			m := manager(t, name)
			for _, output := range outputs {
				f := m.Classify(host.Command{Name: string(name)}, host.Result{ExitCode: 100, Stdout: []byte(output)})
				if f == nil {
					t.Errorf("%s: nothing wrong in %q", name, output)
					continue
				}
				said := f.What + "\n" + f.Next
				if strings.Contains(said, "s3cret") || !strings.Contains(said, "packages.example") {
					t.Errorf("%s: %q is said of %q", name, said, output)
				}
			}
		}
	}
}
