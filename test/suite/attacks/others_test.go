package attacks

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"aadssh/internal/agent"
	"aadssh/internal/fault"
	"aadssh/internal/standalone"
	"aadssh/internal/state"
)

// environment is HandlerEnvironment.json with one folder that an attacker chose.
func environment(what, logFolder, configFolder string) attack {
	return attack{by: "another extension", what: what, holds: "the agent's folders are absolute, plain, and not the root",
		works: func(w *world) bool {
			w.put("h-1.0/HandlerEnvironment.json", environmentFile(w, logFolder, configFolder))
			return strings.Contains(w.read(filepath.Join(w.dir, "h-1.0/HandlerEnvironment.json")), "logFolder") // a decoder accepts it
		},
		held: func(w *world) error {
			w.put("h-1.0/HandlerEnvironment.json", environmentFile(w, logFolder, configFolder))
			e, err := agent.LoadFrom(filepath.Join(w.dir, "h-1.0"))
			return holds(err != nil && !strings.ContainsAny(err.Error(), "\x1b\n"), "taken: %+v, %q", e, err)
		}}
}

func environmentFile(w *world, logFolder, configFolder string) string {
	return fmt.Sprintf(`[{"name":"h","version":1.0,"handlerEnvironment":{"logFolder":%s,"configFolder":%s,"statusFolder":%s,"heartbeatFile":"x"}}]`,
		quoted(logFolder), quoted(configFolder), quoted(filepath.Join(w.dir, "status")))
}

const (
	otherMachine = "11111111-2222-3333-4444-555555555555"
	thisMachine  = "99999999-8888-7777-6666-555555555555"
)

