package protocol

import "strings"

// maxRouteSegments bounds how many segments of a path a route has. Published paths have seven at most.
const maxRouteSegments = 8

// Route returns a path with {} in place of every segment that is not a word of the service's published
// paths, such as an ID or a ticker. So it has few values and shows no ID: /trade-api/v2/portfolio/orders/{}.
// It can label metrics.
func Route(path string) string {
	segments := strings.Split(path, "/")
	if len(segments) > maxRouteSegments+1 {
		segments = append(segments[:maxRouteSegments], "...")
	}
	for i, segment := range segments {
		if !isRouteWord(segment) {
			segments[i] = "{}"
		}
	}
	return strings.Join(segments, "/")
}

// isRouteWord knows the segments of published paths that are no parameters (source: published, 3.13.0
// and 3.30.0). One that is new is taken for an ID.
func isRouteWord(segment string) bool {
	switch segment {
	case "", "...", "trade-api", "v2", "ws",
		"account", "api_keys", "communications", "events", "exchange", "fcm", "historical", "incentive_programs",
		"live_data", "markets", "milestones", "multivariate_event_collections", "portfolio", "search", "series", "structured_targets",
		"accept", "amend", "announcements", "balance", "balances", "batch", "batched", "candlesticks", "confirm", "create", "cutoff",
		"decrease", "fee_changes", "fills", "filters_by_sport", "forecast_percentile_history", "game_stats", "generate", "id",
		"limit", "limits", "lookup", "metadata", "milestone", "multivariate", "netting", "order_groups", "orderbook", "orderbooks",
		"orders", "positions", "queue_position", "queue_positions", "quotes", "reset", "rfqs", "schedule", "settlements", "status",
		"subaccounts", "summary", "tags_by_categories", "total_resting_order_value", "trades", "transfer", "transfers", "trigger",
		"user_data_timestamp":
		return true
	}
	return false
}
