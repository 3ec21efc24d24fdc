// Package keystore keeps API keys with their private keys, so that a crash, a full disk or a
// second process at any moment loses none of them.
//
// A [Store] holds entries, which of them is current for each base URL, and a journal of the
// changes that are under way. [Open] opens one in a directory. [Source] makes a store the
// credentials of a client, which then follows a rotation without a restart:
//
//	store, err := keystore.Open("/var/lib/bot/keys")
//	client, err := wrapper.NewClient(keystore.Source(store, string(wrapper.Demo)), wrapper.WithEnvironment(wrapper.Demo))
//
// # In the directory
//
//	key-ID.json             one entry, with its private key
//	current-HOST-HASH.json  which key is current for a base URL
//	journal-ID.json         a change that is under way; may hold a private key
//	damaged/                what [Directory.SetAside] has moved out of the way
//	lock                    empty; its lock is the store's lock, so leave it there
//	.tmp-*                  what is being written, or was when a process died
//
// All files are JSON with a version, for their owner alone (mode 0600, the directory 0700).
// Characters of an ID other than a-z, 0-9, dot, hyphen and underscore are escaped in file names.
// Other files are left alone.
//
// # What a write does
//
// A new content goes into a temporary file, which is synced and then renamed to its place, and
// the directory is synced. So a file is always the old one or the new one, whole, and the new
// one is durable when the call returns. A temporary file that a crash left behind never counts:
// the next [Directory.Lock] removes it. To erase a private key means that the file without it
// takes the place of the file with it; the blocks on the disk are not wiped.
//
// # What is refused
//
// A directory or file that others than its owner may use, that belongs to another user, or that
// is a symbolic link is an [*InsecureError] with the command that mends it. Owner, mode and kind
// are those of what was opened. Only the last element of the directory's path may be no link.
// A file that is not what its name says is a [*DamagedError]. Such a file is never deleted or
// written over, and only [Directory.SetAside] moves it.
//
// # Where the lock works
//
// On Unix the lock is flock(2), between all processes of a machine and of its containers that
// share the directory. Between machines it works where the file system carries flock to the
// server: NFS does on Linux since 2.6.12, unless mounted with nolock or local_lock=flock or all;
// most SSH and object-store file systems do not, and what they call durable may not be. Where
// there are no locks, Lock returns an error; where a file system only pretends, nothing can tell.
//
// On Windows the lock is a file opened without sharing. There, who may use a file is not
// checked, since its mode does not say so: keep the directory where only your account has
// access. Nor can a directory be synced: that names survive a power cut is left to the journal
// of the file system.
package keystore