func others() []attack {
	boot := func(w *world, id string) { w.put("proc/sys/kernel/random/boot_id", id+"\n") }
	handover := func(what, content string, naive func(h state.Handover) bool) attack {
		return attack{by: "captured image", what: what, holds: "a handover is valid for 20 minutes by the boot's clock, and only in that boot",
			works: func(w *world) bool {
				var h state.Handover
				w.put("var/lib/aadsshlogin-handler/handover", content)
				found, err := state.ReadJSON(w.host, "/var/lib/aadsshlogin-handler/handover", &h)
				return err == nil && found && naive(h)
			},
			held: func(w *world) error {
				boot(w, "boot-2")
				w.put("var/lib/aadsshlogin-handler/handover", content)
				h, counts, _ := state.ReadHandover(w.host, time.Hour)
				return holds(!counts, "it counts: %+v", h)
			}}
	}
	given := func(what, stops string, works func(w *world) bool, make func(w *world) standalone.Files) attack {
		return attack{by: "setup's own files", what: what, holds: stops, works: works, held: func(w *world) error {
			var err error
			back := within(time.Minute, func() { _, err = make(w).Read(w.t.Context(), strings.NewReader("")) })
			return holds(back && err != nil && fault.Of(err).Code == fault.SettingsInvalid && !strings.Contains(fault.Of(err).What, "s3cret"), "came back %v, %v", back, err)
		}}
	}
	there := func(h state.Handover) bool { return h.To != "" } // a naive uninstall does nothing if there is any handover
	return []attack{
		environment("a log folder that is relative", "../../etc", "/c"),
		environment("a log folder that is the root", "/", "/c"),
		environment("a log folder that is the root, in another way", "/var/..", "/c"),
		environment("a config folder with a line end", "/l", "/c\nx"),
		environment("a config folder with control characters", "/l", "/c\x1b[2J"),
		environment("no config folder", "/l", ""),
		{by: "captured image", what: "the receipt of another machine, by which packages of this machine would be removed", holds: "a receipt is valid only on the machine that wrote it, by the hardware's ID",
			works: func(w *world) bool {
				var r state.Receipt
				w.put("var/lib/aadsshlogin-handler/receipt.json", `{"machine":"`+otherMachine+`","packages":{"aadsshlogin":{"before":""}}}`)
				found, err := state.ReadJSON(w.host, "/var/lib/aadsshlogin-handler/receipt.json", &r)
				return err == nil && found && len(r.Packages) == 1
			},
			held: func(w *world) error {
				w.put("sys/class/dmi/id/product_uuid", thisMachine+"\n")
				w.put("etc/machine-id", otherMachine+"\n") // the image's, which is copied with it
				w.put("var/lib/aadsshlogin-handler/receipt.json", `{"machine":"`+otherMachine+`","packages":{"aadsshlogin":{"before":""}}}`)
				r, err := state.ReadReceipt(w.host)
				return holds(err == nil && len(r.Packages) == 0, "%+v, %v", r, err)
			}},
		{by: "captured image", what: "a damaged receipt", holds: "nothing is removed because of a receipt that cannot be read",
			works: func(w *world) bool { return len(w.read(w.put("r", `{"packages":{"aadsshlogin":`))) > 0 },
			held: func(w *world) error {
				w.put("var/lib/aadsshlogin-handler/receipt.json", `{"packages":{"aadsshlogin":`)
				r, err := state.ReadReceipt(w.host)
				return holds(err != nil && len(r.Packages) == 0, "%+v, %v", r, err)
			}},
		given("a file of secrets that others may read", "protected settings are read only from a file that only root can read",
			func(w *world) bool {
				return strings.Contains(w.read(w.put("p", `{"proxy":"http://u:s3cret@h:1"}`)), "s3cret")
			},
			func(w *world) standalone.Files {
				return standalone.Files{Protected: w.put("p", `{"proxy":"http://u:s3cret@h:1"}`)}
			}),
		given("a file of secrets that belongs to somebody else", "protected settings are read only from a file that only root can read", nil,
			func(w *world) standalone.Files {
				p := w.put("p", `{"proxy":"http://u:s3cret@h:1"}`)
				w.must(os.Chmod(p, 0o600))
				if os.Geteuid() == 0 {
					w.must(os.Chown(p, 65534, 65534))
				} else {
					w.must(os.Chmod(p, 0o644))
				}
				return standalone.Files{Protected: p}
			}),
		given("settings that are a pipe", "only regular files are read, without waiting",
			func(w *world) bool {
				w.must(syscall.Mkfifo(w.path("s"), 0o600))
				return !within(200*time.Millisecond, func() { w.read(filepath.Join(w.dir, "s")) })
			},
			func(w *world) standalone.Files {
				w.must(syscall.Mkfifo(w.path("s"), 0o600))
				return standalone.Files{Settings: filepath.Join(w.dir, "s")}
			}),
		given("settings that never end", "only regular files, and a limit on what is read", nil,
			func(w *world) standalone.Files { return standalone.Files{Settings: w.link("/dev/zero", "s")} }),
		given("settings of 5 MB", "a limit on what is read",
			func(w *world) bool { return len(w.read(w.put("s", strings.Repeat(" ", 5<<20)))) == 5<<20 },
			func(w *world) standalone.Files {
				return standalone.Files{Settings: w.put("s", strings.Repeat(" ", 5<<20))}
			}),
		{by: "setup's own files", what: "a damaged record of who owns the machine", holds: "if the record cannot be read, nobody is the owner",
			works: func(w *world) bool { return len(w.read(w.put("o", `{"setup":tr`))) > 0 },
			held: func(w *world) error {
				w.put("var/lib/aadsshlogin-handler/owner.json", `{"setup":tr`)
				o, found, err := state.ReadOwner(w.host)
				return holds(err != nil || !found, "%+v", o)
			}},
		handover("a handover of an earlier boot", `{"to":"9.9.9.9","boot":"boot-1","upFor":3599000000000}`, there),
		handover("a handover from the future of the boot's clock", `{"to":"9.9.9.9","boot":"boot-2","upFor":9999999000000000}`, there),
		handover("a handover that is an hour old", `{"to":"9.9.9.9","boot":"boot-2","upFor":1}`, there),
		handover("a handover with no time", `{"to":"9.9.9.9","boot":"boot-2"}`, there),
	}
}
