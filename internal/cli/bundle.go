package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"aadssh/internal/doctor"
	"aadssh/internal/fault"
	"aadssh/internal/text"
)

// bundle writes the archive for support.
func (p Process) bundle() *cobra.Command {
	var output string
	var also []string
	c := &cobra.Command{
		Use:   "support-bundle",
		Short: "Write an archive with what support needs to help",
		Long: `support-bundle writes a tar.gz with what doctor, plan and status say, and of the
logs and the configuration of sshd, PAM, NSS and the package repositories the
lines, keys and words that cannot hold a secret. Names of people and machines
are in it: look through it before you pass it on. It changes nothing else.`,
		Example: "  sudo /usr/local/bin/aadsshlogin-handler support-bundle\n  sudo /usr/local/bin/aadsshlogin-handler support-bundle --output - | ssh me@desk 'cat > bundle.tar.gz'",
		GroupID: groupPeople,
		Args:    noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			o := p.options()
			for _, file := range also {
				if !filepath.IsAbs(file) {
					return fault.New(fault.Usage, "--include needs the full path of a file, not "+strconv.Quote(file)+".", "Run: sudo "+pathOf(c)+" --include /PATH")
				}
				fmt.Fprintf(c.ErrOrStderr(), "Warning: %s goes in whole; only what looks like a secret is taken out of it. Read it before you pass it on.\n", strconv.Quote(file))
			}
			show, done := p.progress()
			o.Progress = show
			if output == "-" {
				_, err := doctor.Bundle(c.Context(), o, c.OutOrStdout(), also...)
				done()
				return err
			}
			if output == "" {
				output = "aadsshlogin-support-" + time.Now().UTC().Format("20060102T150405Z") + ".tar.gz"
			}
			// It must not overwrite a file or follow a link, because root writes it.
			f, err := os.OpenFile(output, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return fault.Wrap(err, fault.Disk, "The bundle cannot be written: "+err.Error()+".", "Name another file: sudo "+pathOf(c)+" --output /PATH/FILE.tar.gz")
			}
			names, err := doctor.Bundle(c.Context(), o, f, also...)
			done()
			if closeErr := f.Close(); err == nil {
				err = closeErr
			}
			if err != nil {
				os.Remove(output)
				return fault.Wrap(err, fault.Disk, "The bundle could not be written: "+err.Error()+".", "Name a file where there is room (df -h): sudo "+pathOf(c)+" --output /PATH/FILE.tar.gz")
			}
			fmt.Fprintf(c.OutOrStdout(), "%s (%s)\nIt holds names of people and machines; look through it before you pass it on: tar -tzf %s\n", output, text.Counted(len(names), "file"), output)
			return nil
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "", "file to write; - is standard output (default: aadsshlogin-support-TIME.tar.gz in the current folder)")
	c.Flags().StringArrayVar(&also, "include", nil, "also include this whole file, which may contain secrets (may be given several times)")
	return c
}
