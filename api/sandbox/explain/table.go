package explain

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// saltLength is the mistake whose detail is measured.
const saltLength = "salt_length"

// requestMistakes are seen without looking at the signature.
func requestMistakes() []Mistake {
	const headers = protocol.HeaderKey + ", " + protocol.HeaderSignature + " and " + protocol.HeaderTimestamp
	return []Mistake{
		{Name: "url_without_base_path", What: "the URL lacks the base path", Cure: "put " + protocol.BasePath + " before the path"},
		{Name: "not_served", What: "the signature is right, and this sandbox serves API keys alone", Cure: "have it hand other requests on: sandbox.WithFallback in Go, --upstream on the command line"},
		{Name: "url_trailing_slash", What: "the URL ends with a slash", Cure: "leave the slash off; a redirect loses the signature"},

		{Name: "no_headers", What: "none of the three headers was sent", Cure: "send " + headers},
		{Name: "header_names", What: "the three headers have other names", Cure: "call them " + headers + ", with hyphens; Authorization is not used"},
		{Name: "missing_key_id", What: "the key ID is missing or empty", Cure: "send " + protocol.HeaderKey + "; see whether the variable it comes from is set"},
		{Name: "missing_signature", What: "the signature is missing or empty", Cure: "send " + protocol.HeaderSignature + " with every request"},
		{Name: "missing_timestamp", What: "the timestamp is missing or empty", Cure: "send " + protocol.HeaderTimestamp + ", the same text that is signed"},
		{Name: "key_id_stray", What: "the key ID has stray characters around it", Cure: "send the UUID alone, without quotes, brackets or spaces"},
		{Name: "key_id_is_name", What: "the name of a key was sent for its ID", Cure: "send the UUID that came when the key was made"},
		{Name: "key_id_malformed", What: "the key ID is not a UUID", Cure: "send the UUID that came when the key was made"},
		{Name: "key_unknown", What: "no key has this ID here", Cure: "see whether it is of another environment, or of a sandbox that was started before this one"},
		{Name: "key_deleted", What: "the key was deleted", Cure: "use another key; a deleted one does not come back"},
		{Name: "key_not_yet_live", What: "the key does not work yet", Cure: "wait a moment after making a key"},

		{Name: "timestamp_seconds", What: "the timestamp is in seconds", Cure: "send and sign milliseconds"},
		{Name: "timestamp_microseconds", What: "the timestamp is in microseconds", Cure: "send and sign milliseconds"},
		{Name: "timestamp_nanoseconds", What: "the timestamp is in nanoseconds", Cure: "send and sign milliseconds"},
		{Name: "timestamp_form", What: "the timestamp is not a number of milliseconds", Cure: "send Unix time in milliseconds, digits only"},
		{Name: "clock", What: "the clock is wrong", Cure: "set it by NTP, or correct it by the Date header of the answers"},
	}
}

