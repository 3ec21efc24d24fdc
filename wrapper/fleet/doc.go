// Package fleet is the root of a module for stores on servers: one key, followed by many machines and rotated by
// one of them at a time. Its parts are [kalshi.internal/apikeys/wrapper/fleet/postgres],
// [kalshi.internal/apikeys/wrapper/fleet/etcd], [kalshi.internal/apikeys/wrapper/fleet/age] and the command line
// with all of them. README.md says how to set it up, and what is promised and what is not.
package fleet
