package protocol

import "strings"

// The environments by name. Keys belong to one environment: production does not know a demo key,
// nor demo a production key (source: published).
const (
	// ProductionEnvironment trades with real money.
	ProductionEnvironment = "production"
	// DemoEnvironment trades with play money.
	DemoEnvironment = "demo"
)

// EnvironmentOf returns the name of the environment that a host belongs to, without port and in
// any case. It returns "" for any other host (source: seed and published).
func EnvironmentOf(host string) string {
	switch strings.ToLower(host) {
	case "api.elections.kalshi.com", "external-api.kalshi.com":
		return ProductionEnvironment
	case "demo-api.kalshi.co", "external-api.demo.kalshi.co":
		return DemoEnvironment
	}
	return ""
}
