package wrapper_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"kalshi.internal/apikeys/wrapper"
)

// mounted are two files that a [wrapper.FilesSource] follows, and the pairs that they can hold. Tests run
// in a bubble, whose clock begins in 2000, so the files get their times from it.
type mounted struct {
	t       *testing.T
	id, key string
	source  *wrapper.FilesSource
}

const otherKeyID = "0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a12"

func newMounted(t *testing.T) mounted {
	t.Helper()
	dir := t.TempDir()
	m := mounted{t: t, id: filepath.Join(dir, "id"), key: filepath.Join(dir, "key.pem")}
	m.source = wrapper.CredentialsFromFiles(m.id, m.key)
	m.write(m.id, testKeyID+"\n")
	m.write(m.key, readTestdata(t, "ed25519.pem"))
	m.settle()
	return m
}

// write replaces a file as a rename does.
func (m mounted) write(path, text string) {
	m.t.Helper()
	mustWrite(m.t, path+".new", text, 0o600)
	if err := errors.Join(os.Chtimes(path+".new", time.Now(), time.Now()), os.Rename(path+".new", path)); err != nil {
		m.t.Fatal(err)
	}
}

func (mounted) settle() { <-time.After(time.Second) }

// want expects the source to give the pair of this key ID.
func (m mounted) want(keyID string) {
	m.t.Helper()
	file := map[string]string{testKeyID: "ed25519.pem", otherKeyID: "rsa-pkcs8.pem"}[keyID]
	credentials, err := m.source.Credentials(m.t.Context())
	if err != nil {
		m.t.Fatal(err)
	}
	if credentials.KeyID() != keyID {
		m.t.Fatalf("the key ID is %s, want %s (%v)", credentials.KeyID(), keyID, m.source.Err())
	}
	mustSign(m.t, credentials, referenceKey(m.t, readTestdata(m.t, file)).Public())
}