// pathMistakes sign another path. Each is also looked for together with one other mistake.
func pathMistakes() []Mistake {
	const asSent = "sign it as it goes out"
	return []Mistake{
		{Name: "signed_query", What: "the query was signed", Cure: "sign the path alone, without the question mark and what follows", ways: []way{
			{text: func(t *signedText) { t.query = strings.TrimRight("?"+t.sent.Query, "?") }}}},
		{Name: "signed_without_base_path", What: "the path was signed without the base path", Cure: "sign it with " + protocol.BasePath + " in front, as it goes out", ways: []way{
			{text: func(t *signedText) { t.path = strings.TrimPrefix(t.path, protocol.BasePath) }},
			{detail: "and without a slash in front", text: func(t *signedText) { t.path = strings.TrimPrefix(t.path, protocol.BasePath+"/") }}}},
		{Name: "signed_host", What: "the host was signed with the path", Cure: "sign from the first slash of the path on", ways: []way{
			{detail: "without a scheme", text: func(t *signedText) { t.path = t.sent.Host + t.path }},
			{detail: "with http://", text: func(t *signedText) { t.path = "http://" + t.sent.Host + t.path }},
			{detail: "with https://", text: func(t *signedText) { t.path = "https://" + t.sent.Host + t.path }}}},
		{Name: "signed_trailing_slash", What: "the path was signed with a slash at its end", Cure: asSent, ways: []way{
			{text: func(t *signedText) { t.path += "/" }}}},
		{Name: "signed_no_leading_slash", What: "the path was signed without its first slash", Cure: asSent, ways: []way{
			{text: func(t *signedText) { t.path = strings.TrimPrefix(t.path, "/") }}}},
		{Name: "signed_base_path_twice", What: "the path was signed with the base path twice", Cure: "sign it as it goes out, with " + protocol.BasePath + " once", ways: []way{
			{text: func(t *signedText) { t.path = protocol.BasePath + t.path }}}},
		{Name: "signed_double_slash", What: "the path was signed with two slashes in a row", Cure: "join base URL and path with one slash", ways: []way{
			{text: func(t *signedText) {
				t.path = strings.Replace(t.path, protocol.BasePath+"/", protocol.BasePath+"//", 1)
			}},
			{detail: "at its beginning", text: func(t *signedText) { t.path = "/" + t.path }}}},
		{Name: "signed_decoded_path", What: "the path was signed without its percent-encoding", Cure: "sign the bytes of the request line", ways: []way{
			{text: decodePath}}},
		{Name: "signed_route", What: "the path of another operation was signed", Cure: "sign the path that goes out, with the key ID in it when a key is deleted", ways: []way{
			{text: func(t *signedText) { t.path = protocol.BasePath + protocol.KeysPath }},
			{text: func(t *signedText) { t.path = protocol.BasePath + protocol.GeneratePath }},
			{text: func(t *signedText) { t.path = protocol.BasePath + protocol.KeysPath + "/{api_key}" }}}},
	}
}

// textMistakes sign another text with the right path.
func textMistakes() []Mistake {
	const exact = "sign timestamp, method and path alone"
	return []Mistake{
		{Name: "signed_lower_case_method", What: "the method was signed in lower case", Cure: "sign it in upper case", ways: []way{
			{text: func(t *signedText) { t.method = strings.ToLower(t.method) }}}},
		{Name: "signed_body", What: "the body was signed", Cure: exact, ways: []way{
			{text: func(t *signedText) { t.body = t.sent.Body }},
			{detail: "as {}", text: func(t *signedText) { t.body = "{}" }},
			{detail: "as its hash", text: func(t *signedText) { t.body = hex.EncodeToString(hashed(crypto.SHA256, t.sent.Body)) }},
			{detail: "as its hash in base64", text: func(t *signedText) { t.body = encodeStandard(hashed(crypto.SHA256, t.sent.Body)) }}}},
		{Name: "signed_newline", What: "a line end was signed after the text", Cure: "end the text with the path; in a shell, use printf and not echo", ways: []way{
			{text: func(t *signedText) { t.after = "\n" }},
			{detail: "of Windows", text: func(t *signedText) { t.after = "\r\n" }}}},
		{Name: "signed_key_id", What: "the key ID was signed", Cure: exact, ways: []way{
			{detail: "before the text", text: func(t *signedText) { t.before = t.sent.KeyID }},
			{detail: "after the timestamp", text: func(t *signedText) { t.timestamp += t.sent.KeyID }},
			{detail: "after the text", text: func(t *signedText) { t.after = t.sent.KeyID }}}},
		{Name: "signed_order", What: "the parts were signed in another order", Cure: "sign timestamp, method and path, in this order", ways: []way{
			{detail: "method, timestamp, path", text: func(t *signedText) { t.before, t.method = t.method, "" }},
			{detail: "method, path, timestamp", text: func(t *signedText) { t.timestamp, t.after = "", t.timestamp }},
			{detail: "timestamp, path, method", text: func(t *signedText) { t.method, t.after = "", t.method }},
			{detail: "path, timestamp, method", text: func(t *signedText) { t.before, t.path = t.path, "" }},
			{detail: "path, method, timestamp", text: func(t *signedText) { t.before, t.path, t.timestamp, t.after = t.path, "", "", t.timestamp }}}},
		{Name: "signed_timestamp_unit", What: "the signed timestamp is in another unit than the one sent", Cure: "sign the very text of " + protocol.HeaderTimestamp, ways: []way{
			{detail: "seconds", text: func(t *signedText) { t.timestamp, _ = splitSeconds(t.timestamp) }},
			{detail: "seconds with a fraction", text: func(t *signedText) { whole, rest := splitSeconds(t.timestamp); t.timestamp = whole + "." + rest }},
			{detail: "microseconds", text: func(t *signedText) { t.timestamp += "000" }},
			{detail: "nanoseconds", text: func(t *signedText) { t.timestamp += "000000" }}}},
		{Name: "signed_no_method", What: "the method was not signed", Cure: "sign timestamp, method and path", ways: []way{
			{text: func(t *signedText) { t.method = "" }}}},
		{Name: "signed_other_method", What: "another method was signed than was sent", Cure: "sign the method of the request", ways: methods(
			http.MethodGet, http.MethodPost, http.MethodDelete, http.MethodPut)},
		{Name: "signed_separators", What: "something was put between timestamp, method and path", Cure: "put nothing between them", ways: separators(
			"line ends", "\n", "spaces", " ", "colons", ":", "commas", ",", "dots", ".", "bars", "|")},
		{Name: "signed_digest", What: "a digest was signed in place of the text", Cure: "give the text itself to the signing function; RSA hashes it once and Ed25519 needs no hash", ways: []way{
			{detail: "SHA-256", text: func(t *signedText) { t.digest = digest{hash: crypto.SHA256} }},
			{detail: "SHA-256, in hexadecimal", text: func(t *signedText) { t.digest = digest{crypto.SHA256, true} }},
			{detail: "SHA-512", text: func(t *signedText) { t.digest = digest{hash: crypto.SHA512} }},
			{detail: "SHA-512, in hexadecimal", text: func(t *signedText) { t.digest = digest{crypto.SHA512, true} }}}},
	}
}

