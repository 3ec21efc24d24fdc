//go:build !boringcrypto

package main

func boringCrypto() bool { return false }
