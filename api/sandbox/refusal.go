package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
)

// Refusal is a reason for which the sandbox turns a request down. It appears in [Exchange] and
// names the answer that [Choices].Answers replaces.
type Refusal string

// The reasons. The answers to those marked "recorded" have the bodies that the service was
// seen to send; all other bodies are our own choice, in the forms that were recorded elsewhere.
const (
	// RefusedNoCredentials is a request with none of the three headers: 401, recorded.
	RefusedNoCredentials Refusal = "no_credentials"
	// RefusedNoSignature is a request without the signature header: 401, recorded.
	RefusedNoSignature Refusal = "no_signature"
	// RefusedNoKeyID is a request without the key ID header alone: 401.
	RefusedNoKeyID Refusal = "no_key_id"
	// RefusedNoTimestamp is a request without the timestamp header alone: 401.
	RefusedNoTimestamp Refusal = "no_timestamp"
	// RefusedMalformedTimestamp is a timestamp that is not a decimal number: 401, answered as one
	// outside the window.
	RefusedMalformedTimestamp Refusal = "malformed_timestamp"
	// RefusedTimestamp is a timestamp outside the window: 401, recorded.
	RefusedTimestamp Refusal = "timestamp_expired"
	// RefusedMalformedKeyID is a key ID that is not a UUID: 401, recorded.
	RefusedMalformedKeyID Refusal = "malformed_key_id"
	// RefusedUnknownKey is a key ID that no live key has: 401, recorded.
	RefusedUnknownKey Refusal = "unknown_key"
	// RefusedSignature is a signature that does not match: 401, recorded.
	RefusedSignature Refusal = "wrong_signature"
	// RefusedReplay is a signed text that was seen before, with Choices.RefuseReplay: 401,
	// answered as a wrong signature.
	RefusedReplay Refusal = "replay"
	// RefusedRate is a request above the rate limit: 429, published.
	RefusedRate Refusal = "rate_limited"
	// RefusedContentType is a POST without a body or with another content type than JSON: 400,
	// recorded.
	RefusedContentType Refusal = "content_type"
	// RefusedInput is a request that breaks a rule of the contract or a limit: 400 with details
	// that name the field, in the form recorded for a wrong JSON type.
	RefusedInput Refusal = "invalid_input"
	// RefusedScope is a key without the scope that the operation needs: 403, and 401 from the
	// operations that document no 403.
	RefusedScope Refusal = "insufficient_scope"
	// RefusedRestrictedKey is a restricted key that would manage keys: 403, and 401 from the
	// operations that document no 403.
	RefusedRestrictedKey Refusal = "restricted_key"
	// RefusedSelfDeletion is a key that would delete itself, with Choices.RefuseSelfDeletion: 401,
	// since deleteApiKey documents no 403.
	RefusedSelfDeletion Refusal = "self_deletion"
	// RefusedUsageLevel is createApiKey from an account below Premier: 403.
	RefusedUsageLevel Refusal = "usage_level"
	// RefusedFCMMember is a subtrader binding from an account that is not an FCM member: 403.
	RefusedFCMMember Refusal = "fcm_member"
	// RefusedHiddenSubtrader is a binding to a subtrader that is not visible yet: 409.
	RefusedHiddenSubtrader Refusal = "hidden_subtrader"
	// RefusedNotFound is the deletion of a key that the account does not have: 404, in the form
	// recorded on another endpoint.
	RefusedNotFound Refusal = "not_found"
	// RefusedInternal is a failure of the sandbox itself, such as of its source of keys: 500.
	RefusedInternal Refusal = "internal"
	// RefusedNoOperation is a method and path that the contract does not have, and no fallback serves: 404
	// as plain text (source: observed). The signature of a request for another path below the base path is
	// checked first, and the explanation says that it is right.
	RefusedNoOperation Refusal = "no_operation"
)

// Answer is a status and a JSON body.
type Answer struct {
	Status int
	Body   string
}

