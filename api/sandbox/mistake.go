package sandbox

// Mistake is something that people do wrong, for [Explanation]. The names are stable: programs
// may decide on them. The table in the package documentation lists them all.
type Mistake string

// Mistakes in the URL.
const (
	MistakeURLWithoutBasePath Mistake = "url_without_base_path"
	MistakeURLTrailingSlash   Mistake = "url_trailing_slash"
)

// Mistakes in the headers and in the key ID.
const (
	MistakeNoHeaders        Mistake = "no_headers"
	MistakeHeaderNames      Mistake = "header_names"
	MistakeMissingKeyID     Mistake = "missing_key_id"
	MistakeMissingSignature Mistake = "missing_signature"
	MistakeMissingTimestamp Mistake = "missing_timestamp"
	MistakeKeyIDStray       Mistake = "key_id_stray"
	MistakeKeyIDIsName      Mistake = "key_id_is_name"
	MistakeKeyIDMalformed   Mistake = "key_id_malformed"
	MistakeKeyUnknown       Mistake = "key_unknown"
	MistakeKeyDeleted       Mistake = "key_deleted"
	MistakeKeyNotYetLive    Mistake = "key_not_yet_live"
)

// Mistakes in the timestamp that was sent.
const (
	MistakeTimestampSeconds      Mistake = "timestamp_seconds"
	MistakeTimestampMicroseconds Mistake = "timestamp_microseconds"
	MistakeTimestampNanoseconds  Mistake = "timestamp_nanoseconds"
	MistakeTimestampForm         Mistake = "timestamp_form"
	MistakeClock                 Mistake = "clock"
)

// Mistakes in the text that was signed.
const (
	MistakeSignedQuery           Mistake = "signed_query"
	MistakeSignedWithoutBasePath Mistake = "signed_without_base_path"
	MistakeSignedBasePathTwice   Mistake = "signed_base_path_twice"
	MistakeSignedHost            Mistake = "signed_host"
	MistakeSignedTrailingSlash   Mistake = "signed_trailing_slash"
	MistakeSignedNoLeadingSlash  Mistake = "signed_no_leading_slash"
	MistakeSignedDecodedPath     Mistake = "signed_decoded_path"
	MistakeSignedRoute           Mistake = "signed_route"
	MistakeSignedTimestampUnit   Mistake = "signed_timestamp_unit"
	MistakeSignedTimestamp       Mistake = "signed_timestamp"
	MistakeSignedLowerCaseMethod Mistake = "signed_lower_case_method"
	MistakeSignedNoMethod        Mistake = "signed_no_method"
	MistakeSignedOtherMethod     Mistake = "signed_other_method"
	MistakeSignedBody            Mistake = "signed_body"
	MistakeSignedSeparators      Mistake = "signed_separators"
	MistakeSignedDigest          Mistake = "signed_digest"
)

// Mistakes in how the text was signed, and by which key.
const (
	MistakeSaltLength     Mistake = "salt_length"
	MistakePKCS1v15       Mistake = "pkcs1v15"
	MistakeHash           Mistake = "hash"
	MistakeEd25519ph      Mistake = "ed25519ph"
	MistakeHMAC           Mistake = "hmac"
	MistakeOtherKey       Mistake = "other_key"
	MistakeOtherAccount   Mistake = "other_account"
	MistakeOtherAlgorithm Mistake = "other_algorithm"
	MistakeReplay         Mistake = "replay"
	// MistakeUnknown is a wrong signature that none of the above explains.
	MistakeUnknown Mistake = "unknown"
)

// Mistakes in how the signature was written into its header.
const (
	MistakeBase64URL      Mistake = "base64_url"
	MistakeBase64Unpadded Mistake = "base64_unpadded"
	MistakeBase64Wrapped  Mistake = "base64_wrapped"
	MistakeQuoted         Mistake = "quoted"
	MistakeHex            Mistake = "hex"
	MistakeNotBase64      Mistake = "not_base64"
)
