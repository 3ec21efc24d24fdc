package keystore

import (
	"bytes"
	"encoding/json"
)

// formatVersion is that of the files this program writes and reads.
const formatVersion = 1

// encode returns content as JSON, indented for people. Its callers hand in what always is JSON.
func encode(content any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(content); err != nil {
		panic("keystore: a value without JSON form was to be stored")
	}
	return b.Bytes()
}

// decode reads content into a struct with a field for every member. It returns a
// [*DamagedError] that quotes nothing of content, as the errors of encoding/json do.
func decode(content []byte, path string, into any) error {
	var head struct {
		Version int `json:"version"`
	}
	if len(content) == 0 {
		return damaged(path, "it is empty")
	}
	if !json.Valid(content) {
		return damaged(path, "it is no JSON, or only half of it is there")
	}
	if err := json.Unmarshal(content, &head); err != nil || head.Version < 1 {
		return damaged(path, "it has no version")
	}
	if head.Version > formatVersion {
		return newer(path)
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return damaged(path, "it is JSON, but not that of this kind of file")
	}
	return nil
}
