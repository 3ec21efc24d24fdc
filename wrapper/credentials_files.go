package wrapper

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// filesLookEvery is how old the last look at the files may be before they are read again: our own
	// choice, so that a change is seen within a second.
	filesLookEvery = 250 * time.Millisecond
	// filesTogether is how far apart the files of one pair may be written: our own choice.
	filesTogether = time.Minute
	// filesSettle is how long two files must be unchanged to count as exchanged, unless a link exchanges
	// both at once: our own choice.
	filesSettle = 500 * time.Millisecond
	// filesReadings is how often files that change while they are read are read in one look.
	filesReadings = 3
)

// ErrFilesDisagree reports that one of the files of a [FilesSource] has changed and the other has not, or
// long before. The pair that they held together stays in use.
var ErrFilesDisagree = errors.New("kalshi: the key ID and the private key were not exchanged together, so the pair before stays in use; write both files")

// errFilesUnsettled reports files that were written just now.
var errFilesUnsettled = errors.New("kalshi: the files of the credentials are being written; they are read again")

// CredentialSourceFunc is a function that is a [CredentialSource].
type CredentialSourceFunc func(ctx context.Context) (*Credentials, error)

// Credentials calls f.
func (f CredentialSourceFunc) Credentials(ctx context.Context) (*Credentials, error) { return f(ctx) }

// FilesSource is a [CredentialSource] that follows two files. It is safe for concurrent use and holds
// nothing open. Make one with [CredentialsFromFiles].
type FilesSource struct {
	idPath, keyPath string

	// looking is held by the call that looks at the files.
	looking sync.Mutex
	last    atomic.Pointer[filesLook]
}

// filesLook is a look at the files, and the credentials that are in use after it. It does not change.
type filesLook struct {
	at time.Time
	// seen is what the files held when they were last settled.
	seen filePair
	// credentials are nil before the first good pair, which came from the directory dir.
	credentials *Credentials
	dir         string
	err         error
}

// filePair is what the two files hold.
type filePair struct{ id, key fileContent }

// fileContent is what a file holds, when that was written, and where it is, links followed. It is linked
// if it is in another directory than its path says.
type fileContent struct {
	text      string
	written   time.Time
	path, dir string
	linked    bool
}

// CredentialsFromFiles returns a source that reads the key ID from the file at idPath and the private
// key from the file at keyPath, as [LoadCredentials] does, and follows them when they change, as
// mounted secrets do. A change takes effect within a second, at the next call.
//
// A key ID and a private key do not show that they belong together. So another pair is taken only when
// both files hold something else, and were exchanged together: in a directory that a link exchanges, within
// a minute of each other, or one after the other while calls came. Until then, and while a file is
// missing or cannot be used, the last good pair stays in use, and [FilesSource.Err] says why. What the
// files hold at first is believed once they are unchanged for half a second. To correct the key ID
// alone, start the program again.
func CredentialsFromFiles(idPath, keyPath string) *FilesSource {
	return &FilesSource{idPath: idPath, keyPath: keyPath}
}

// Credentials returns the credentials of the last good pair. It reads the files if the last look is 250 ms
// old; one call does, and others go on with what they have. As long as there was no good pair, it
// waits until ctx ends for files that were written just now, and returns the [*CredentialsError] of the
// last look.
func (s *FilesSource) Credentials(ctx context.Context) (*Credentials, error) {
	last := s.last.Load()
	if last == nil || last.credentials == nil {
		return s.first(ctx)
	}
	if time.Since(last.at) >= filesLookEvery && s.looking.TryLock() {
		last = s.look()
		s.looking.Unlock()
	}
	return last.credentials, nil
}

// first looks until there is a good pair or a reason why there is none.
func (s *FilesSource) first(ctx context.Context) (*Credentials, error) {
	for {
		s.looking.Lock()
		last := s.look()
		s.looking.Unlock()
		switch {
		case last.credentials != nil:
			return last.credentials, nil
		case !errors.Is(last.err, errFilesUnsettled):
			return nil, last.err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(filesLookEvery):
		}
	}
}

// Err returns why the credentials in use are not what the files held at the last look: [ErrFilesDisagree]
// or a [*CredentialsError]. It is nil if they are, and before the first look.
func (s *FilesSource) Err() error {
	if last := s.last.Load(); last != nil {
		return last.err
	}
	return nil
}

