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
// A store is one JSON document: format version, a random store ID, revision, a random ID of the last
// write, entries, current keys and journal. A [Document] keeps it and knows only its bytes.
// [Directory] and [Memory] are such engines, wrapper/fleet has those for Postgres and etcd, and package
// enginetest tells whether another type is one. [WithSealer] seals what the store holds before an engine
// sees it.
//
// # In the directory
//
//	store.json     the store, with all private keys
//	store.N.json   copies of the last two revisions: N is the newest, which store.json holds too
//	damaged/       what [Store.SetAside] has moved out of the way
//	lock           empty; its lock is the store's lock, so leave it there
//	lock.swap      empty; its lock is held for the moment of a write
//	.tmp-*         what is being written, or was when a process died
//
// All files are made for their owner alone (mode 0600, the directory 0700). The first line of a store
// file has its format version, its revision, the SHA-256 checksum of the rest, and which file it is: its inode
// and, on Linux, its time of birth. So a copy is told from the original, and the journal's records in it are
// Foreign. Other files are left alone. To back a store up, copy the whole directory.
//
// # What a write does
//
// The new revision goes into a temporary file, which is synced and renamed to store.N.json, and the
// directory is synced. Then the same happens for store.json. So store.json is always the old revision
// or the new one, whole; a write takes effect when store.json is renamed, and it is durable when the
// call returns. Then the newest revision is on the disk twice, in two independent files. Older
// copies are removed, except the last one before: an erased private key stays in that copy until the
// next write, and the blocks on the disk are not wiped. What a crash leaves behind is removed by the
// next [Store.Lock].
//
// # What is damaged
//
// A file whose checksum or content is wrong is damaged. While store.json is damaged or lost, its
// newest copy is read in its place, and nothing is lost; [Store.Check] reports it. If that copy is
// damaged too, reading returns a [*DamagedError] rather than an older copy, which lacks the last
// write. Damaged files are never deleted or written over: writing is refused until [Store.SetAside]
// has moved them away or a sound copy was put back. A file of a later format version is left alone.
//
// # What is refused
//
// A directory or file is refused if another user owns it or may use it, or if it is a symbolic link. A
// group that a platform has given the volume to, as the fsGroup of Kubernetes, may use it: see
// [secret.StoreAccess]. The error is an [*InsecureError] with the command that mends it. What is checked is the file that
// was opened. Elements before the last one of the directory's path may be links.
//
// # Where the lock works
//
// On Unix the lock is flock(2), between all processes of a machine and of its containers that
// share the directory. The operating system frees it when a process ends. Between machines it works
// where the file system carries flock to the server: NFS does on Linux since 2.6.12, unless mounted
// with nolock or local_lock=flock or all. Most SSH and object-store file systems do not carry it, and
// may call a write durable that is not. Lock returns an error where locks are not supported. A file
// system that accepts locks and ignores them cannot be detected.
//
// An engine on a server has no lock of its own. Then the lock stands in the document, and every write
// compares the version: whoever has lost the lock cannot write. See [Lease] and [Lock].
//
// On Windows the lock is LockFileEx. A file's mode does not tell there who may use it, so this is not
// checked: keep the directory where only your account has access. A directory cannot be synced there
// either. Whether the name of a new file survives a power cut depends on the file system.
//
// [secret.StoreAccess]: wrapper/secret
package keystore