// schemeMistakes sign the right text in another way. RSA-PSS is recognised with a salt of any
// length.
func schemeMistakes() []Mistake {
	const cure = "use RSA-PSS with SHA-256 and a salt of 32 bytes"
	pss := func(hash crypto.Hash) crypto.SignerOpts {
		return &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto, Hash: hash}
	}
	return []Mistake{
		{Name: saltLength, What: "the salt has another length than 32 bytes", Cure: "set the salt length of RSA-PSS to that of the digest", ways: []way{{scheme: pss(crypto.SHA256)}}},
		{Name: "pkcs1v15", What: "RSA PKCS#1 v1.5 was used", Cure: cure, ways: []way{{scheme: crypto.SHA256}}},
		{Name: "hash", What: "another hash than SHA-256 was used", Cure: cure, ways: []way{
			{detail: "SHA-1", scheme: pss(crypto.SHA1)}, {detail: "SHA-384", scheme: pss(crypto.SHA384)}, {detail: "SHA-512", scheme: pss(crypto.SHA512)},
			{detail: "PKCS#1 v1.5 with SHA-1", scheme: crypto.SHA1}, {detail: "PKCS#1 v1.5 with SHA-384", scheme: crypto.SHA384}, {detail: "PKCS#1 v1.5 with SHA-512", scheme: crypto.SHA512}}},
		{Name: "mgf1", What: "the mask of RSA-PSS (MGF1) was made with another hash than SHA-256", Cure: "name SHA-256 for MGF1 too", ways: []way{
			{detail: "SHA-1", scheme: otherMask{crypto.SHA1}}, {detail: "SHA-384", scheme: otherMask{crypto.SHA384}}, {detail: "SHA-512", scheme: otherMask{crypto.SHA512}}}},
		{Name: "ed25519ph", What: "Ed25519ph was used", Cure: "use plain Ed25519, without a hash before it", ways: []way{{scheme: &ed25519.Options{Hash: crypto.SHA512}}}},
	}
}

