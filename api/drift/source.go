package drift

const (
	// sourceKey is the extension that says where a part of the contract is known from. Parts
	// below it that do not say another source have the same.
	sourceKey = "x-source"
	// sourcesKey holds the sources of the keywords of a schema that was merged from several.
	sourcesKey = "x-sources"
	// observed is the source of what the service's documents do not have: it was recorded from
	// the service's hosts.
	observed = "observed"
)

// sourceOf returns the source of what stands below a key of a part; inherited is that of the part
// around it.
func sourceOf(node object, key, inherited string) string {
	for _, source := range []any{objectOf(node[sourcesKey])[key], node[sourceKey]} {
		if text(source) != "" {
			return text(source)
		}
	}
	return inherited
}

// onlyObserved says whether a value is in the contract from observation alone: by the outermost
// sources inside it or, if it names none, by the source around it.
func onlyObserved(v any, inherited string) bool {
	found := map[string]bool{}
	collectSources(v, found)
	return len(found) == 0 && inherited == observed || len(found) == 1 && found[observed]
}

func collectSources(v any, found map[string]bool) {
	node := objectOf(v)
	if source := text(node[sourceKey]); source != "" {
		found[source] = true
		return
	}
	for _, child := range node {
		collectSources(child, found)
	}
}
