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

// asServed is the definition of a repository as a mirror serves it. An index
// that a mirror has made itself, with createrepo for one, carries no signature,
// and a package manager that is told to check it refuses the whole repository.
// The signatures of the packages are checked all the same. Of the vendor's own
// host the signature is never done without.
func (w *work) asServed(ctx context.Context, files []repo.File) []repo.File {
	if w.Settings.Repository.Mode != agent.ModeMirror || w.facts.Target.Manager == distro.Apt || !w.facts.Target.Repository.MetadataSigned {
		return files
	}
	client := download.Client{Proxy: w.proxy(ctx, w.facts.PackageBase()), Log: w.log}
	signature := decide.IndexAddress(w.plan, w.facts) + ".asc"
	if _, err := client.Get(ctx, signature, keyLimit); !download.NotFound(err) {
		return files // what else is wrong the package manager will meet too
	}
	w.log.Warnf("the mirror has no %s: the index is used unsigned, the packages' signatures are checked", signature[strings.LastIndexByte(signature, '/')+1:])
	files = slices.Clone(files)
	for i := range files {
		files[i].Content = bytes.Replace(files[i].Content, []byte("\nrepo_gpgcheck=1\n"), []byte("\nrepo_gpgcheck=0\n"), 1)
	}
	return files
}
