package age_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	filippo "filippo.io/age"

	"kalshi.internal/apikeys/wrapper/fleet/age"
	"kalshi.internal/apikeys/wrapper/keystore"
)

// machine has an identity in a file.
type machine struct {
	recipient, path string
}

func newMachine(t *testing.T) machine {
	t.Helper()
	identity, err := filippo.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return machine{identity.Recipient().String(), write(t, "identity", "# of a machine\n"+identity.String()+"\n", 0o600)}
}

func write(t *testing.T, name, text string, mode os.FileMode) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, recipients string, m machine) *age.Sealer {
	t.Helper()
	sealer, err := age.Load(recipients, m.path)
	if err != nil {
		t.Fatal(err)
	}
	return sealer
}

func TestBotsOpenTheCurrentKeyAndRotatorsOpenAll(t *testing.T) {
	rotator, other, bot, stranger := newMachine(t), newMachine(t), newMachine(t), newMachine(t)
	recipients := write(t, "desk.recipients", fmt.Sprintf("# the desk\n\nrotator %s\r\n  rotator\t%s\nbot %s", rotator.recipient, other.recipient, bot.recipient), 0o644)
	sealer := load(t, recipients, rotator)
	plain := bytes.Repeat([]byte("plain \x00\xff"), 20_000)
	for purpose, readers := range map[keystore.Purpose]map[string]bool{
		keystore.PurposeContent: {rotator.path: true, other.path: true, bot.path: false, stranger.path: false},
		keystore.PurposeCurrent: {rotator.path: true, other.path: true, bot.path: true, stranger.path: false},
	} {
		sealed, err := sealer.Seal(plain, purpose)
		if err != nil || bytes.Contains(sealed, []byte("plain")) {
			t.Fatalf("sealing: %v", err)
		}
		for path, may := range readers {
			reader, err := age.Load("", path)
			if err != nil {
				t.Fatal(err)
			}
			opened, err := reader.Open(sealed)
			if (err == nil) != may || may && !bytes.Equal(opened, plain) {
				t.Errorf("%s, %s: %v", purpose, path, err)
			}
		}
		for _, part := range []int{0, 1, len(sealed) / 2, len(sealed) - 1} {
			if _, err := sealer.Open(sealed[:part]); err == nil {
				t.Errorf("%d of %d bytes were opened", part, len(sealed))
			}
		}
		sealed[len(sealed)-1] ^= 1
		if _, err := sealer.Open(sealed); err == nil {
			t.Error("what was changed was opened")
		}
	}
	if _, err := load(t, "", rotator).Seal(plain, keystore.PurposeContent); err == nil {
		t.Error("something was sealed to nobody")
	}
}

func TestWhatCannotBeUsedIsRefusedWithWhatToDo(t *testing.T) {
	rotator, bot := newMachine(t), newMachine(t)
	secretKey, _ := os.ReadFile(rotator.path)
	for name, test := range map[string]struct {
		recipients, want string
	}{
		"nobody rotates":              {"bot " + bot.recipient, "no rotator"},
		"nothing":                     {"", "no rotator"},
		"no role":                     {rotator.recipient, "line 1 must have a role"},
		"an unknown role":             {"\nadmin " + rotator.recipient, "line 2 has the role \"admin\""},
		"no recipient":                {"rotator somebody", "line 1 has no recipient"},
		"an identity":                 {"rotator " + strings.Split(string(secretKey), "\n")[1], "line 1 holds an identity"},
		"rotators without this one":   {"rotator " + bot.recipient, "is that of no rotator"},
		"this one, but only as a bot": {"rotator " + bot.recipient + "\nbot " + rotator.recipient, "is that of no rotator"},
	} {
		t.Run(name, func(t *testing.T) {
			sealer, err := age.Load(write(t, "recipients", test.recipients, 0o644), rotator.path)
			if err == nil {
				_, err = sealer.Seal([]byte("plain"), keystore.PurposeCurrent)
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "SECRET") {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	for name, path := range map[string]string{
		"no identity":        write(t, "identity", "AGE-SECRET-KEY-CANARY", 0o600),
		"an empty file":      write(t, "identity", "", 0o600),
		"an absent file":     filepath.Join(t.TempDir(), "absent"),
		"a recipients' file": write(t, "identity", "rotator "+rotator.recipient, 0o600),
	} {
		if _, err := age.Load("", path); err == nil || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnIdentityThatOthersCanReadIsRefused(t *testing.T) {
	rotator := newMachine(t)
	if err := os.Chmod(rotator.path, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := age.Load("", rotator.path)
	if refused, ok := errors.AsType[*keystore.InsecureError](err); !ok || !strings.Contains(refused.Hint, "chmod") {
		t.Errorf("got %v", err)
	}
}

func FuzzRecipients(f *testing.F) {
	f.Add("rotator age1abc\nbot age1\n# x\n")
	f.Add("bot AGE-SECRET-KEY-1X")
	f.Fuzz(func(t *testing.T, text string) {
		rotators, _, err := age.ParseRecipients(text)
		if (err == nil) != (len(rotators) > 0) {
			t.Errorf("%d rotators, %v", len(rotators), err)
		}
	})
}
