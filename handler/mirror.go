package handler

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"aadssh/distro"
	"aadssh/internal/agent"
	"aadssh/internal/decide"
	"aadssh/internal/download"
	"aadssh/internal/repo"
)

// asServed adapts the definition of a repository to what a mirror serves. An index that the
// mirror generated itself, with createrepo for example, has no signature, and a package
// manager that is told to check it refuses the whole repository. The signatures of the
// packages are still checked. For the vendor's own host the signature of the index is
// always required.
func (w *work) asServed(ctx context.Context, files []repo.File) []repo.File {
	if w.Settings.Repository.Mode != agent.ModeMirror || w.facts.Target.Manager == distro.Apt || !w.facts.Target.Repository.MetadataSigned {
		return files
	}
	client := download.Client{Proxy: w.proxy(ctx, w.facts.PackageBase()), Log: w.log}
	signature := decide.IndexAddress(w.plan, w.facts) + ".asc"
	if _, err := client.Get(ctx, signature, keyLimit); !download.NotFound(err) {
		return files // the package manager will report any other error itself
	}
	w.log.Warnf("the mirror has no %s: the index is used unsigned, the packages' signatures are checked", signature[strings.LastIndexByte(signature, '/')+1:])
	files = slices.Clone(files)
	for i := range files {
		files[i].Content = bytes.Replace(files[i].Content, []byte("\nrepo_gpgcheck=1\n"), []byte("\nrepo_gpgcheck=0\n"), 1)
	}
	return files
}
