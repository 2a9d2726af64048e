//go:build rig

package enable

import (
	"encoding/base64"
	"fmt"
	"strings"

	"aadssh/test/lib/agentrun"
)

// protect is a settings file with protected settings, encrypted like the platform's, for a
// certificate in the agent's folder. The plain text is in no file of the machine.
func (s *machine) protect(public, protected string) string {
	s.T.Helper()
	thumbprint := s.certificate()
	key := agentrun.Lib + "/" + thumbprint
	r, err := s.Run(s.T.Context(), []string{"PATH=/usr/bin:/bin", "CLEAR=" + protected}, "sh", "-c",
		`printf %s "$CLEAR" | openssl cms -encrypt -outform DER -aes-256-cbc `+key+`.crt`)
	s.Must(err)
	if r.ExitCode != 0 || len(r.Stdout) == 0 {
		s.T.Fatalf("openssl cms: %s", r.Stderr)
	}
	return fmt.Sprintf(`{"runtimeSettings": [{"handlerSettings": {"publicSettings": %s, "protectedSettings": %q, "protectedSettingsCertThumbprint": %q}}]}`,
		public, base64.StdEncoding.EncodeToString(r.Stdout), thumbprint)
}

// certificate creates one with its key, named by its thumbprint.
func (s *machine) certificate() string {
	s.T.Helper()
	s.Must(s.MkdirAll(agentrun.Lib, 0o700))
	s.Sh("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=tenant -days 2 -keyout /run/new.prv -out /run/new.crt")
	_, print, _ := strings.Cut(s.Sh("openssl x509 -in /run/new.crt -noout -fingerprint -sha1"), "=")
	print = strings.ReplaceAll(strings.TrimSpace(print), ":", "")
	for _, end := range []string{".prv", ".crt"} {
		s.Sh("mv /run/new" + end + " " + agentrun.Lib + "/" + print + end)
	}
	return print
}
