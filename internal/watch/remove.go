package watch

import (
	"context"
	"errors"

	"aadssh/internal/systemd"
)

// Remove removes the watch: the units, the copy, and their records. It continues after an
// error and returns all of them.
func (k *Keeper) Remove(ctx context.Context) error {
	return k.removeCopies(k.removeUnits(ctx, allUnits()))
}

// End ends what starts checks, and leaves the program for people. It does not end the repair
// unit, which may be what calls it.
func (k *Keeper) End(ctx context.Context) error {
	return k.removeUnits(ctx, []string{timerUnit, pathUnit, lookUnit})
}

// removeCopies removes the program once the units are gone: units says what failed
// of that, and where they had to be left they need it.
func (k *Keeper) removeCopies(units error) error {
	if Lacking(units) {
		return units
	}
	return errors.Join(units, k.removeFiles(k.copies()))
}

func (k *Keeper) removeUnits(ctx context.Context, stop []string) error {
	var troubles []error
	there := There(k.Host)
	if there && systemd.Running() {
		err := systemd.StopAndDisable(ctx, stop...)
		if Lacking(err) { // without its files nothing would stop it any more
			return err
		}
		troubles = append(troubles, err)
	}
	paths := append(links(), recordFile, memoryFile)
	for _, unit := range allUnits() {
		paths = append(paths, unitDir+"/"+unit)
	}
	troubles = append(troubles, k.removeFiles(paths))
	if there && systemd.Running() {
		troubles = append(troubles, systemd.DaemonReload(ctx))
	}
	return errors.Join(troubles...)
}

func (k *Keeper) removeFiles(paths []string) error {
	var troubles []error
	for _, path := range paths {
		_, err := k.Host.RemoveFile(path)
		troubles = append(troubles, err)
	}
	return errors.Join(troubles...)
}
