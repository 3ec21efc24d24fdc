//go:build boringcrypto

package main

import "crypto/boring"

func boringCrypto() bool { return boring.Enabled() }
