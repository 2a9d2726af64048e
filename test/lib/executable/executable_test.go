package executable

import (
	"os/exec"
	"testing"
	"time"
)

func TestNothingStartsMeanwhile(t *testing.T) {
	started := make(chan error, 1)
	err := Writing(func() error {
		go func() { started <- exec.Command("true").Run() }()
		select {
		case err := <-started:
			t.Errorf("a program was started (%v) while another was written", err)
			started <- err
		case <-time.After(100 * time.Millisecond):
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-started; err != nil {
		t.Errorf("it must start afterwards: %v", err)
	}
}
