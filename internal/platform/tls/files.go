package tlsca

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// Files is a Store in a folder that no other process writes to: the data
// folder. Each name is a file NAME.pem of mode 0600, which is there whole or
// not at all, whenever the power goes.
func Files(dir string) Store {
	var mu sync.Mutex
	load := func(name string) ([]byte, error) {
		text, err := os.ReadFile(filepath.Join(dir, name+".pem"))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return text, err
	}
	return Store{
		Load: func(_ context.Context, name string) ([]byte, error) { return load(name) },
		Swap: func(_ context.Context, name string, old, text []byte) ([]byte, error) {
			mu.Lock()
			defer mu.Unlock()
			kept, err := load(name)
			if err != nil || !bytes.Equal(kept, old) {
				return kept, err
			}
			return text, replace(filepath.Join(dir, name+".pem"), text)
		},
	}
}

// replace puts text in the file's place.
func replace(path string, text []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, filepath.Base(path)+".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync the folder: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}
