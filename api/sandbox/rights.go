package sandbox

import "slices"

// authorize checks that the caller's key may perform the operation.
func (s *Sandbox) authorize(call *call) *refusal {
	scope := s.settings.manageScope
	if call.log.Operation == OperationGetAPIKeys {
		scope = s.settings.listScope
	}
	if scope != "" && !slices.Contains(call.key.scopes, scope) {
		return &refusal{reason: RefusedScope}
	}
	if call.key.restricted() && call.log.Operation != OperationGetAPIKeys && !s.settings.restrictedMay {
		return &refusal{reason: RefusedRestrictedKey}
	}
	return nil
}

// authorizeGrant checks that the caller's account may hand out what is asked for.
func (s *Sandbox) authorizeGrant(call *call, asked grant) *refusal {
	if ref := s.authorize(call); ref != nil {
		return ref
	}
	account := s.settings.accounts[call.key.account]
	if call.log.Operation == OperationCreateAPIKey && !account.mayCreate() {
		return &refusal{reason: RefusedUsageLevel}
	}
	if asked.subtrader == nil {
		return nil
	}
	if !account.FCMMember {
		return &refusal{reason: RefusedFCMMember}
	}
	if visible, hidden := account.HiddenSubtraders[*asked.subtrader]; hidden && s.now().Before(visible) {
		return &refusal{reason: RefusedHiddenSubtrader}
	}
	return nil
}
