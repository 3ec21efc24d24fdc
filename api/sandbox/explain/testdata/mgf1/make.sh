#!/bin/sh
# Makes the vectors of this folder with OpenSSL 3: sh make.sh. The private key is thrown away.
set -eu
key=$(mktemp)
trap 'rm -f "$key"' EXIT
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$key"
openssl pkey -in "$key" -pubout -out public.pem
for mask in sha1 sha384 sha512; do
	printf '1790856000000GET/trade-api/v2/api_keys' |
		openssl dgst -sha256 -sign "$key" -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -sigopt "rsa_mgf1_md:$mask" |
		openssl base64 -A >"$mask.txt"
done
