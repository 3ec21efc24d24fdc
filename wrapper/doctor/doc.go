// Package doctor finds out why requests are refused. [Run] checks, one after the other, what a
// request needs to be accepted: the settings, the key ID, the private key and its file, the base
// URL, the proxy, the host name, TLS, who answers, the clock, a signed request, and the rights of
// the key. Each check says what it found and what to do about it. A check that needs what an
// earlier one found missing says so.
//
// Run lists the keys of the account and changes nothing. A report holds no key material and no
// signature: it can be pasted into an issue. It names the key ID, hosts and paths, with ~ for the
// home directory. The texts name the flags and the commands of kalshi-keys, which prints them.
//
// The order and the IDs of the checks, and which kinds of problems there are, are our own choice.
package doctor
