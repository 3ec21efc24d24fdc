#!/bin/sh
# Makes the keys, and the things mistaken for keys, that the credentials tests read. Every one
# is for tests only and opens nothing. Needs OpenSSL 3 and ssh-keygen. Existing files are kept:
# delete a file to have it made anew.
set -eu
cd "$(dirname "$0")"

make() { # make FILE COMMAND...: runs COMMAND unless FILE is there
	file=$1
	shift
	if [ ! -e "$file" ]; then
		"$@"
	fi
}

make rsa-pkcs8.pem openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa-pkcs8.pem
make rsa-pkcs1.pem openssl rsa -in rsa-pkcs8.pem -traditional -out rsa-pkcs1.pem
make rsa3072-pkcs1.pem openssl genrsa -traditional -out rsa3072-pkcs1.pem 3072
make ed25519.pem openssl genpkey -algorithm ed25519 -out ed25519.pem

make encrypted-pkcs8.pem openssl pkcs8 -topk8 -in rsa-pkcs8.pem -passout pass:test -out encrypted-pkcs8.pem
make encrypted-pkcs1.pem openssl rsa -in rsa-pkcs8.pem -traditional -aes128 -passout pass:test -out encrypted-pkcs1.pem
make public-spki.pem openssl pkey -in rsa-pkcs8.pem -pubout -out public-spki.pem
make public-pkcs1.pem openssl rsa -in rsa-pkcs8.pem -RSAPublicKey_out -out public-pkcs1.pem
make public-ed25519.pem openssl pkey -in ed25519.pem -pubout -out public-ed25519.pem
make certificate.pem openssl req -x509 -key rsa-pkcs8.pem -subj /CN=test -days 36500 -out certificate.pem
make request.pem openssl req -new -key rsa-pkcs8.pem -subj /CN=test -out request.pem
make ec-sec1.pem openssl ecparam -name prime256v1 -genkey -out ec-sec1.pem
make ec-pkcs8.pem openssl pkcs8 -topk8 -nocrypt -in ec-sec1.pem -out ec-pkcs8.pem
make ec-secp256k1.pem openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out ec-secp256k1.pem
make x25519.pem openssl genpkey -algorithm x25519 -out x25519.pem
make rsa-pss.pem openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out rsa-pss.pem
make rsa1024-pkcs1.pem openssl genrsa -traditional -out rsa1024-pkcs1.pem 1024
make rsa512-pkcs8.pem openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:512 -out rsa512-pkcs8.pem
make openssh.pem ssh-keygen -q -t ed25519 -N '' -C test -f openssh.pem
make ec-bare.pem openssl ec -in ec-sec1.pem -out ec-bare.pem

# An Ed25519 key with its public half beside it (RFC 5958, version 2), as some libraries write it.
rfc5958() {
	{
		printf '\060\121\002\001\001'
		openssl pkey -in ed25519.pem -outform DER | tail -c +6
		printf '\201\041\000'
		openssl pkey -in ed25519.pem -pubout -outform DER | tail -c 32
	} | openssl base64 | sed -e '1i-----BEGIN PRIVATE KEY-----' -e '$a-----END PRIVATE KEY-----' >ed25519-rfc5958.pem
}
make ed25519-rfc5958.pem rfc5958

make openssh-rsa.pem ssh-keygen -q -t rsa -b 2048 -N '' -C test -f openssh-rsa.pem
make openssh-encrypted.pem ssh-keygen -q -t ed25519 -N test -C test -f openssh-encrypted.pem
make openssh-ecdsa.pem ssh-keygen -q -t ecdsa -N '' -C test -f openssh-ecdsa.pem
make ssh2.pub sh -c 'ssh-keygen -e -f openssh-rsa.pem.pub >ssh2.pub'
make openssh-rsa-pkcs1.pem sh -c 'cp openssh-rsa.pem openssh-rsa-pkcs1.pem && chmod 600 openssh-rsa-pkcs1.pem && ssh-keygen -q -p -m PEM -N "" -f openssh-rsa-pkcs1.pem'
make public-openssh.pem sh -c 'ssh-keygen -e -m PKCS8 -f openssh-rsa.pem.pub >public-openssh.pem'
make public-rsa-pss.pem openssl pkey -in rsa-pss.pem -pubout -out public-rsa-pss.pem
make key.p12 openssl pkcs12 -export -inkey rsa-pkcs8.pem -in certificate.pem -passout pass:test -out key.p12
