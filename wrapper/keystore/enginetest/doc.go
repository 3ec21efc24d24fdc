// Package enginetest tells whether a [keystore.Engine] does what its documentation says:
//
//	func TestEngine(t *testing.T) {
//		enginetest.Run(t, func(t *testing.T) (open func() keystore.Engine) {
//			backend := start(t)
//			return func() keystore.Engine { return connect(t, backend) }
//		})
//	}
//
// It cannot see whether a document survives a power cut, whether the lock of a process that dies
// becomes free, whether the lock excludes other processes and machines, and what an engine does
// while its backend is away or damaged. That needs tests which know how the engine works. An engine
// that waits for ever is ended by the timeout of go test.
package enginetest
