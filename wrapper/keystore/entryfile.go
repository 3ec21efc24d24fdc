package keystore

import (
	"encoding/json"
	"time"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper/secret"
)

// entryFile is an entry as it lies in its file. Nothing prints one.
type entryFile struct {
	Version        int         `json:"version"`
	KeyID          string      `json:"key_id"`
	Name           string      `json:"name"`
	Type           gen.KeyType `json:"type"`
	BaseURL        string      `json:"base_url"`
	State          State       `json:"state"`
	Scopes         []gen.Scope `json:"scopes,omitzero"`
	Subaccount     *int        `json:"subaccount,omitzero"`
	FCMSubtraderID *string     `json:"fcm_subtrader_id,omitzero"`
	Warning        string      `json:"warning,omitzero"`
	CreatedAt      time.Time   `json:"created_at"`
	ChangedAt      time.Time   `json:"changed_at"`
	PublicKey      string      `json:"public_key"`
	PrivateKey     string      `json:"private_key,omitzero"`
}

// encodeEntry is the only place where a private key becomes the content of a file.
func encodeEntry(e Entry) []byte {
	return encode(entryFile{
		Version: formatVersion, KeyID: e.KeyID, Name: e.Name, Type: e.Type, BaseURL: e.BaseURL, State: e.State,
		Scopes: e.Scopes, Subaccount: e.Subaccount, FCMSubtraderID: e.FCMSubtraderID, Warning: e.Warning,
		CreatedAt: e.CreatedAt.UTC(), ChangedAt: e.ChangedAt.UTC(),
		PublicKey: e.PublicKey, PrivateKey: e.PrivateKey.RevealPrivateKey(),
	})
}

// decodeEntry reads the entry that belongs into the file name. It returns a [*DamagedError] that
// quotes nothing of content.
func decodeEntry(content []byte, name, path string, sound *sound) (Entry, error) {
	var f entryFile
	if err := decode(content, path, &f); err != nil {
		return Entry{}, err
	}
	entry := Entry{
		KeyID: f.KeyID, Name: f.Name, Type: f.Type, BaseURL: f.BaseURL, State: f.State,
		Scopes: f.Scopes, Subaccount: f.Subaccount, FCMSubtraderID: f.FCMSubtraderID, Warning: f.Warning,
		CreatedAt: f.CreatedAt, ChangedAt: f.ChangedAt,
		PublicKey: f.PublicKey,
	}
	if f.PrivateKey != "" {
		entry.PrivateKey = secret.NewPEM(f.PrivateKey)
	}
	if problem := sound.problemOf(entry, content, name); problem != "" {
		return Entry{}, damaged(path, problem)
	}
	if own, _ := fileName(entryPrefix, entry.KeyID); own != name {
		return Entry{}, damaged(path, "it is the entry of another key ID")
	}
	return entry, nil
}

// writable reports whether encoding/json can write t.
func writable(t time.Time) bool {
	_, err := json.Marshal(t.UTC())
	return err == nil
}
