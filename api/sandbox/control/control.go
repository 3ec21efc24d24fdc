package control

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/api/sandbox/explain"
	"kalshi.internal/apikeys/gen/spec"
)

// Path is where [Handler] serves, beside the sandbox.
const Path = "/_sandbox/"

// maxBody is the longest request body that is read, in bytes. Our own choice.
const maxBody = 1 << 20

// Handler serves [Path], and hands all other requests to the sandbox, which needs
// [sandbox.WithContractCheck] for the page to show what leaves the contract. Only requests that
// come from loopback, for a loopback host, and not from a page of another origin are answered.
// Others may come from other machines if they ask for one of these hosts, names or addresses
// without a port: everybody who can reach the sandbox by one can then change its faults and keys.
func Handler(box *sandbox.Sandbox, hosts ...string) http.Handler {
	surface := guard(routes(box), hosts)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, Path) {
			surface.ServeHTTP(w, r)
			return
		}
		box.ServeHTTP(w, r)
	})
}

// surface is what is below [Path].
type surface struct{ box *sandbox.Sandbox }

func routes(box *sandbox.Sandbox) http.Handler {
	s, mux := surface{box}, http.NewServeMux()
	mux.HandleFunc("GET "+Path+"{$}", getPage)
	mux.HandleFunc("GET "+Path+"page/{file}", getPageFile)
	mux.HandleFunc("GET "+Path+"contract", getContract)
	mux.HandleFunc("GET "+Path+"faults", s.getFaults)
	mux.HandleFunc("POST "+Path+"faults", s.postFaults)
	mux.HandleFunc("DELETE "+Path+"faults", s.deleteFaults)
	mux.HandleFunc("GET "+Path+"keys", s.getKeys)
	mux.HandleFunc("POST "+Path+"keys", s.postKey)
	mux.HandleFunc("GET "+Path+"exchanges", s.getExchanges)
	mux.HandleFunc("POST "+Path+"reset", s.postReset)
	return mux
}

// faultJSON is a fault as JSON, with the duration as Go writes it.
type faultJSON struct {
	sandbox.Fault
	Duration string `json:"duration,omitempty"`
}

type faultsJSON struct {
	Faults []faultJSON `json:"faults"`
}

func (s surface) getFaults(w http.ResponseWriter, _ *http.Request) {
	list := faultsJSON{Faults: []faultJSON{}}
	for _, fault := range s.box.Faults() {
		text := ""
		if fault.Duration != 0 {
			text = fault.Duration.String()
		}
		list.Faults = append(list.Faults, faultJSON{fault, text})
	}
	answer(w, http.StatusOK, list)
}

func (s surface) postFaults(w http.ResponseWriter, r *http.Request) {
	var asked faultsJSON
	if err := decode(w, r, &asked); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	var faults []sandbox.Fault
	for _, each := range asked.Faults {
		if each.Duration != "" {
			duration, err := time.ParseDuration(each.Duration)
			if err != nil {
				refuse(w, http.StatusBadRequest, "duration is a text such as 250ms, 2s or -1h")
				return
			}
			each.Fault.Duration = duration
		}
		faults = append(faults, each.Fault)
	}
	if err := s.box.SetFaults(faults...); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	s.getFaults(w, r)
}

func (s surface) deleteFaults(w http.ResponseWriter, _ *http.Request) {
	s.box.ClearFaults()
	w.WriteHeader(http.StatusNoContent)
}

func (s surface) postReset(w http.ResponseWriter, _ *http.Request) {
	s.box.Reset()
	w.WriteHeader(http.StatusNoContent)
}

func (s surface) getKeys(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{"keys": s.box.Keys()})
}

// newKeyJSON asks for a key. It carries a public key, because no private one is ever shown here.
type newKeyJSON struct {
	PublicKey  string    `json:"public_key"`
	Account    string    `json:"account"`
	Name       string    `json:"name"`
	Scopes     *[]string `json:"scopes"`
	Subaccount *int      `json:"subaccount"`
	Subtrader  *string   `json:"fcm_subtrader_id"`
}

func (n newKeyJSON) options() []sandbox.KeyOption {
	opts := []sandbox.KeyOption{
		sandbox.FromPublicKey(n.PublicKey),
		sandbox.InAccount(cmp.Or(n.Account, sandbox.DefaultAccount)),
		sandbox.Named(cmp.Or(n.Name, "bootstrap")),
	}
	if n.Scopes != nil {
		opts = append(opts, sandbox.Scoped(*n.Scopes...))
	}
	if n.Subaccount != nil {
		opts = append(opts, sandbox.InSubaccount(*n.Subaccount))
	}
	if n.Subtrader != nil {
		opts = append(opts, sandbox.ForSubtrader(*n.Subtrader))
	}
	return opts
}

func (s surface) postKey(w http.ResponseWriter, r *http.Request) {
	var asked newKeyJSON
	if err := decode(w, r, &asked); err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	made, err := s.box.Bootstrap(asked.options()...)
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	for _, key := range s.box.Keys() {
		if key.ID == made.ID {
			answer(w, http.StatusCreated, key)
		}
	}
}

func (s surface) getExchanges(w http.ResponseWriter, _ *http.Request) {
	choices, shown := s.box.Choices(), []inspection{}
	for _, exchange := range s.box.Exchanges() {
		shown = append(shown, inspect(exchange, explain.Window{Behind: choices.Behind, Ahead: choices.Ahead}))
	}
	answer(w, http.StatusOK, map[string]any{"exchanges": shown})
}

// getContract serves the contract as it is embedded, for the page to show.
func getContract(w http.ResponseWriter, _ *http.Request) {
	document, err := spec.GetSpecJSON()
	if err != nil {
		refuse(w, http.StatusInternalServerError, "the embedded contract cannot be read")
		return
	}
	answer(w, http.StatusOK, json.RawMessage(document))
}

// decode reads one JSON value of known properties.
func decode(w http.ResponseWriter, r *http.Request, into any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return errors.New("the body must be JSON, with Content-Type: application/json")
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the body is more than one JSON value")
	}
	return nil
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, status int, message string) {
	answer(w, status, map[string]string{"msg": message})
}
