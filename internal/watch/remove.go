package watch

import (
	"context"
	"errors"

	"aadssh/internal/systemd"
)

// Remove takes the watch away: the units, the copy, and what they remember. It
// goes on after an error and returns all of them.
func (k *Keeper) Remove(ctx context.Context) error {
	err := k.remove(ctx, allUnits())
	if Lacking(err) {
		return err
	}
	return errors.Join(err, k.removeCopies())
}

// removeItself is Remove for the repair unit, which must not end itself.
func (k *Keeper) removeItself(ctx context.Context) error {
	err := k.removeCopies()
	return errors.Join(k.End(ctx), err)
}

func (k *Keeper) removeCopies() error {
	var troubles []error
	for _, path := range k.copies() {
		_, err := k.Host.RemoveFile(path)
		troubles = append(troubles, err)
	}
	return errors.Join(troubles...)
}

// End is removeItself, but leaves the program for people.
func (k *Keeper) End(ctx context.Context) error {
	return k.remove(ctx, []string{timerUnit, pathUnit, lookUnit})
}

func (k *Keeper) remove(ctx context.Context, stop []string) error {
	var troubles []error
	there := There(k.Host)
	if there && systemd.Running() {
		err := systemd.StopAndDisable(ctx, stop...)
		if Lacking(err) { // without its files nobody would stop it any more
			return err
		}
		troubles = append(troubles, err)
	}
	troubles = append(troubles, k.removeFiles())
	if there && systemd.Running() {
		troubles = append(troubles, systemd.DaemonReload(ctx))
	}
	return errors.Join(troubles...)
}

func (k *Keeper) removeFiles() error {
	paths := append(links(), recordFile, memoryFile)
	for _, unit := range allUnits() {
		paths = append(paths, unitDir+"/"+unit)
	}
	var troubles []error
	for _, path := range paths {
		_, err := k.Host.RemoveFile(path)
		troubles = append(troubles, err)
	}
	return errors.Join(troubles...)
}