func TestAPairInFilesIsFollowedWithinASecond(t *testing.T) {
	for name, change := range map[string]func(m mounted){
		"both at once": func(m mounted) {
			m.write(m.id, otherKeyID)
			m.write(m.key, readTestdata(t, "rsa-pkcs8.pem"))
		},
		"the key first": func(m mounted) {
			m.write(m.key, readTestdata(t, "rsa-pkcs8.pem"))
			m.settle()
			m.want(testKeyID)
			m.write(m.id, otherKeyID)
		},
		"the ID an hour before, under the eyes of the source": func(m mounted) {
			m.write(m.id, otherKeyID)
			for range 60 {
				<-time.After(time.Minute)
				m.want(testKeyID)
			}
			m.write(m.key, readTestdata(t, "rsa-pkcs8.pem"))
		},
		"a damaged key between": func(m mounted) {
			m.write(m.id, otherKeyID)
			m.write(m.key, readTestdata(t, "rsa-pkcs8.pem")[:100])
			m.settle()
			m.want(testKeyID)
			m.write(m.key, readTestdata(t, "rsa-pkcs8.pem"))
		},
		"no files between": func(m mounted) {
			if err := errors.Join(os.Remove(m.id), os.Remove(m.key)); err != nil {
				t.Fatal(err)
			}
			m.settle()
			m.want(testKeyID)
			m.write(m.id, otherKeyID)
			m.write(m.key, readTestdata(t, "rsa-pkcs8.pem"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMounted(t)
				m.want(testKeyID)
				change(m)
				m.settle()
				m.want(otherKeyID)
				if err := m.source.Err(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestAnIDIsNeverPairedWithAnotherKeysPEM(t *testing.T) {
	for name, change := range map[string]func(m mounted){
		"the ID alone changed":  func(m mounted) { m.write(m.id, otherKeyID) },
		"the key alone changed": func(m mounted) { m.write(m.key, readTestdata(t, "rsa-pkcs8.pem")) },
		"the key before, unseen, for another rotation": func(m mounted) {
			m.write(m.key, readTestdata(t, "rsa-pkcs8.pem"))
			<-time.After(24 * time.Hour)
			m.write(m.id, otherKeyID)
		},
		"the ID before, seen, and the key after a day without a call": func(m mounted) {
			m.write(m.id, otherKeyID)
			m.settle()
			m.want(testKeyID)
			<-time.After(24 * time.Hour)
			m.write(m.key, readTestdata(t, "rsa-pkcs8.pem"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newMounted(t)
				m.want(testKeyID)
				change(m)
				for range 10 {
					m.settle()
					m.want(testKeyID)
				}
				if err := m.source.Err(); !errors.Is(err, wrapper.ErrFilesDisagree) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

// newLinked returns files to which a link leads, and what exchanges it.
func newLinked(t *testing.T) (m mounted, exchange func(target string)) {
	t.Helper()
	dir := t.TempDir()
	m = mounted{t: t, id: filepath.Join(dir, "id"), key: filepath.Join(dir, "key.pem")}
	for name, pair := range map[string][2]string{"..1": {testKeyID, "ed25519.pem"}, "..2": {otherKeyID, "rsa-pkcs8.pem"}} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		m.write(filepath.Join(dir, name, "id"), pair[0])
		m.write(filepath.Join(dir, name, "key.pem"), readTestdata(t, pair[1]))
	}
	exchange = func(target string) {
		link := filepath.Join(dir, "..data")
		if err := errors.Join(os.Symlink(target, link+".new"), os.Rename(link+".new", link)); err != nil {
			t.Error(err)
		}
	}
	exchange("..1")
	mustLink(t, filepath.Join("..data", "id"), m.id)
	mustLink(t, filepath.Join("..data", "key.pem"), m.key)
	m.source = wrapper.CredentialsFromFiles(m.id, m.key)
	return m, exchange
}

func TestALinkThatIsExchangedIsFollowedAtTheNextLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, exchange := newLinked(t)
		// The files of a mounted secret keep their times from when it was made.
		later := time.Now().Add(time.Hour)
		if err := os.Chtimes(filepath.Join(filepath.Dir(m.key), "..2", "key.pem"), later, later); err != nil {
			t.Fatal(err)
		}
		m.want(testKeyID)
		for range 3 {
			exchange("..2")
			<-time.After(250 * time.Millisecond)
			m.want(otherKeyID)
			exchange("..1")
			<-time.After(250 * time.Millisecond)
			m.want(testKeyID)
		}
	})
}

func TestALinkThatIsExchangedWhileTheFilesAreReadGivesAWholePair(t *testing.T) {
	m, exchange := newLinked(t)
	ctx, cancel := context.WithCancel(t.Context())
	var flipping sync.WaitGroup
	flipping.Go(func() {
		for ctx.Err() == nil {
			exchange("..2")
			exchange("..1")
		}
	})
	for range 200 {
		m.source = wrapper.CredentialsFromFiles(m.id, m.key)
		credentials, err := m.source.Credentials(t.Context())
		if err == nil {
			m.want(credentials.KeyID())
		} else if !errors.Is(err, wrapper.ErrFilesDisagree) {
			t.Error(err)
		}
	}
	cancel()
	flipping.Wait()
}

func TestFilesThatAreBeingWrittenAreWaitedForAtFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMounted(t)
		m.write(m.id, otherKeyID)
		go func() {
			<-time.After(100 * time.Millisecond)
			m.write(m.key, readTestdata(t, "rsa-pkcs8.pem"))
		}()
		m.want(otherKeyID)

		m = newMounted(t)
		m.write(m.id, otherKeyID)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := m.source.Credentials(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

func TestFilesWithoutAGoodPairGiveTheReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMounted(t)
		if err := os.Chmod(m.key, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := m.source.Credentials(t.Context())
		refusal := refusalOf(t, err, wrapper.ProblemFileMode)
		if refusal.Source != m.key || !errors.Is(m.source.Err(), wrapper.ErrInsecure) {
			t.Errorf("got %v, then %v", err, m.source.Err())
		}
		_, err = wrapper.CredentialsFromFiles(m.id+".absent", m.key).Credentials(t.Context())
		mustRefuse(t, err, wrapper.ProblemFileUnreadable)
		if err := os.Chmod(m.key, 0o600); err != nil {
			t.Fatal(err)
		}
		m.settle()
		m.want(testKeyID)
	})
}

func TestAFunctionIsASource(t *testing.T) {
	credentials := mustMake(t, "ed25519.pem")
	var source wrapper.CredentialSource = wrapper.CredentialSourceFunc(func(context.Context) (*wrapper.Credentials, error) {
		return credentials, nil
	})
	if got, err := source.Credentials(t.Context()); err != nil || got != credentials {
		t.Errorf("got %v, %v", got, err)
	}
}
