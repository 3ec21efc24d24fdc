// Package lifecycle issues, rotates and revokes API keys so that a crash, a lost answer or a
// full disk at any moment leaves neither a live key that nobody holds nor a program without a
// key that works.
//
// # Start
//
//	store, err := keystore.Open(dir)
//	manager, err := lifecycle.New(store, string(wrapper.Demo))
//	first, err := manager.Import(ctx, lifecycle.ImportRequest{KeyID: id, PrivateKey: pem})
//	rotated, err := manager.Rotate(ctx, lifecycle.RotateRequest{})
//
// A store needs one key to begin with, which Import brings in. From then on the current key of
// the store signs whatever makes and deletes keys.
//
// # How it is safe
//
// The service offers no transaction, and generate shows a private key once. So each change (issue,
// rotate, revoke) writes what it is about to do into the store's journal before it sends a request.
// The record has a random tag, which becomes part of the new key's name: "bot [k4x2m9qa7pb]". The tag
// tells the keys of this store from all others in the service's list.
//
//   - If the outcome of a request is unknown, the change reads the list, repeatedly for the settle
//     time because the list may be stale. It keeps a key with the tag if the private half is here
//     (create), and revokes it if nobody can hold the private half (generate). Only then does it
//     repeat the request, with another tag. The old tag stays in the journal for a day, and a key
//     that appears late is revoked.
//   - A new key is deleted only if the service lists it with the tag, and by the ID in that list.
//     An ID that only an answer names may be that of somebody else's key.
//   - A new key is in the store before it is used. It becomes active once it has signed a request that
//     the service accepted.
//   - Rotate makes the new key current only after that, and revokes the old one only after the
//     grace period. If it fails before the switch, it revokes what it made.
//   - A proxy may deliver a request twice. The list that proves the new key shows a second one, which is
//     revoked. If that list is too old to show even the new key, the change looks again after the settle
//     time, and a rotation looks again after its grace period.
//   - [Manager.Recover] finishes or undoes what the journal holds. All methods of the Manager run it
//     first; [WithRecovered] shows what it did. It revokes only keys that the journal names or tags.
//
// # After a crash
//
// The next change on the store first does this:
//
//   - An issue whose request was sent, with no key in the store yet: it looks for the tag in the
//     service's list. A created key is proven and kept, a generated one is revoked.
//   - An issue whose key is in the store: the key is proven. It becomes active if it works, and is
//     revoked if it does not.
//   - A rotation that has not switched: the new key is revoked, and the old one stays current.
//   - A rotation that has switched: the old key is revoked when its grace period ends.
//   - A revocation: it is finished.
//
// A change that leaves something to do returns [ErrUnfinished]; the command line ends with
// exit code 5. Run it again, or kalshi-keys recover.
//
// # Timers
//
// The settle time, [DefaultSettle] by default, is how long a change looks for a key after a
// request of unknown outcome. For a day after that, by the service's clock, every change looks once more,
// and then three more times at least, so that no jump of a clock ends the watch. The grace period, [DefaultGrace] by default, is how long an old key works after a rotation. It gives programs
// that follow the store the time to read which key is current.
//
// # Damaged stores
//
// A damaged file is reported and never deleted: kalshi-keys recover --set-aside moves it out of the
// way. If no usable key is current after that, kalshi-keys import KEY-ID proves a key of the store
// and makes it current; the error names the IDs.
//
// # Backups and copies
//
// To back a store up, copy its whole directory, after each rotation: a rotation revokes the key of the
// copies before. A copy is told from the original, because its files are others (another inode, and on
// Linux another time of birth). The journal may hold a change that was under way when it was copied. The
// original has gone on since, so the copy does nothing about such a change: it shows it as foreign.
// kalshi-keys recover --adopt-copy makes it the copy's own, for a copy that takes the original's place, and
// may then revoke the key that the change made. A store that is moved (mv) on one file system stays what it
// is. The snapshot of a whole file system or machine, and any copy on Windows, is not told from the
// original: put one back only where the original is gone.
//
// # A store that cannot be written
//
// Revoke goes on where the disk is full or read-only, and its error says that the store does not know of it.
// The current key stays then. Without a store, kalshi-keys delete takes --key-id and --private-key-file.
//
// # From cron or a systemd timer
//
// Give the store and the base URL in the environment, with whole paths, since neither expands a
// tilde:
//
//	0 4 * * 0  KALSHI_STORE=/var/lib/bot/keys KALSHI_BASE_URL=https://external-api.demo.kalshi.co/trade-api/v2 kalshi-keys rotate --grace 1m
//
// SIGINT, SIGTERM and a closed terminal end a command in order. A closed pipe does not end it.
//
// # What is not promised
//
// The lifecycle trusts a documented 4xx status in the service's own form: the request made no key.
// If the outcome of a request is unknown and its key becomes visible more than a day later, nothing
// looks for the key any more; [Manager.Audit] shows it, and a second key that a proxy's later repetition
// makes after the last look. Two hosts of one environment share nothing: a
// store keeps the current key of each base URL.
//
// Nobody has recorded how long a name may be. If the service cuts the tag off a name, a key whose
// answer was lost looks like any other key, and so does a key that could not be proven. Such a key is
// not revoked; the error or the progress says so. Nobody has recorded either whether the list shows
// the keys that are bound to a subtrader, so the subtrader's own list is always read as well.
//
// Where the store is on a server, so that programs on several machines share it, every request is signed only
// while the lock is held. After a lost lock a change ends as [ErrUnfinished], and whoever has the lock goes on.
// After a deletion of unknown outcome the lock is left to run out, for a minute: a late request must not delete
// a key that somebody has gone back to. See wrapper/fleet for what else is promised there.
//
// A store on a network file system is as safe as the locks and syncs of that file system. Erasing a
// private key does not wipe the blocks of the disk.
package lifecycle
