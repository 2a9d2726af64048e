package misc_test

import (
	"os"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// TestVMApplication: the three commands are short enough for the platform, both
// templates take them from their files, and what fails is not called a success.
// The commands themselves are run by test/suite/watch.
func TestVMApplication(t *testing.T) {
	const dir = "vm-application/"
	read := func(name string) string {
		t.Helper()
		b, err := os.ReadFile(dir + name)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	bicep, terraform := read("gallery.bicep"), read("main.tf")
	if _, problems := hclsyntax.ParseConfig([]byte(terraform), "main.tf", hcl.InitialPos); problems.HasErrors() {
		t.Error(problems)
	}
	for _, command := range []string{"install", "update", "remove"} {
		if n := len(read(command)); n > 4096 { // Microsoft Learn, VM applications
			t.Errorf("%s has %d characters", command, n)
		}
		if !strings.Contains(bicep, command+": loadTextContent('"+command+"')") {
			t.Errorf("gallery.bicep does not take %s from its file", command)
		}
		if !strings.Contains(strings.Join(strings.Fields(terraform), " "), command+` = file("${path.module}/`+command+`")`) {
			t.Errorf("main.tf does not take %s from its file", command)
		}
	}
	if strings.Contains(read("update"), " remove") {
		t.Error("update removes first")
	}
	for name, text := range map[string]string{"gallery.bicep": bicep, "main.tf": terraform} {
		if !strings.Contains(text, "treatFailureAsDeploymentFailure") {
			t.Errorf("%s would report a failing command as a success", name)
		}
	}
	if strings.Count(terraform, "= local.profile") != 2 {
		t.Error("main.tf assigns the application to something else than VMs and scale sets")
	}
}
