package fabric

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// tenant is the certificate that protected settings are encrypted for. The
// agent fetches it with its key, encrypted in turn for the agent's own.
type tenant struct {
	dir        string
	thumbprint string // SHA-1, upper case hexadecimal
}

func newTenant() (*tenant, error) {
	dir, err := os.MkdirTemp("", "tenant.")
	if err != nil {
		return nil, err
	}
	t := &tenant{dir: dir}
	_, err = openssl(nil, "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", "3650", "-subj", "/CN=TenantEncryptionCert",
		"-keyout", t.key(), "-out", t.certificate())
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	out, err := openssl(nil, "x509", "-in", t.certificate(), "-fingerprint", "-sha1", "-noout")
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	_, print, _ := strings.Cut(strings.TrimSpace(string(out)), "=")
	t.thumbprint = strings.ToUpper(strings.ReplaceAll(print, ":", ""))
	return t, nil
}

func (t *tenant) key() string         { return filepath.Join(t.dir, "tenant.key") }
func (t *tenant) certificate() string { return filepath.Join(t.dir, "tenant.crt") }

// encrypt is a text for protectedSettings: CMS, in base64.
func (t *tenant) encrypt(plain []byte) (string, error) {
	out, err := openssl(plain, "cms", "-encrypt", "-binary", "-outform", "DER", "-aes-256-cbc", t.certificate())
	return base64.StdEncoding.EncodeToString(out), err
}

// certificates is the answer to comp=certificates: a PFX without a password, in
// CMS for the agent's transport certificate.
func (t *tenant) certificates(transport, cipher string) (string, error) {
	algorithm, known := map[string]string{"DES_EDE3_CBC": "-des3", "AES128_CBC": "-aes-128-cbc"}[cipher]
	if !known {
		return "", fmt.Errorf("the cipher %q is not known", cipher)
	}
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(transport), ""))
	if err != nil || len(der) == 0 {
		return "", fmt.Errorf("the transport certificate: %d bytes, %w", len(der), err)
	}
	recipient, err := os.CreateTemp(t.dir, "transport.")
	if err != nil {
		return "", err
	}
	defer os.Remove(recipient.Name())
	_, err = recipient.WriteString("-----BEGIN CERTIFICATE-----\n" + lines(der) + "-----END CERTIFICATE-----\n")
	if err := errors.Join(err, recipient.Close()); err != nil {
		return "", err
	}
	pfx, err := openssl(nil, "pkcs12", "-export", "-inkey", t.key(), "-in", t.certificate(), "-passout", "pass:")
	if err != nil {
		return "", err
	}
	envelope, err := openssl(pfx, "cms", "-encrypt", "-binary", "-outform", "DER", algorithm, recipient.Name())
	if err != nil {
		return "", err
	}
	return `<CertificateFile xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><Version>2012-11-30</Version><Incarnation>1</Incarnation>` +
		`<Format>Pkcs7BlobWithPfxContents</Format><Data>` + lines(envelope) + `</Data></CertificateFile>`, nil
}

// lines is base64 in lines of 64 characters: the openssl in the machine reads
// no longer ones.
func lines(b []byte) string {
	text := base64.StdEncoding.EncodeToString(b)
	var out strings.Builder
	for text != "" {
		n := min(64, len(text))
		out.WriteString(text[:n] + "\n")
		text = text[n:]
	}
	return out.String()
}

func openssl(in []byte, args ...string) ([]byte, error) {
	cmd := exec.Command("openssl", args...)
	cmd.Stdin = bytes.NewReader(in)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("openssl %s: %w: %s", args[0], err, exit.Stderr)
	}
	return out, err
}
