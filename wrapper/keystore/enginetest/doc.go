// Package enginetest tells whether a [keystore.Document] does what its documentation says:
//
//	func TestEngine(t *testing.T) {
//		enginetest.RunAcross(t, enginetest.Backend{Make: start, Open: connect})
//	}
//
// [Run] is for a backend that lives in one process.
//
// Neither can see whether a document survives a power cut, whether the lock excludes other machines, for
// how long the lock of a process on another machine outlives it, whether a copy of the backend is told
// from the original, and what an engine does while its backend is away or damaged. That needs tests which
// know how the engine works. Run cannot see other processes either. An engine that waits for ever is ended
// by the timeout of go test.
package enginetest
