package secret_test

import (
	"encoding/json"
	"fmt"

	"kalshi.internal/apikeys/wrapper/secret"
)

// A private key does not print itself; whoever needs its text asks for it by name.
func ExamplePEM() {
	var made struct {
		APIKeyID   string     `json:"api_key_id"`
		PrivateKey secret.PEM `json:"private_key"`
	}
	answer := `{"api_key_id":"0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11","private_key":"the private key"}`
	if err := json.Unmarshal([]byte(answer), &made); err != nil {
		panic(err)
	}
	fmt.Printf("%+v\n", made)
	fmt.Println(made.PrivateKey.RevealPrivateKey())
	// Output:
	// {APIKeyID:0190a5f2-6c1e-4d0e-9b7a-2f6f0f6f8a11 PrivateKey:[REDACTED]}
	// the private key
}