// keyMistakes are those of the key, and the signature that nothing explains.
func keyMistakes() []Mistake {
	const cure = "use the private key that came with the key ID"
	return []Mistake{
		{Name: "other_key", What: "another key of this account made the signature", Cure: cure},
		{Name: "other_account", What: "a key of another account made the signature", Cure: cure},
		{Name: "other_algorithm", What: "the signature does not have the length that the key's algorithm gives", Cure: cure},
		{Name: "replay", What: "the same text was signed and sent before", Cure: "take a new timestamp for every request, retries included"},
		{Name: "unknown", What: "the signature is wrong, and no known mistake explains it", Cure: "compare what you sign with the text expected, byte by byte, and see whether the private key is that of the key ID"},
	}
}

// encodingMistakes write the right signature in another way, or something else.
func encodingMistakes() []Mistake {
	unpadded := base64.RawURLEncoding
	return []Mistake{
		{Name: "base64_url", What: "the signature is URL-safe base64", Cure: "use standard base64, with + and /", ways: []way{
			{encode: base64.URLEncoding.EncodeToString, decode: base64.URLEncoding.Strict().DecodeString},
			{detail: "and lacks its padding", encode: unpadded.EncodeToString, decode: unpadded.Strict().DecodeString}}},
		{Name: "base64_unpadded", What: "the signature's base64 lacks its padding", Cure: "keep the = at its end", ways: []way{
			{encode: base64.RawStdEncoding.EncodeToString, decode: base64.RawStdEncoding.Strict().DecodeString}}},
		{Name: "base64_wrapped", What: "the signature's base64 is broken into lines", Cure: "write it as one line", ways: []way{
			{encode: encodeWrapped, decode: decodeWrapped}}},
		{Name: "base64_cut", What: "the signature ends with the first line of its base64", Cure: "write it as one line: base64 -w0, openssl base64 -A", ways: []way{
			{encode: encodeCut}}},
		{Name: "quoted", What: "the signature is in quotes", Cure: "send the base64 alone; in Python, decode the bytes to text first", ways: []way{
			{encode: encodeQuoted, decode: decodeQuoted}}},
		{Name: "hex", What: "the signature is in hexadecimal", Cure: "encode its bytes in standard base64", ways: []way{
			{encode: hex.EncodeToString, decode: hex.DecodeString}}},
		{Name: "hmac", What: "the signature has 32 bytes, as an HMAC or a bare digest has", Cure: "sign with the private key; the secret of an HMAC cannot be found out", ways: []way{
			{encode: func(raw []byte) string { return encodeStandard(raw[:sha256.Size]) }}}},
		{Name: "not_base64", What: "the signature is not base64", Cure: "encode its bytes in standard base64, with padding", ways: []way{
			{encode: func(raw []byte) string { return "!" + encodeStandard(raw) }}}},
	}
}

func decodePath(t *signedText) {
	if decoded, err := url.PathUnescape(t.path); err == nil {
		t.path = decoded
	}
}

func splitSeconds(milliseconds string) (whole, rest string) {
	at := max(0, len(milliseconds)-3)
	return milliseconds[:at], milliseconds[at:]
}

func methods(names ...string) []way {
	var all []way
	for _, name := range names {
		all = append(all, way{detail: name, text: func(t *signedText) { t.method = name }})
	}
	return all
}

// separators takes names and texts in turn.
func separators(pairs ...string) []way {
	var all []way
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, way{detail: pairs[i], text: func(t *signedText) { t.between = pairs[i+1] }})
	}
	return all
}

// clockMistake reads the clock twice. It has too many ways to be looked for with another.
func clockMistake() Mistake {
	return Mistake{Name: "signed_timestamp", What: "the signed timestamp is another one than the one sent", Cure: "read the clock once, and sign the very text of " + protocol.HeaderTimestamp, ways: nearbyTimestamps()}
}

// nearbyTimestamps lie between two readings of the clock, up to 25 ms apart. A timestamp further
// away is not recognised.
func nearbyTimestamps() []way {
	var all []way
	for distance := int64(1); distance <= 25; distance++ {
		for _, shift := range []int64{-distance, distance} {
			all = append(all, way{detail: fmt.Sprintf("%d ms apart", distance), text: func(t *signedText) {
				if milliseconds, err := strconv.ParseInt(t.timestamp, 10, 64); err == nil {
					t.timestamp = strconv.FormatInt(milliseconds+shift, 10)
				}
			}})
		}
	}
	return all
}
