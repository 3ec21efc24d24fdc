#!/bin/sh
# Makes the known-answer vectors of package signature anew, in the directory it stands in:
#
#   openssl.json    signatures by OpenSSL, both key types
#   typescript.json signatures by the official TypeScript SDK, which has RSA only
#   refused.json    signatures by OpenSSL that are almost right and must not verify
#
# and then lets OpenSSL verify what package signature signs. Needs OpenSSL 3, Node.js with npm,
# and Go; npm fetches the SDK into a temporary directory. The keys, rsa.pem and ed25519.pem, are
# for tests only and open nothing; they are made if they are not there.
set -eu
cd "$(dirname "$0")"
here=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sdk=kalshi-typescript@3.30.0

[ -e rsa.pem ] || openssl genrsa -traditional -out rsa.pem 2048
[ -e ed25519.pem ] || openssl genpkey -algorithm ed25519 -out ed25519.pem

pss='openssl dgst -sha256 -sign rsa.pem -sigopt rsa_padding_mode:pss -sigopt rsa_mgf1_md:sha256 -sigopt rsa_pss_saltlen:%s text'
ed='openssl pkeyutl -sign -rawin -inkey ed25519.pem -in text'

# vector KEY TIMESTAMP METHOD PATH COMMAND [WHY]: signs the text with COMMAND, which reads it
# from the file "text", and prints one JSON object.
vector() {
	printf '%s%s%s' "$2" "$3" "$4" >"$work/text"
	cp rsa.pem ed25519.pem "$work"
	signature=$(cd "$work" && sh -c "$5" | openssl base64 -A)
	printf '{"made_by":"%s","command":"%s","key":"%s","timestamp":"%s","method":"%s","path":"%s","signature":"%s"%s}\n' \
		"$(openssl version | cut -d' ' -f1,2)" "$5" "$1" "$2" "$3" "$4" "$signature" "${6:+,\"why\":\"$6\"}"
}

# list: one JSON array, one object a line, from objects one a line.
list() { sed -e '1s/^/[\n/' -e '$!s/$/,/' -e '$s/$/\n]/'; }

both() {
	# shellcheck disable=SC2059
	vector rsa.pem "$1" "$2" "$3" "$(printf "$pss" 32)"
	vector ed25519.pem "$1" "$2" "$3" "$ed"
}

{
	both 1703123456789 GET /trade-api/v2/api_keys
	both 1703123456790 POST /trade-api/v2/api_keys
	both 1703123456791 POST /trade-api/v2/api_keys/generate
	both 1703123456792 DELETE /trade-api/v2/api_keys/0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11
	both 1703123456793 DELETE /trade-api/v2/a%2Fb
	both 1703123456794 GET /trade-api/v2/caf%C3%A9%20bar
	both 0 GET /
} | list >openssl.json

refused() { vector "$1" 1703123456789 GET /trade-api/v2/api_keys "$2" "$3"; }
{
	# shellcheck disable=SC2059
	refused rsa.pem "$(printf "$pss" 0)" "RSA-PSS without salt"
	# shellcheck disable=SC2059
	refused rsa.pem "$(printf "$pss" max)" "RSA-PSS with the longest salt"
	# shellcheck disable=SC2059
	refused rsa.pem "$(printf "$pss" 31)" "RSA-PSS with a salt of 31 bytes"
	refused rsa.pem "$(printf "$pss" 32 | sed 's/mgf1_md:sha256/mgf1_md:sha1/')" "RSA-PSS with MGF1 over SHA-1"
	refused rsa.pem "$(printf "$pss" 32 | sed 's/-sha256/-sha512/')" "RSA-PSS over SHA-512"
	refused rsa.pem "openssl dgst -sha256 -sign rsa.pem text" "PKCS#1 v1.5"
	refused ed25519.pem "openssl dgst -sha256 -binary -out digest text && openssl pkeyutl -sign -rawin -inkey ed25519.pem -in digest" "Ed25519 over a SHA-256 digest"
	refused ed25519.pem "openssl dgst -sha512 -binary -out digest text && openssl pkeyutl -sign -rawin -inkey ed25519.pem -in digest" "Ed25519 over a SHA-512 digest"
} | list >refused.json

npm install --silent --no-audit --no-fund --prefix "$work/sdk" "$sdk"
node make-vectors.mjs "$work/sdk" "$sdk" "$here/rsa.pem" >typescript.json

# The other direction: what package signature signs, OpenSSL accepts.
ours() {
	(cd .. && go test -run '^TestOurSignaturesForOpenSSL$' -count=1 -args -signatures-to "$work") >&2
	openssl pkey -in rsa.pem -pubout -out "$work/rsa.pub"
	openssl pkey -in ed25519.pem -pubout -out "$work/ed25519.pub"
	openssl dgst -sha256 -verify "$work/rsa.pub" -sigopt rsa_padding_mode:pss -sigopt rsa_mgf1_md:sha256 \
		-sigopt rsa_pss_saltlen:32 -signature "$work/rsa.sig" "$work/rsa.text"
	openssl pkeyutl -verify -rawin -pubin -inkey "$work/ed25519.pub" -sigfile "$work/ed25519.sig" -in "$work/ed25519.text"
}
ours
