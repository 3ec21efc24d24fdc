package sandbox

import (
	"cmp"
	"net/http"
)

// keyJSON is a key as the control surface shows it: without key material.
type keyJSON struct {
	ID           string   `json:"api_key_id"`
	Account      string   `json:"account"`
	Name         string   `json:"name"`
	Type         KeyType  `json:"key_type"`
	Scopes       []string `json:"scopes"`
	Subaccount   *int     `json:"subaccount,omitempty"`
	Subtrader    *string  `json:"fcm_subtrader_id,omitempty"`
	Bootstrapped bool     `json:"bootstrapped"`
	Deleted      bool     `json:"deleted"`
}

func (k key) asJSON() keyJSON {
	return keyJSON{k.id, k.account, k.name, k.keyType, k.scopes, k.subaccount, k.subtrader, k.bootstrapped, !k.deleted.IsZero()}
}

func (s *Sandbox) getKeys(w http.ResponseWriter, _ *http.Request) {
	keys := []keyJSON{}
	for _, k := range s.keys.all() {
		keys = append(keys, k.asJSON())
	}
	controlAnswer(w, http.StatusOK, struct {
		Keys []keyJSON `json:"keys"`
	}{keys})
}

// newKeyJSON asks for a key. It carries a public key, because the control surface shows no
// private ones.
type newKeyJSON struct {
	PublicKey  string    `json:"public_key"`
	Account    string    `json:"account"`
	Name       string    `json:"name"`
	Scopes     *[]string `json:"scopes"`
	Subaccount *int      `json:"subaccount"`
	Subtrader  *string   `json:"fcm_subtrader_id"`
}

func (n newKeyJSON) options() []KeyOption {
	opts := []KeyOption{
		FromPublicKey(n.PublicKey),
		InAccount(cmp.Or(n.Account, DefaultAccount)),
		Named(cmp.Or(n.Name, "bootstrap")),
	}
	if n.Scopes != nil {
		opts = append(opts, Scoped(*n.Scopes...))
	}
	if n.Subaccount != nil {
		opts = append(opts, InSubaccount(*n.Subaccount))
	}
	if n.Subtrader != nil {
		opts = append(opts, ForSubtrader(*n.Subtrader))
	}
	return opts
}

func (s *Sandbox) postKey(w http.ResponseWriter, r *http.Request) {
	var asked newKeyJSON
	if err := decodeStrictly(w, r, &asked); err != nil {
		controlError(w, http.StatusBadRequest, err.Error())
		return
	}
	made, err := s.Bootstrap(asked.options()...)
	if err != nil {
		controlError(w, http.StatusBadRequest, err.Error())
		return
	}
	found, _ := s.keys.find(made.ID)
	controlAnswer(w, http.StatusCreated, found.asJSON())
}