// look reads the files unless another call has just done it, and decides which pair is in use.
func (s *FilesSource) look() *filesLook {
	last := s.last.Load()
	if last != nil && time.Since(last.at) < filesLookEvery {
		return last
	}
	next := &filesLook{at: time.Now()}
	if last != nil {
		next.credentials, next.dir, next.seen = last.credentials, last.dir, last.seen
	}
	var made *Credentials
	seen, err := s.read()
	if err == nil {
		made, err = parseCredentials(keySource{s.idPath, seen.id.text}, keySource{s.keyPath, seen.key.text})
	}
	if err == nil {
		err = next.take(made, seen, last)
	}
	next.err = err
	s.last.Store(next)
	return next
}

// take puts a pair into use if its halves belong together.
func (l *filesLook) take(made *Credentials, seen filePair, last *filesLook) error {
	if !seen.isSettled(l.at) {
		return errFilesUnsettled
	}
	l.seen = seen
	if l.credentials != nil {
		sameID := made.keyID == l.credentials.keyID
		switch sameKey := isSameKey(made.Signer().Public(), l.credentials.Signer().Public()); {
		case sameID && sameKey:
			return nil
		case sameID, sameKey, !l.isExchangedTogether(last):
			return fmt.Errorf("%w (in use is %s)", ErrFilesDisagree, l.credentials.keyID)
		}
	}
	l.credentials, l.dir = made, l.seen.id.dir
	return nil
}

func (l *filesLook) isExchangedTogether(last *filesLook) bool {
	id, key := l.seen.id, l.seen.key
	return (l.seen.isLinked() && id.dir != l.dir) ||
		id.written.Sub(key.written).Abs() <= filesTogether ||
		// One of them was seen to change, and now the other has.
		(l.at.Sub(last.at) <= filesTogether && (id.text == last.seen.id.text) != (key.text == last.seen.key.text))
}

// isLinked reports whether both files are in one directory to which a link leads, so that one step
// exchanges both.
func (p filePair) isLinked() bool { return p.id.linked && p.key.linked && p.id.dir == p.key.dir }

// isSettled reports whether nobody is in the middle of writing the files.
func (p filePair) isSettled(now time.Time) bool {
	return p.isLinked() ||
		(now.Sub(p.id.written).Abs() >= filesSettle && now.Sub(p.key.written).Abs() >= filesSettle)
}

func isSameKey(a, b crypto.PublicKey) bool {
	key, ok := a.(interface{ Equal(x crypto.PublicKey) bool })
	return ok && key.Equal(b)
}

// read reads both files. When their link is exchanged meanwhile, it reads them again.
func (s *FilesSource) read() (pair filePair, err error) {
	for range filesReadings {
		pair, err = s.readOnce()
		if err == nil || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, ErrFilesDisagree) {
			return pair, err
		}
	}
	return pair, err
}

// readOnce follows the links first: what is in the directory to which they lead is not exchanged.
func (s *FilesSource) readOnce() (pair filePair, err error) {
	if pair.id, err = locate(s.idPath); err == nil {
		pair.key, err = locate(s.keyPath)
	}
	if err == nil && pair.id.linked && pair.key.linked && pair.id.dir != pair.key.dir && filepath.Dir(s.idPath) == filepath.Dir(s.keyPath) {
		err = fmt.Errorf("%w: they are exchanged just now", ErrFilesDisagree)
	}
	if err == nil {
		pair.id.text, err = readIDFile(s.idPath, pair.id.path)
	}
	if err == nil {
		pair.key.text, err = readPrivateKeyFile(s.keyPath, pair.key.path)
	}
	return pair, err
}

// locate follows the links of path.
func locate(path string) (fileContent, error) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return fileContent{}, unreadable(path, err)
	}
	above, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return fileContent{}, unreadable(path, err)
	}
	info, err := os.Stat(target)
	if err != nil {
		return fileContent{}, unreadable(path, err)
	}
	dir := filepath.Dir(target)
	return fileContent{path: target, dir: dir, linked: dir != above, written: info.ModTime()}, nil
}

// readIDFile reads one byte more than a key ID may have, so that what is too long is seen.
func readIDFile(source, path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", unreadable(source, err)
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait for its other end
		return "", newCredentialsError(problemNotRegularFile, source)
	}
	file, err := os.Open(path)
	if err != nil {
		return "", unreadable(source, err)
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, maxPrivateKeyBytes+1))
	if err != nil {
		return "", unreadable(source, err)
	}
	return string(text), nil
}
