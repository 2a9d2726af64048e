//go:build rig

package enable

import (
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"time"

	"aadssh/internal/fault"
	"aadssh/status"
	"aadssh/test/lib/agentrun"
	"aadssh/test/lib/box"
	"aadssh/test/lib/fixtures"
	"aadssh/test/lib/metadata"
	"aadssh/test/lib/roots"
	"aadssh/test/lib/scene"
	"aadssh/test/lib/stage"
)

// folders are an agent's folders for a version of a handler.
type folders struct{ base, log, config, status string }

// arcFolders are those of the Connected Machine agent: handlers are where the Azure Linux
// agent has them, their logs are not (Microsoft Learn, azure-arc servers, agent-overview
// and troubleshoot-vm-extensions).
func arcFolders() folders {
	base := agentrun.Dir(scene.HandlerVersion)
	return folders{base, "/var/lib/GuestConfig/extension_logs/" + agentrun.Handler, base + "/config", base + "/status"}
}

// elsewhere are no agent's folders: only HandlerEnvironment.json says where they are.
func elsewhere() folders {
	return folders{"/opt/plugins/" + agentrun.Handler + "-" + scene.HandlerVersion, "/srv/ext logs", "/srv/conf/a/config", "/srv/st"}
}

// arcServer is an Arc-enabled server with its agent's service.
func arcServer(t *testing.T, p roots.Persona, token metadata.Answer, challenges ...metadata.Answer) (*machine, *metadata.Service) {
	t.Helper()
	var service *metadata.Service
	s := newMachine(t, scene.Options{Persona: p, Timeout: time.Minute}, func(s *machine) {
		s.WriteMode("/opt/azcmagent/bin/himds", "#!/bin/sh\n", 0o755)
		s.Must(s.MkdirAll(metadata.ArcTokens, 0o750))
		service = metadata.Arc(func(path string, content []byte) error { return s.WriteFile(path, content, 0o440) }).
			Always(metadata.ComputePath, metadata.JSON(metadata.ArcServer())).
			Always(metadata.TokenPath, token).
			Challenge(challenges...)
		l, err := s.Listen("tcp", metadata.ArcAddress)
		s.Must(err)
		go func() { _ = http.Serve(l, service) }() // ends with the box
	})
	t.Cleanup(func() {
		if n := len(s.Metadata.Requests()); n != 0 {
			t.Errorf("the service of Azure VMs was asked %d times", n)
		}
		for _, r := range service.Unexpected() {
			t.Errorf("unexpected request to the Arc agent: %s", r)
		}
	})
	return s, service
}

// deliver unpacks the extension into an agent's folders.
func (s *machine) deliver(f folders) {
	s.T.Helper()
	s.Must(fs.WalkDir(s.Package(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(s.Package(), name)
		if err != nil {
			return err
		}
		return s.WriteFile(f.base+"/"+name, content, 0o744)
	}))
	for _, dir := range []string{f.log, f.config, f.status} {
		s.Must(s.MkdirAll(dir, 0o755))
	}
	s.Write(f.base+"/HandlerEnvironment.json", fmt.Sprintf(
		`[{"name": %q, "version": 1.0, "handlerEnvironment": {"logFolder": %q, "configFolder": %q, "statusFolder": %q, "heartbeatFile": %q}}]`,
		agentrun.Handler, f.log, f.config, f.status, f.base+"/heartbeat.log"))
	s.WriteMode(f.config+"/0.settings", agentrun.Public("{}"), 0o600)
}

// operate runs install and enable by hand, and returns the result of enable.
func (s *machine) operate(f folders) stage.Verdict {
	s.T.Helper()
	var report agentrun.Report
	for _, op := range []string{"install", "enable"} {
		r, err := s.Session(s.T.Context(), []string{"PATH=" + box.Path, "ConfigSequenceNumber=0"}, f.base, f.base+"/bin/aadsshlogin-handler", op, "--timeout", "1m")
		s.Must(err)
		report.Runs = append(report.Runs, agentrun.Run{Operation: op, ExitCode: r.ExitCode, Stdout: string(r.Stdout), Stderr: string(r.Stderr)})
	}
	said, err := status.Read(s.Root()+f.status, 0)
	s.Must(err)
	report.Extension = &agentrun.Extension{Status: string(said.Level), Code: said.Code, Message: said.Message}
	return s.Verdict(report)
}

