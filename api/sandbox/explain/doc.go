// Package explain says why the service turns a request down: most mistakes in signing get the
// same answer from the service, and this package tells them apart. Its mistakes are one table of
// data. A mistake of signing is described once: which text is signed, by which scheme, and how
// the signature is written. From that description both follow: [Signature] recognises the mistake
// in a signature that was refused, and [Mistake.Sign] makes it on purpose, to find out whether a
// server accepts it.
//
// Nothing here slows a good request: call it for requests that were refused. The search is
// bounded at some 700 verifications, 20 to 50 ms. All functions are safe for concurrent use.
//
// # Mistakes
//
//	Mistake                   The service says                       The explanation says
//	url_without_base_path     404 page not found                     the URL lacks the base path
//	url_trailing_slash        301                                    the URL ends with a slash
//	no_headers                401 token_authentication_failure       none of the three headers was sent
//	header_names              401 token_authentication_failure       the three headers have other names
//	missing_key_id            401 token_authentication_failure       the key ID is missing or empty
//	missing_signature         401 signature_is_missing_from_headers  the signature is missing or empty
//	missing_timestamp         401 token_authentication_failure       the timestamp is missing or empty
//	key_id_stray              401 INVALID_PARAMETER                  the key ID has stray characters around it
//	key_id_is_name            401 INVALID_PARAMETER                  the name of a key was sent for its ID
//	key_id_malformed          401 INVALID_PARAMETER                  the key ID is not a UUID
//	key_unknown               401 NOT_FOUND                          no key has this ID here
//	key_deleted               401 NOT_FOUND                          the key was deleted
//	key_not_yet_live          401 NOT_FOUND                          the key does not work yet
//	timestamp_seconds         401 header_timestamp_expired           the timestamp is in seconds
//	timestamp_microseconds    401 header_timestamp_expired           the timestamp is in microseconds
//	timestamp_nanoseconds     401 header_timestamp_expired           the timestamp is in nanoseconds
//	timestamp_form            401 header_timestamp_expired           the timestamp is not a number of milliseconds
//	clock                     401 header_timestamp_expired           the clock is wrong
//	signed_query              401 INCORRECT_API_KEY_SIGNATURE        the query was signed
//	signed_without_base_path  401 INCORRECT_API_KEY_SIGNATURE        the path was signed without the base path
//	signed_base_path_twice    401 INCORRECT_API_KEY_SIGNATURE        the path was signed with the base path twice
//	signed_host               401 INCORRECT_API_KEY_SIGNATURE        the host was signed with the path
//	signed_trailing_slash     401 INCORRECT_API_KEY_SIGNATURE        the path was signed with a slash at its end
//	signed_no_leading_slash   401 INCORRECT_API_KEY_SIGNATURE        the path was signed without its first slash
//	signed_decoded_path       401 INCORRECT_API_KEY_SIGNATURE        the path was signed without its percent-encoding
//	signed_route              401 INCORRECT_API_KEY_SIGNATURE        the path of another operation was signed
//	signed_timestamp_unit     401 INCORRECT_API_KEY_SIGNATURE        the signed timestamp is in another unit than the one sent
//	signed_timestamp          401 INCORRECT_API_KEY_SIGNATURE        the signed timestamp is another one than the one sent
//	signed_lower_case_method  401 INCORRECT_API_KEY_SIGNATURE        the method was signed in lower case
//	signed_no_method          401 INCORRECT_API_KEY_SIGNATURE        the method was not signed
//	signed_other_method       401 INCORRECT_API_KEY_SIGNATURE        another method was signed than was sent
//	signed_body               401 INCORRECT_API_KEY_SIGNATURE        the body was signed
//	signed_separators         401 INCORRECT_API_KEY_SIGNATURE        something was put between timestamp, method and path
//	signed_digest             401 INCORRECT_API_KEY_SIGNATURE        a digest was signed in place of the text
//	salt_length               401 INCORRECT_API_KEY_SIGNATURE        the salt has another length than 32 bytes
//	pkcs1v15                  401 INCORRECT_API_KEY_SIGNATURE        RSA PKCS#1 v1.5 was used
//	hash                      401 INCORRECT_API_KEY_SIGNATURE        another hash than SHA-256 was used
//	ed25519ph                 401 INCORRECT_API_KEY_SIGNATURE        Ed25519ph was used
//	hmac                      401 INCORRECT_API_KEY_SIGNATURE        the signature has 32 bytes, as an HMAC or a bare digest has
//	other_key                 401 INCORRECT_API_KEY_SIGNATURE        another key of this account made the signature
//	other_account             401 INCORRECT_API_KEY_SIGNATURE        a key of another account made the signature
//	other_algorithm           401 INCORRECT_API_KEY_SIGNATURE        the signature does not have the length that the key's algorithm gives
//	replay                    401 INCORRECT_API_KEY_SIGNATURE        the same text was signed and sent before
//	unknown                   401 INCORRECT_API_KEY_SIGNATURE        the signature is wrong, and no known mistake explains it
//	base64_url                401 INCORRECT_API_KEY_SIGNATURE        the signature is URL-safe base64
//	base64_unpadded           401 INCORRECT_API_KEY_SIGNATURE        the signature's base64 lacks its padding
//	base64_wrapped            401 INCORRECT_API_KEY_SIGNATURE        the signature's base64 is broken into lines
//	quoted                    401 INCORRECT_API_KEY_SIGNATURE        the signature is in quotes
//	hex                       401 INCORRECT_API_KEY_SIGNATURE        the signature is in hexadecimal
//	not_base64                401 INCORRECT_API_KEY_SIGNATURE        the signature is not base64
//	signed_double_slash       401 INCORRECT_API_KEY_SIGNATURE        the path was signed with two slashes in a row
//	signed_newline            401 INCORRECT_API_KEY_SIGNATURE        a line end was signed after the text
//	signed_key_id             401 INCORRECT_API_KEY_SIGNATURE        the key ID was signed
//	signed_order              401 INCORRECT_API_KEY_SIGNATURE        the parts were signed in another order
//	mgf1                      401 INCORRECT_API_KEY_SIGNATURE        the mask of RSA-PSS (MGF1) was made with another hash than SHA-256
//	not_served                404 page not found                     the signature is right, and this sandbox serves API keys alone
//	base64_cut                401 INCORRECT_API_KEY_SIGNATURE        the signature ends with the first line of its base64
//
// A mistake of the signed path is also found together with one other mistake of text or scheme,
// and a mistake of the encoding together with both. These are not recognised: a signed timestamp
// that is more than 25 ms from the one sent, the key of another environment, and the secret of an HMAC.
package explain
