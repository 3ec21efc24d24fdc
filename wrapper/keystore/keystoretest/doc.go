// Package keystoretest tells whether a [keystore.Store] does what its documentation says:
//
//	func TestStore(t *testing.T) {
//		keystoretest.Run(t, func(t *testing.T) keystore.Store { return open(t) })
//	}
//
// What it cannot see is whether a store survives a power cut, keeps out other users and reports
// what is damaged: that needs tests which know how it stores.
package keystoretest
