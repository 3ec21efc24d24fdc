package wrapper

import (
	"encoding/json"
	"net/http"

	"kalshi.internal/apikeys/gen"
	"kalshi.internal/apikeys/wrapper/secret"
)

// salvaged is the warning of an answer of which only the fields that matter could be read.
const salvaged = "The rest of the answer was not as the contract says, and was left out"

// salvageKey reads the two fields that matter from an answer that is otherwise not as the
// contract says: the private key is shown this once, and must not be lost to a wrong warning.
func salvageKey(response *http.Response) *gen.GenerateAPIKeyResponse {
	var fields struct {
		APIKeyID   string     `json:"api_key_id"`
		PrivateKey secret.PEM `json:"private_key"`
	}
	made := &gen.GenerateAPIKeyResponse{Warning: new(salvaged)}
	if !salvage(response, &fields) {
		return nil
	}
	made.APIKeyID, made.PrivateKey = fields.APIKeyID, fields.PrivateKey
	if !isCompleteKey(made) {
		return nil
	}
	return made
}

// salvageKeyID does the same for a key whose private half is the caller's: its ID is known.
func salvageKeyID(response *http.Response) *gen.CreateAPIKeyResponse {
	var fields struct {
		APIKeyID string `json:"api_key_id"`
	}
	if !salvage(response, &fields) || fields.APIKeyID == "" {
		return nil
	}
	return &gen.CreateAPIKeyResponse{APIKeyID: fields.APIKeyID, Warning: new(salvaged)}
}

// salvage reads fields from an answer of success, whatever its content type.
func salvage(response *http.Response, fields any) bool {
	return response != nil && response.StatusCode/100 == 2 && json.Unmarshal(bufferedBytes(response), fields) == nil
}
