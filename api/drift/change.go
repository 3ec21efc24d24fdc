package drift

// Kind says how much a change asks of a program that uses this client. The kinds are our own
// choice.
type Kind string

const (
	// Breaking: something that a program may send or read today is refused, gone or different.
	Breaking Kind = "breaking"
	// Additive: programs keep working; the revision offers, accepts or promises something else.
	Additive Kind = "additive"
	// Known: the revision does not have what the contract adds on purpose, from observation. That
	// asks nothing of anybody.
	Known Kind = "known"
	// Text: only words for people changed, such as descriptions and examples.
	Text Kind = "text"
)

// Direction says which way the changed part travels.
type Direction string

const (
	// Request is what a program sends.
	Request Direction = "request"
	// Response is what the service answers.
	Response Direction = "response"
	// Neither is the operation as a whole, or a server.
	Neither Direction = ""
)

// Change is one difference between the contract and the revision. It is a plain value, safe to copy
// and to share.
type Change struct {
	// Operation is the operation ID in the contract. For an operation that the contract lacks it
	// is the ID in the revision.
	Operation string `json:"operation"`
	// Method and Path are those of the operation, the path as the contract writes it and relative
	// to the server.
	Method string `json:"method"`
	Path   string `json:"path"`

	Kind      Kind      `json:"kind"`
	Direction Direction `json:"direction"`
	// Place is where the change is, for example "response 200 body /api_keys/items/scopes",
	// "parameter query fcm_subtrader_id", "security" or "server".
	Place string `json:"place"`
	// Aspect is what changed there: "presence" when the place itself came or went, a keyword of
	// OpenAPI such as "maximum" or "enum", "content" for content types, or "alternatives" for
	// ways to authenticate.
	Aspect string `json:"aspect"`
	// Was and Is are the values in the contract and in the revision, schemas as JSON. Empty means
	// that there was, or is, nothing.
	Was string `json:"was"`
	Is  string `json:"is"`
	// Meaning says what the change is or means, in a sentence or two.
	Meaning string `json:"meaning"`
}
