// Package chaos tests fleets of programs that share a store, with servers and programs that are killed,
// stopped and cut off. It is a module of its own, because nobody who keeps a store on a server is to have a
// server and a proxy in the graph of modules.
package chaos
