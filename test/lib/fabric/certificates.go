package fabric

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// tenant is the certificate that protected settings are encrypted for. The agent fetches it
// with its key, encrypted for the agent's own certificate.
type tenant struct {
	dir        string
	thumbprint string // SHA-1, upper case hexadecimal
}

func newTenant() (*tenant, error) {
	pair, err := tenantPair()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "tenant.")
	if err != nil {
		return nil, err
	}
	t := &tenant{dir: dir, thumbprint: pair.thumbprint}
	if err := errors.Join(os.WriteFile(t.key(), pair.key, 0o600), os.WriteFile(t.certificate(), pair.certificate, 0o600)); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return t, nil
}

// pair is a tenant's key and certificate, both PEM.
type pair struct {
	key, certificate []byte
	thumbprint       string
}

// tenantPair is created once per process: an RSA key takes most of a second.
var tenantPair = sync.OnceValues(func() (pair, error) {
	out, err := openssl(nil, "req", "-x509", "-nodes", "-newkey", "rsa:2048", "-days", "3650", "-subj", "/CN=TenantEncryptionCert", "-keyout", "-")
	if err != nil {
		return pair{}, err
	}
	var p pair
	for block, rest := pem.Decode(out); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			p.certificate, p.thumbprint = pem.EncodeToMemory(block), fmt.Sprintf("%X", sha1.Sum(block.Bytes))
		} else {
			p.key = pem.EncodeToMemory(block)
		}
	}
	if p.key == nil || p.certificate == nil {
		return pair{}, errors.New("openssl made no key and certificate")
	}
	return p, nil
})

func (t *tenant) key() string         { return filepath.Join(t.dir, "tenant.key") }
func (t *tenant) certificate() string { return filepath.Join(t.dir, "tenant.crt") }

// encrypt encrypts a text for protectedSettings: CMS, in base64.
func (t *tenant) encrypt(plain []byte) (string, error) {
	out, err := openssl(plain, "cms", "-encrypt", "-binary", "-outform", "DER", "-aes-256-cbc", t.certificate())
	return base64.StdEncoding.EncodeToString(out), err
}

// certificates is the response to comp=certificates: a PFX without a password, in CMS for
// the agent's transport certificate.
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

// lines is base64 in lines of 64 characters: the openssl in the machine reads no longer
// lines.
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
