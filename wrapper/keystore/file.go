package keystore

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"kalshi.internal/apikeys/wrapper/internal/privatefile"
)

// The files of a store: the main one, and copies of the last revisions, store.1.json, store.2.json
// and so on.
const (
	mainName   = "store.json"
	copyPrefix = "store."
	copySuffix = ".json"
)

// fileVersion is that of the files which this program writes and reads.
const fileVersion = 1

// keptCopies is how many revisions have a copy, the newest included: our own choice. An erased
// private key stays on the disk as long as the copies before.
const keptCopies = 2

// header is the first line of a file. The rest is the document.
type header struct {
	Version  int    `json:"version"`
	Revision int64  `json:"revision"`
	SHA256   string `json:"sha256"`
	// File is the identity of the file that this was written to, empty if that is not known. A copy has
	// another.
	File string `json:"file,omitempty"`
}

// file is what a file of the store holds. Revision 0 stands for no file.
type file struct {
	revision int64
	data     []byte
	// isCopy says that it was not written where it was read.
	isCopy bool
}

// copyMark ends the version of what is a copy.
const copyMark = "-copy"

func (f file) version() string {
	if f.revision == 0 {
		return ""
	}
	version := strconv.FormatInt(f.revision, 10) + "-" + hash(f.data)[:16]
	if f.isCopy {
		version += copyMark
	}
	return version
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// encode returns the content of the file with that identity. What is a copy stays one.
func (f file) encode(identity string) []byte {
	if f.isCopy {
		identity = "copied"
	}
	line, _ := json.Marshal(header{fileVersion, f.revision, hash(f.data), identity}) // numbers, digits and signs
	return slices.Concat(line, []byte("\n"), f.data)
}

// decodeFile reads the content of the file with that identity.
func decodeFile(content []byte, identity, path string) (file, error) {
	line, data, _ := bytes.Cut(content, []byte("\n"))
	var head header
	switch err := json.Unmarshal(line, &head); {
	case len(content) == 0:
		return file{}, damaged(path, "it is empty")
	case err != nil || head.Version < 1:
		return file{}, damaged(path, "it does not begin like a file of a store")
	case head.Version > fileVersion:
		return file{}, newer(path)
	case head.Revision < 1:
		return file{}, damaged(path, "its revision is invalid")
	case head.SHA256 != hash(data):
		return file{}, damaged(path, "its checksum does not match: only a part of it is there, or it was changed by hand")
	}
	return file{head.Revision, data, head.File != identity}, nil
}

func copyName(revision int64) string {
	return copyPrefix + strconv.FormatInt(revision, 10) + copySuffix
}

// revisionOf returns the revision that the file of this name is a copy of, 0 for any other file.
func revisionOf(name string) int64 {
	number, isCopy := strings.CutPrefix(strings.TrimSuffix(name, copySuffix), copyPrefix)
	revision, err := strconv.ParseInt(number, 10, 64)
	if err != nil || !isCopy || revision < 1 || copyName(revision) != name {
		return 0
	}
	return revision
}

// read reads a file of the store. It returns an error that is [fs.ErrNotExist] if there is none.
func (f *folder) read(name string) (file, error) {
	content, identity, err := f.content(name)
	if err != nil {
		return file{}, err
	}
	stored, err := decodeFile(content, identity, f.in(name))
	if revision := revisionOf(name); err == nil && revision != 0 && revision != stored.revision {
		return file{}, damaged(f.in(name), "it is the copy of another revision")
	}
	return stored, err
}

// revisions returns the revisions that have a copy, sound or not, in order.
func (f *folder) revisions() ([]int64, error) {
	names, err := f.names()
	var found []int64
	for _, name := range names {
		if revision := revisionOf(name); revision > 0 {
			found = append(found, revision)
		}
	}
	slices.Sort(found)
	return found, err
}

// newest returns what the store holds: the main file or, where that is damaged or lost, the newest
// copy. If that is damaged as well, an older one would not be complete.
func (f *folder) newest() (file, error) {
	stored, mainErr := f.read(mainName)
	lost := errors.Is(mainErr, fs.ErrNotExist)
	if mainErr == nil || (!lost && !canBeSetAside(mainErr)) {
		return stored, mainErr
	}
	revisions, err := f.revisions()
	switch {
	case err != nil:
		return file{}, err
	case len(revisions) == 0 && lost:
		return file{}, nil
	case len(revisions) == 0:
		return file{}, mainErr
	}
	stored, err = f.read(copyName(revisions[len(revisions)-1]))
	if err != nil && !lost && canBeSetAside(err) {
		return file{}, mainErr
	}
	return stored, err
}

// write makes next what the store holds: first its copy, then the main file, each durable before the
// next step begins. Until the main file is renamed, the store holds what it held before.
func (f *folder) write(next file) error {
	name := copyName(next.revision)
	for _, place := range []string{mainName, name} {
		if _, err := f.read(place); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err // what cannot be read is not written over
		}
	}
	err := f.Replace(name, next.encode)
	if err != nil {
		return f.unwritten(err)
	}
	if err = f.Sync(); err == nil {
		err = f.Replace(mainName, next.encode)
	}
	if err != nil {
		_ = f.Remove(name) // else the next Lock does it
		return f.unwritten(err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("keystore: %s was changed, but %w: %w%s", f.in(mainName), errNotDurable, plain(err), mend(err))
	}
	f.prune(next.revision)
	return nil
}

// prune removes old copies. One that is damaged stays, and one that cannot be removed now is removed
// after a later write.
func (f *folder) prune(newest int64) {
	revisions, _ := f.revisions()
	for _, revision := range revisions {
		if revision <= newest-keptCopies {
			f.removeSound(copyName(revision))
		}
	}
}

func (f *folder) removeSound(name string) {
	if _, err := f.read(name); err == nil {
		_ = f.Remove(name)
	}
}

// clean removes what a crash left behind, and makes the copy or the main file again if it is lost.
func (f *folder) clean() error {
	names, err := f.names()
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, privatefile.TemporaryPrefix) {
			if err := f.Remove(name); err != nil {
				return fmt.Errorf("keystore: %s, left behind by a crash, cannot be removed: %w%s", f.in(name), plain(err), mend(err))
			}
		}
		if revisionOf(name) > 0 {
			if _, _, err := f.content(name); err != nil && !canBeSetAside(err) {
				return err
			}
		}
	}
	stored, err := f.read(mainName)
	if err == nil {
		f.removeSound(copyName(stored.revision + 1)) // of a write that did not come to its end
	}
	_ = f.restore() // the next write makes both files anyway
	return nil
}

// restore makes the main file and the copy of the newest revision, where they are missing.
func (f *folder) restore() error {
	stored, err := f.newest()
	if err != nil || stored.revision == 0 {
		return err
	}
	for _, name := range []string{copyName(stored.revision), mainName} {
		if _, err := f.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := errors.Join(f.Replace(name, stored.encode), f.Sync()); err != nil {
			return f.unwritten(err)
		}
	}
	return nil
}

func (f *folder) unwritten(err error) error {
	return fmt.Errorf("keystore: %s was not changed: %w%s", f.in(mainName), plain(err), mend(err))
}
