//go:build unix

package db

import (
	"errors"
	"os"
	"syscall"

	"github.com/interim-access/interim/internal/platform/fault"
)

// lockFile keeps a second process out of the data folder until the file is
// closed or the process ends, however it ends. The file itself stays: removing
// it would let two processes lock two files of one name.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, fault.Wrap(fault.Unavailable, err, "the data folder does not exist")
	case err != nil:
		return nil, fault.Wrap(fault.Unavailable, err, "the data folder cannot be written")
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fault.Wrap(fault.Unavailable, err, "data folder in use by another process")
		}
		return nil, fault.Wrap(fault.Unavailable, err, "the data folder cannot be locked")
	}
	return f, nil
}
