package sandbox

import (
	"net/http"
	"slices"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// authorize checks that the caller's key may perform the operation.
func (s *Sandbox) authorize(call *call) error {
	isRead := call.endpoint.method == http.MethodGet
	scope := s.choices.ManageScope
	if isRead {
		scope = s.choices.ListScope
	}
	if scope != NoScope && !slices.Contains(call.key.Scopes, scope) {
		return refused(RefusedScope)
	}
	if call.key.restricted() && !isRead && !s.choices.RestrictedManagement {
		return refused(RefusedRestrictedKey)
	}
	return nil
}

// authorizeGrant checks that the caller's account may hand out what is asked for.
func (s *Sandbox) authorizeGrant(call *call, asked grant) error {
	if err := s.authorize(call); err != nil {
		return err
	}
	account := s.choices.Accounts[call.key.Account]
	if call.endpoint.operation == protocol.CreateAPIKey && !account.mayCreate() {
		return refused(RefusedUsageLevel)
	}
	if asked.subtrader == nil {
		return nil
	}
	if !account.FCMMember {
		return refused(RefusedFCMMember)
	}
	if visible, hidden := account.HiddenSubtraders[*asked.subtrader]; hidden && s.now().Before(visible) {
		return refused(RefusedHiddenSubtrader)
	}
	return nil
}
