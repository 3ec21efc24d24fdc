package protocol_test

import (
	"crypto/ed25519"
	"fmt"
	"net/url"
	"time"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// Neither host nor query is signed.
func ExampleText() {
	u, err := url.Parse("https://external-api.kalshi.com/trade-api/v2/api_keys?fcm_subtrader_id=user_desk")
	if err != nil {
		panic(err)
	}
	timestamp := protocol.Timestamp(time.UnixMilli(1703123456789))
	fmt.Println(protocol.Text(timestamp, "GET", protocol.Path(u)))
	// Output:
	// 1703123456789GET/trade-api/v2/api_keys
}

// What Sign makes, Verify takes, for the same text alone.
func ExampleSign() {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) // a key for this example alone
	signed, err := protocol.Sign(key, "1703123456789", "GET", "/trade-api/v2/api_keys")
	if err != nil {
		panic(err)
	}
	fmt.Println(protocol.Verify(key.Public(), "1703123456789", "GET", "/trade-api/v2/api_keys", signed))
	fmt.Println(protocol.Verify(key.Public(), "1703123456789", "GET", "/api_keys", signed))
	// Output:
	// <nil>
	// protocol: does not match key and text
}
