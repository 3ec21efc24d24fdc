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
// The service offers no transaction, and generate shows a private key once. So what is about to
// happen is in the store's journal before a request goes out, with a random tag that becomes
// part of the new key's name: "bot [k4x2m9qa7pb]". Whatever happens then, the tag tells this
// store's keys in the service's list from everybody else's.
//
//   - The outcome of a request is unknown: the list is looked at, again and again for the settle
//     time, because it may be stale. A key with the tag is taken over when its private half is
//     here (create), and revoked when nobody can hold it (generate). Only then is the request
//     repeated, with another tag. The old tag stays in the journal for a day, and a key that
//     appears late is revoked.
//   - A new key is deleted only if the service lists it with the tag, and by the ID in that list.
//     An ID that only an answer names may be that of somebody else's key.
//   - A new key is in the store before it is used, and has signed a request before it counts.
//   - Rotate makes the new key current only after that, and revokes the old one only after the
//     grace period. Until the switch, a failure revokes what was made.
//   - [Manager.Recover] finishes or undoes what the journal holds. All operations run it first.
//     It revokes only what this store's journal says it may.
//
// # After a crash
//
// The next operation on the store first does this:
//
//   - An issue whose request was sent, with no key in the store yet: it looks in the service's list
//     for the tag. A created key is proven and taken over, a generated one is revoked.
//   - An issue whose key is in the store: the key is proven. It becomes active if it works, and is
//     revoked if it does not.
//   - A rotation that has not switched: the new key is revoked, and the old one stays current.
//   - A rotation that has switched: the old key is revoked when its grace period ends.
//   - A revocation: it is finished.
//
// An operation that leaves something to do returns [ErrUnfinished]; the command line ends with
// exit code 5. Run it again, or kalshi-keys recover.
//
// # Timers
//
// The settle time, [DefaultSettle] by default, is how long a key is looked for after a request of
// unknown outcome. For a day after that, every operation looks once more. The grace period,
// [DefaultGrace] by default, is how long an old key works after a rotation: long enough for
// programs that follow the store to read which key is current.
//
// # Damaged stores
//
// A damaged file is reported and never deleted: kalshi-keys recover --set-aside moves it out of the
// way. If no usable key is current after that, kalshi-keys import KEY-ID proves a key of the store
// and makes it current; the error names the IDs.
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
// A documented 4xx status in the service's own form is believed: the request made no key. A key
// that becomes visible more than a day after the request for it had an unknown outcome is not
// looked for any more; [Manager.Audit] shows it. Between two hosts of one environment nothing is
// shared: a store keeps what is current for each base URL.
//
// Nobody has recorded how long a name may be. Where the service cuts the tag off a name, a key of
// a lost answer cannot be told from others, nor can one that could not be proven. Such a key is not
// revoked; the error or the progress says so. Nor has anybody recorded whether the list shows the
// keys that are bound to a subtrader, so the subtrader's own list is always read as well.
//
// A store on a network file system is as safe as the locks and syncs of that file system. Erasing a
// private key does not wipe the blocks of the disk.
package lifecycle
