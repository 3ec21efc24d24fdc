package wrapper

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"

	"kalshi.internal/apikeys/gen"
)

// decodeAnswer returns the JSON body of a response, nil if it is none. Its content type counts as
// it does for the generated client, whose own parser would copy the body first.
func decodeAnswer[T any](response *http.Response) *T {
	return decodeInto(response, new(T))
}

func decodeInto[T any](response *http.Response, answer *T) *T {
	if !saysJSON(response) || json.Unmarshal(bufferedBytes(response), answer) != nil {
		return nil
	}
	return answer
}

func saysJSON(response *http.Response) bool {
	return strings.Contains(response.Header.Get("Content-Type"), "json")
}

// decodeList makes room for the whole list at once, so that what a key costs does not rise with
// their number.
func decodeList(response *http.Response) *gen.GetAPIKeysResponse {
	room := bytes.Count(bufferedBytes(response), []byte(`"api_key_id"`))
	list := decodeInto(response, &gen.GetAPIKeysResponse{APIKeys: make([]gen.APIKey, 0, room)})
	if list == nil || len(list.APIKeys) > 0 {
		return list
	}
	// Without the room, a list that is empty differs from one that is not there.
	return decodeAnswer[gen.GetAPIKeysResponse](response)
}