func defaultAnswers() map[Refusal]Answer {
	expired := nested(http.StatusUnauthorized, "header_timestamp_expired", "header timestamp expired")
	noToken := nested(http.StatusUnauthorized, "token_authentication_failure", "token authentication failure")
	mismatch := unauthenticated("We could not authenticate your request", "INCORRECT_API_KEY_SIGNATURE")
	return map[Refusal]Answer{
		RefusedNoCredentials:      noToken,
		RefusedNoKeyID:            noToken,
		RefusedNoTimestamp:        noToken,
		RefusedNoSignature:        nested(http.StatusUnauthorized, "signature_is_missing_from_headers", "signature is missing from headers"),
		RefusedMalformedTimestamp: expired,
		RefusedTimestamp:          expired,
		RefusedMalformedKeyID:     unauthenticated("We could not authenticate your request", "INVALID_PARAMETER"),
		RefusedUnknownKey:         unauthenticated("authentication_error", "NOT_FOUND"),
		RefusedSignature:          mismatch,
		RefusedReplay:             mismatch,
		RefusedRate:               {http.StatusTooManyRequests, `{"error":"too many requests"}`},
		RefusedContentType:        {http.StatusBadRequest, `{"code":"invalid_content_type","message":"invalid_content_type"}`},
		RefusedScope:              nested(http.StatusForbidden, "forbidden", "the API key lacks the scope"),
		RefusedRestrictedKey:      nested(http.StatusForbidden, "forbidden", "a restricted API key may not manage API keys"),
		RefusedSelfDeletion:       nested(http.StatusForbidden, "forbidden", "an API key may not delete itself"),
		RefusedUsageLevel:         nested(http.StatusForbidden, "forbidden", "insufficient API usage level"),
		RefusedFCMMember:          nested(http.StatusForbidden, "forbidden", "fcm_subtrader_id is for FCM members"),
		RefusedHiddenSubtrader:    nested(http.StatusConflict, "conflict", "subtrader not yet visible, retry later"),
		RefusedNotFound:           nested(http.StatusNotFound, "not_found", "not found"),
		RefusedInternal:           nested(http.StatusInternalServerError, "internal_server_error", "internal server error"),
	}
}

func nested(status int, code, message string) Answer {
	return Answer{status, `{"error":{"code":"` + code + `","message":"` + message + `"}}`}
}

func unauthenticated(message, details string) Answer {
	return Answer{http.StatusUnauthorized,
		`{"error":{"code":"authentication_error","message":"` + message + `","details":"` + details + `"}}`}
}

// refusedError is a refusal on its way to the answer. Details may name what the caller sent, and
// never hold key material.
type refusedError struct {
	reason  Refusal
	details string
}

func (e *refusedError) Error() string { return cmp.Or(e.details, string(e.reason)) }

func refused(reason Refusal) error { return &refusedError{reason: reason} }

func invalid(details string) error { return &refusedError{RefusedInput, details} }

// refuse writes the answer to a refusal and notes the reason in the exchange.
func (s *Sandbox) refuse(w http.ResponseWriter, r *http.Request, reason Refusal, details string) {
	call := callOf(r)
	call.log.Refusal = reason
	answer := s.answerTo(reason, details, call.endpoint)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(answer.Status)
	_, _ = w.Write([]byte(answer.Body))
}

// refuseError answers for an operation that returned an error: a refusal, or a failure whose
// text is not for the caller.
func (s *Sandbox) refuseError(w http.ResponseWriter, r *http.Request, err error) {
	if refusal, ok := errors.AsType[*refusedError](err); ok {
		s.refuse(w, r, refusal.reason, refusal.details)
		return
	}
	s.refuse(w, r, RefusedInternal, "")
}

func (s *Sandbox) answerTo(reason Refusal, details string, endpoint *endpoint) Answer {
	if answer, replaced := s.choices.Answers[reason]; replaced {
		return answer
	}
	if reason == RefusedInput {
		return badRequest(details)
	}
	answer := defaultAnswers()[reason]
	if answer.Status == http.StatusForbidden && endpoint != nil && !endpoint.hasForbidden {
		answer.Status = http.StatusUnauthorized
	}
	return answer
}

func badRequest(details string) Answer {
	// A struct of strings always encodes.
	body, _ := json.Marshal(struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Details string `json:"details"`
	}{"bad_request", "bad request", details})
	return Answer{http.StatusBadRequest, string(body)}
}
