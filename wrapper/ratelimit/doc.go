// Package ratelimit holds requests back so that the service need not refuse them. It knows the service's
// two token buckets, one for reads and one for everything else, and the published tiers.
//
//	limiter, err := ratelimit.ForTier(ratelimit.Premier)
//	transport, err := wrapper.NewTransport(creds,
//		wrapper.WithBeforeAttempt(limiter.Wait), wrapper.WithObserver(limiter.Observer()))
//
// Share one limiter among all clients of an account. Callers get their turn in the order in which they came. A 429
// pauses all of them, not only the one that got it: another program may draw on the same buckets. With another
// HTTP client, call [Limiter.Wait] before a request is signed and [Limiter.Refused] on a 429.
package ratelimit
