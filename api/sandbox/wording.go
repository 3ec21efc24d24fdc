package sandbox

// wording says what a mistake is and what to do about it, in ASCII.
type wording struct{ what, cure string }

func wordings() map[Mistake]wording {
	return map[Mistake]wording{
		MistakeURLWithoutBasePath: {"the URL lacks the base path", "put " + BasePath + " before the path"},
		MistakeURLTrailingSlash:   {"the URL ends with a slash", "leave the slash off; a redirect loses the signature"},

		MistakeNoHeaders:        {"none of the three headers was sent", "send KALSHI-ACCESS-KEY, KALSHI-ACCESS-SIGNATURE and KALSHI-ACCESS-TIMESTAMP"},
		MistakeHeaderNames:      {"the three headers have other names", "call them KALSHI-ACCESS-KEY, KALSHI-ACCESS-SIGNATURE and KALSHI-ACCESS-TIMESTAMP, with hyphens; Authorization is not used"},
		MistakeMissingKeyID:     {"the key ID is missing or empty", "send KALSHI-ACCESS-KEY; see whether the variable it comes from is set"},
		MistakeMissingSignature: {"the signature is missing or empty", "send KALSHI-ACCESS-SIGNATURE with every request"},
		MistakeMissingTimestamp: {"the timestamp is missing or empty", "send KALSHI-ACCESS-TIMESTAMP, the same text that is signed"},
		MistakeKeyIDStray:       {"the key ID has stray characters around it", "send the UUID alone, without quotes, brackets or spaces"},
		MistakeKeyIDIsName:      {"the name of a key was sent for its ID", "send the UUID that came when the key was made"},
		MistakeKeyIDMalformed:   {"the key ID is not a UUID", "send the UUID that came when the key was made"},
		MistakeKeyUnknown:       {"no key has this ID here", "see whether it is of another environment, or of a sandbox that was started before this one"},
		MistakeKeyDeleted:       {"the key was deleted", "use another key; a deleted one does not come back"},
		MistakeKeyNotYetLive:    {"the key does not work yet", "wait a moment after making a key"},

		MistakeTimestampSeconds:      {"the timestamp is in seconds", "send and sign milliseconds"},
		MistakeTimestampMicroseconds: {"the timestamp is in microseconds", "send and sign milliseconds"},
		MistakeTimestampNanoseconds:  {"the timestamp is in nanoseconds", "send and sign milliseconds"},
		MistakeTimestampForm:         {"the timestamp is not a number of milliseconds", "send Unix time in milliseconds, digits only"},
		MistakeClock:                 {"the clock is wrong", "set it by NTP, or correct it by the Date header of the answers"},

		MistakeSignedQuery:           {"the query was signed", "sign the path alone, without the question mark and what follows"},
		MistakeSignedWithoutBasePath: {"the path was signed without the base path", "sign it with " + BasePath + " in front, as it goes out"},
		MistakeSignedBasePathTwice:   {"the path was signed with the base path twice", "sign it as it goes out, with " + BasePath + " once"},
		MistakeSignedHost:            {"the host was signed with the path", "sign from the first slash of the path on"},
		MistakeSignedTrailingSlash:   {"the path was signed with a slash at its end", "sign it as it goes out"},
		MistakeSignedNoLeadingSlash:  {"the path was signed without its first slash", "sign it as it goes out"},
		MistakeSignedDecodedPath:     {"the path was signed without its percent-encoding", "sign the bytes of the request line"},
		MistakeSignedRoute:           {"the path of another operation was signed", "sign the path that goes out, with the key ID in it when a key is deleted"},
		MistakeSignedTimestampUnit:   {"the signed timestamp is in another unit than the one sent", "sign the very text of KALSHI-ACCESS-TIMESTAMP"},
		MistakeSignedTimestamp:       {"the signed timestamp is another one than the one sent", "read the clock once, and sign the very text of KALSHI-ACCESS-TIMESTAMP"},
		MistakeSignedLowerCaseMethod: {"the method was signed in lower case", "sign it in upper case"},
		MistakeSignedNoMethod:        {"the method was not signed", "sign timestamp, method and path"},
		MistakeSignedOtherMethod:     {"another method was signed than was sent", "sign the method of the request"},
		MistakeSignedBody:            {"the body was signed", "sign timestamp, method and path alone"},
		MistakeSignedSeparators:      {"something was put between timestamp, method and path", "put nothing between them"},
		MistakeSignedDigest:          {"the SHA-256 digest was signed in place of the text", "give the text itself to the signing function; RSA hashes it once and Ed25519 needs no hash"},

		MistakeSaltLength:     {"the salt has another length than 32 bytes", "set the salt length of RSA-PSS to that of the digest"},
		MistakePKCS1v15:       {"RSA PKCS#1 v1.5 was used", "use RSA-PSS with SHA-256 and a salt of 32 bytes"},
		MistakeHash:           {"another hash than SHA-256 was used", "use RSA-PSS with SHA-256 and a salt of 32 bytes"},
		MistakeEd25519ph:      {"Ed25519ph was used", "use plain Ed25519, without a hash before it"},
		MistakeHMAC:           {"the signature has 32 bytes, as an HMAC or a bare digest has", "sign with the private key; with which secret an HMAC was made cannot be told"},
		MistakeOtherKey:       {"another key of this account made the signature", "use the private key that came with the key ID"},
		MistakeOtherAccount:   {"a key of another account made the signature", "use the private key that came with the key ID"},
		MistakeOtherAlgorithm: {"the signature has not the length that the key's algorithm gives", "use the private key that came with the key ID"},
		MistakeReplay:         {"the same text was signed and sent before", "take a new timestamp for every request, retries included"},
		MistakeUnknown:        {"what is wrong with the signature cannot be told", "compare what you sign with the text expected, byte by byte, and see whether the private key is that of the key ID"},

		MistakeBase64URL:      {"the signature is URL-safe base64", "use standard base64, with + and /"},
		MistakeBase64Unpadded: {"the signature's base64 lacks its padding", "keep the = at its end"},
		MistakeBase64Wrapped:  {"the signature's base64 is broken into lines", "write it as one line"},
		MistakeQuoted:         {"the signature is in quotes", "send the base64 alone; in Python, decode the bytes to text first"},
		MistakeHex:            {"the signature is in hexadecimal", "encode its bytes in standard base64"},
		MistakeNotBase64:      {"the signature is not base64", "encode its bytes in standard base64, with padding"},
	}
}
