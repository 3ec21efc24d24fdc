// Package otel records what a client does as OpenTelemetry spans and metrics. It is a module of its own, so that
// nobody else carries OpenTelemetry.
//
//	observer, err := otel.Observer()
//	transport, err := wrapper.NewTransport(creds, wrapper.WithObserver(observer))
//
// A call is a span of kind internal; its attempts are spans of kind client below it, by the semantic conventions for
// HTTP clients, with http.request.resend_count. url.template has {} in place of IDs. url.full is left out, and so are
// query, headers and bodies: they may hold key IDs, and the path may too. No header is added to a request.
//
// The metrics are http.client.request.duration, for each attempt; kalshi.client.call.duration, for each call with its
// waits; and kalshi.client.clock.offset, by how much the local clock is corrected.
package otel
