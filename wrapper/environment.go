package wrapper

import "kalshi.internal/apikeys/gen"

// Environment is the base URL of one of the service's hosts. Keys belong to one environment:
// production does not know a demo key, nor demo a production key (source: published).
type Environment string

const (
	// Production is the default (source: seed; published as still supported).
	Production Environment = gen.ServerURLProduction
	// ProductionExternalAPI is what the service recommends to API traders (source: published).
	ProductionExternalAPI Environment = gen.ServerURLProductionExternalAPI
	// Demo is the recommended host of the demo environment (source: published).
	Demo Environment = gen.ServerURLDemo
	// DemoFormerHost is the demo environment's other host (source: published).
	DemoFormerHost Environment = gen.ServerURLDemoFormerHost
)