func TestArc(t *testing.T) {
	ofServer := metadata.TokenOf(metadata.ArcID("rg-edge", "db1"))
	for _, p := range machines() {
		for name, f := range map[string]folders{"Connected Machine agent's folders": arcFolders(), "other folders": elsewhere()} {
			t.Run(p.Name+"/"+name, func(t *testing.T) {
				s, _ := arcServer(t, p, ofServer)
				s.deliver(f)
				s.operate(f).Is(fault.OK)
				if !strings.Contains(s.read(f.log+"/handler.log"), "finished: enable") {
					t.Error("handler.log is not in the folder that the agent named")
				}
				if s.Installed(fixtures.Login) == "" {
					t.Error("nothing was installed")
				}
			})
		}
	}
}

// TestArcRefusals: the verdict on an Arc-enabled server has Arc's own terms, and a program
// that listens on the agent's port gets no file that only root can read.
func TestArcRefusals(t *testing.T) {
	user := metadata.TokenOf(metadata.UserAssignedID("rg-ids", "web-id"))
	ofServer := metadata.TokenOf(metadata.ArcID("rg-edge", "db1"))
	for _, c := range []struct {
		name       string
		token      metadata.Answer
		challenges []metadata.Answer
		prepare    func(*machine)
		code       fault.Code
		words      []string
	}{
		{"only user-assigned", user, nil, nil, fault.IdentityMissing, []string{"Arc-enabled server db1 (resource group rg-edge)", "az connectedmachine show", "azcmagent connect"}},
		{"path out of the folder", ofServer, []metadata.Answer{metadata.Ask("Basic realm=" + metadata.ArcTokens + "/../../../../etc/shadow")}, nil,
			fault.IdentityUnknown, []string{"it asked for the file", "did not get it"}},
		{"relative path", ofServer, []metadata.Answer{metadata.Ask("Basic realm=../../etc/shadow")}, nil, fault.IdentityUnknown, []string{"did not get it"}},
		{"link out of the folder", ofServer, []metadata.Answer{metadata.Ask("Basic realm=" + metadata.ArcTokens + "/x.key")},
			func(s *machine) { s.Must(s.Symlink("/etc/shadow", metadata.ArcTokens+"/x.key")) }, fault.IdentityUnknown, []string{"x.key", "cannot be read"}},
		{"not himds", ofServer, []metadata.Answer{metadata.Page(200)}, nil, fault.IdentityUnknown, []string{"ss -ltnp"}},
		{"himds has no token", metadata.Status(500, "unknown", "disconnected"), nil, nil, fault.IdentityUnknown, []string{"systemctl restart himdsd"}},
		{"registered legacy extension", ofServer, nil, registered("Enabled"), fault.LegacyInstalled,
			[]string{"az connectedmachine extension delete -g rg-edge --machine-name db1 -n AADLoginForLinux"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, service := arcServer(t, roots.Ubuntu("22.04"), c.token, c.challenges...)
			if c.prepare != nil {
				c.prepare(s)
			}
			// One challenge for install and one for enable.
			service.Challenge(c.challenges...)
			s.deliver(arcFolders())
			before := s.Snapshot()
			s.operate(arcFolders()).Is(c.code, c.words...)
			s.unchanged(before, metadata.ArcTokens, "/var/lib/GuestConfig")
			for _, r := range service.Requests() {
				if key := r.Header.Get("Authorization"); len(c.challenges) > 0 && key != "" {
					t.Errorf("a file was handed out: %s", key)
				}
			}
		})
	}
}
