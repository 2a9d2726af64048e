package identity

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"aadssh/internal/host"
)

// keyLimit is the largest key file, in bytes (Microsoft Authentication Library
// for Go, apps/managedidentity).
const keyLimit = 4096

// answerChallenge reads the key that a challenge names. Its errors are safe to show: they
// may quote the path, but never the file's content.
func answerChallenge(h *host.Host, challenge string) (string, error) {
	name, err := keyFile(challenge)
	if err != nil {
		return "", err
	}
	return readKey(h, name)
}

// keyFile is the file in the tokens directory that a challenge of the form Basic realm=PATH
// names. Any other path is refused: a program that has taken the port must not be able to
// make us, who are root, send it other files.
func keyFile(challenge string) (string, error) {
	scheme, rest, _ := strings.Cut(strings.TrimSpace(challenge), " ")
	field, value, ok := strings.Cut(strings.TrimSpace(rest), "=")
	if !strings.EqualFold(scheme, "Basic") || !strings.EqualFold(strings.TrimSpace(field), "realm") || !ok {
		return "", errors.New("it did not ask for proof in the way of the Arc agent (WWW-Authenticate: Basic realm=FILE)")
	}
	value = strings.TrimSpace(value)
	if n := len(value); n >= 2 && value[0] == '"' && value[n-1] == '"' {
		value = value[1 : n-1]
	}
	clean := path.Clean(value)
	name := path.Base(clean)
	if strings.ContainsRune(value, 0) || path.Dir(clean) != himdsTokens || !strings.HasSuffix(name, ".key") || name == ".key" {
		return "", fmt.Errorf("it asked for the file %.100q, which is not a key in %s, and did not get it", value, himdsTokens)
	}
	return name, nil
}

// readKey reads a key file. The directory is opened first and the file relative to it,
// neither through a symbolic link, so that the file that is checked is the one that is read
// and is where its name says.
func readKey(h *host.Host, name string) (string, error) {
	unreadable := func(err error) error {
		return fmt.Errorf("the key %.100q cannot be read: %w", himdsTokens+"/"+name, err)
	}
	dir, err := unix.Open(h.Path(himdsTokens), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", unreadable(err)
	}
	defer unix.Close(dir)
	// O_NONBLOCK: a FIFO in place of a key must not hang us.
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ELOOP) {
		return "", unreadable(errors.New("it is a symlink"))
	}
	if err != nil {
		return "", unreadable(err)
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", unreadable(errors.New("it cannot be looked at"))
	}
	if !info.Mode().IsRegular() {
		return "", unreadable(errors.New("it is not a regular file"))
	}
	b, err := io.ReadAll(io.LimitReader(f, keyLimit+1))
	if err != nil {
		return "", unreadable(errors.New("reading failed"))
	}
	if len(b) > keyLimit {
		return "", unreadable(fmt.Errorf("it is larger than %d bytes", keyLimit))
	}
	key := strings.TrimSpace(string(b))
	if key == "" {
		return "", unreadable(errors.New("it is empty"))
	}
	for _, c := range []byte(key) {
		if c <= ' ' || c > '~' { // it becomes part of a header
			return "", unreadable(errors.New("it is not a key"))
		}
	}
	return key, nil
}

// accessToken reads the token from a response. The error does not quote it.
func accessToken(body []byte) (string, error) {
	var answer struct {
		Token string `json:"access_token"`
	}
	if json.Unmarshal(body, &answer) != nil || answer.Token == "" {
		return "", errors.New("no token in the answer")
	}
	return answer.Token, nil
}
