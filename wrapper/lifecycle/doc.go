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
// # What is not promised
//
// The service is taken at its word when it refuses a request with a documented 4xx status. A
// key that becomes visible more than a day after the request for it had an unknown outcome is
// not looked for any more; [Manager.Audit] shows it. Between two hosts of one environment
// nothing is shared: a store keeps what is current for each base URL.
//
// Nobody has recorded how long a name may be. Where the service cuts the tag off a name, a key of
// a lost answer cannot be told from others, nor one that could not be proven: it is not revoked,
// which the error says, and the progress when a key is first seen under such a name. Nor has anybody recorded whether the list shows the keys
// that are bound to a subtrader: where it lacks one, the subtrader's own list is looked at as
// well.
package lifecycle
