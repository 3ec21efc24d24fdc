package contract

import (
	"fmt"
	"net/http"
	"strings"
)

// Direction says which half of an exchange a violation is in.
type Direction string

// The two halves of an exchange.
const (
	Request  Direction = "request"
	Response Direction = "response"
)

// Rule names what a violation breaks. The names are stable: programs may decide on them.
type Rule string

// The rules about which operation an exchange belongs to.
const (
	// RulePath reports a path the contract does not have.
	RulePath Rule = "path"
	// RuleMethod reports a method the contract does not have for the path.
	RuleMethod Rule = "method"
	// RuleTrailingSlash reports a documented path with a slash too many. The service answers
	// it with a redirect (source: published).
	RuleTrailingSlash Rule = "trailing-slash"
	// RuleStatus reports a response status the contract does not have for the operation.
	RuleStatus Rule = "status"
)

// The rules about headers and parameters.
const (
	// RuleAuthentication reports that some or all of the three authentication headers are
	// missing, empty or repeated, also under two spellings of its name.
	RuleAuthentication Rule = "authentication"
	// RuleHeaderForm reports an authentication header of a form no signer produces. A signature
	// has 64 bytes (Ed25519), or at least the 256 of an RSA key of 2048 bits (source: published).
	RuleHeaderForm Rule = "header-form"
	// RuleContentType reports a missing or wrong media type of a body, or a charset other than
	// UTF-8.
	RuleContentType Rule = "content-type"
	// RuleContentEncoding reports a coding of a body that the contract does not have and this
	// package cannot undo.
	RuleContentEncoding Rule = "content-encoding"
	// RuleUnknownParameter reports a query parameter the contract does not have.
	RuleUnknownParameter Rule = "unknown-parameter"
	// RuleRepeatedParameter reports a query parameter that occurs more than once.
	RuleRepeatedParameter Rule = "repeated-parameter"
	// RuleQuery reports a query that is not a list of name=value pairs.
	RuleQuery Rule = "query"
)

// The rules about bodies as a whole.
const (
	// RuleBodyMissing reports an empty body where the contract has one.
	RuleBodyMissing Rule = "body-missing"
	// RuleBodyUnexpected reports a body where the contract has none.
	RuleBodyUnexpected Rule = "body-unexpected"
	// RuleTruncated reports a body that ended before its announced end, or a response that its
	// handler did not finish; see [Handler].
	RuleTruncated Rule = "truncated"
	// RuleSize reports a body too large to be checked; see [MaxBodyBytes].
	RuleSize Rule = "size"
	// RuleJSON reports a body that is not JSON in UTF-8.
	RuleJSON Rule = "json"
	// RuleOneValue reports bytes after the JSON value.
	RuleOneValue Rule = "one-value"
	// RuleDuplicateKey reports a member name that occurs twice in one object.
	RuleDuplicateKey Rule = "duplicate-key"
)

// The rules about JSON values, named after the schema keywords.
const (
	RuleType          Rule = "type"
	RuleNull          Rule = "null"
	RuleRequired      Rule = "required"
	RuleEnum          Rule = "enum"
	RulePattern       Rule = "pattern"
	RuleFormat        Rule = "format"
	RuleMinimum       Rule = "minimum"
	RuleMaximum       Rule = "maximum"
	RuleNot           Rule = "not"
	RuleOneOf         Rule = "one-of"
	RuleMinProperties Rule = "min-properties"
	// RuleUnknownProperty reports an object member the contract does not have. A schema by
	// itself would let it pass.
	RuleUnknownProperty Rule = "unknown-property"
)

// The rules that only descriptions of the contract state.
const (
	// RuleScopes reports a request for the scope write without read (source: published).
	RuleScopes Rule = "scopes"
	// RuleKeyForm reports a key that is not exactly one block in the documented PEM form, white
	// space around it apart, or not of the type that was asked for, which is rsa when none was
	// (source: published). Only the PEM armour of a private key is checked.
	RuleKeyForm Rule = "key-form"
)

// RuleCoverageFile reports that coverage cannot be written to the file of
// [CoverageFileVariable]. It is about the test run, not about an exchange.
const RuleCoverageFile Rule = "coverage-file"

// Violation is one way in which one exchange leaves the contract. None of its fields ever
// holds key material, a signature, or more of a value than a short word: values are described
// by kind and length. Every field is short, so that the text fits one screen.
type Violation struct {
	// Operation is the operation ID, empty when the request matches no operation.
	Operation string `json:"operation,omitempty"`
	// Direction says whether the request or the response is wrong.
	Direction Direction `json:"direction"`
	// Method of the request.
	Method string `json:"method"`
	// Path of the request, without the query.
	Path string `json:"path"`
	// Status of the response, 0 in a violation of a request and where a handler has left without
	// a response.
	Status int `json:"status,omitempty"`
	// Where is the place: "status", "path", "method", "header NAME", "query NAME",
	// "path NAME", or "body" with a JSON pointer into it, such as "body /api_keys/0/name".
	Where string `json:"where"`
	// Rule is what is broken.
	Rule Rule `json:"rule"`
	// Expected is what the contract wants there.
	Expected string `json:"expected"`
	// Got describes what was sent or answered instead.
	Got string `json:"got"`
	// Caller is the file and line of the call that sent the request. It is empty in the
	// violations of [Handler], which runs on a goroutine of the server.
	Caller string `json:"caller,omitempty"`
	// Allowed marks a deviation that an option lets pass; see [Allow].
	Allowed bool `json:"allowed,omitempty"`
}

// String returns the violation as text of at most four lines.
func (v Violation) String() string {
	var text strings.Builder
	operation := v.Operation
	if operation == "" {
		operation = "no operation"
	}
	fmt.Fprintf(&text, "contract: %s, %s: %s: rule %s\n", operation, v.Direction, v.Where, v.Rule)
	fmt.Fprintf(&text, "  expected %s; got %s\n", v.Expected, v.Got)
	fmt.Fprintf(&text, "  in %s %s", v.Method, v.Path)
	if v.Status != 0 {
		fmt.Fprintf(&text, ", answered %d %s", v.Status, http.StatusText(v.Status))
	}
	if v.Caller != "" {
		fmt.Fprintf(&text, "\n  called at %s", v.Caller)
	}
	return text.String()
}
