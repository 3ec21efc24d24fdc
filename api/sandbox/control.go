package sandbox

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"
)

// ControlPath is where [WithControl] serves.
const ControlPath = "/_sandbox/"

func (s *Sandbox) controlRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+ControlPath+"{$}", s.getPage)
	mux.HandleFunc("GET "+ControlPath+"inspector/{file}", s.getPageFile)
	mux.HandleFunc("GET "+ControlPath+"events", s.getEvents)
	mux.HandleFunc("GET "+ControlPath+"contract", s.getContract)
	mux.HandleFunc("GET "+ControlPath+"faults", s.getFaults)
	mux.HandleFunc("POST "+ControlPath+"faults", s.postFaults)
	mux.HandleFunc("DELETE "+ControlPath+"faults", s.deleteFaults)
	mux.HandleFunc("GET "+ControlPath+"keys", s.getKeys)
	mux.HandleFunc("POST "+ControlPath+"keys", s.postKey)
	mux.HandleFunc("GET "+ControlPath+"exchanges", s.getExchanges)
	mux.HandleFunc("POST "+ControlPath+"reset", s.postReset)
	return mux
}

// faultJSON is a Fault as JSON, with the duration as Go writes it.
type faultJSON struct {
	Operation string            `json:"operation,omitempty"`
	Point     FaultPoint        `json:"point,omitempty"`
	Kind      FaultKind         `json:"kind"`
	Times     int               `json:"times,omitempty"`
	Duration  string            `json:"duration,omitempty"`
	Status    int               `json:"status,omitempty"`
	Header    map[string]string `json:"header,omitempty"`
	Body      string            `json:"body,omitempty"`
	Field     string            `json:"field,omitempty"`
}

type faultsJSON struct {
	Faults []faultJSON `json:"faults"`
}

func (f faultJSON) fault() (Fault, error) {
	fault := Fault{Operation: f.Operation, Point: f.Point, Kind: f.Kind, Times: f.Times,
		Status: f.Status, Header: f.Header, Body: f.Body, Field: f.Field}
	if f.Duration == "" {
		return fault, nil
	}
	duration, err := time.ParseDuration(f.Duration)
	if err != nil {
		return Fault{}, errors.New("duration is a text such as 250ms, 2s or -1h")
	}
	fault.Duration = duration
	return fault, nil
}

func asJSON(faults []Fault) faultsJSON {
	list := faultsJSON{Faults: []faultJSON{}}
	for _, f := range faults {
		text := ""
		if f.Duration != 0 {
			text = f.Duration.String()
		}
		list.Faults = append(list.Faults, faultJSON{Operation: f.Operation, Point: f.Point, Kind: f.Kind, Times: f.Times,
			Duration: text, Status: f.Status, Header: f.Header, Body: f.Body, Field: f.Field})
	}
	return list
}

func (s *Sandbox) getFaults(w http.ResponseWriter, _ *http.Request) {
	controlAnswer(w, http.StatusOK, asJSON(s.Faults()))
}

func (s *Sandbox) postFaults(w http.ResponseWriter, r *http.Request) {
	var asked faultsJSON
	if err := decodeStrictly(w, r, &asked); err != nil {
		controlError(w, http.StatusBadRequest, err.Error())
		return
	}
	var faults []Fault
	for _, text := range asked.Faults {
		fault, err := text.fault()
		if err != nil {
			controlError(w, http.StatusBadRequest, err.Error())
			return
		}
		faults = append(faults, fault)
	}
	if err := s.SetFaults(faults...); err != nil {
		controlError(w, http.StatusBadRequest, err.Error())
		return
	}
	s.getFaults(w, r)
}

func (s *Sandbox) deleteFaults(w http.ResponseWriter, _ *http.Request) {
	s.ClearFaults()
	w.WriteHeader(http.StatusNoContent)
}

func (s *Sandbox) postReset(w http.ResponseWriter, _ *http.Request) {
	s.Reset()
	w.WriteHeader(http.StatusNoContent)
}

func (s *Sandbox) getExchanges(w http.ResponseWriter, _ *http.Request) {
	controlAnswer(w, http.StatusOK, struct {
		Exchanges []Exchange `json:"exchanges"`
	}{s.Exchanges()})
}

// decodeStrictly reads one JSON value of known properties.
func decodeStrictly(w http.ResponseWriter, r *http.Request, into any) error {
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

func controlAnswer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func controlError(w http.ResponseWriter, status int, message string) {
	controlAnswer(w, status, struct {
		Message string `json:"msg"`
	}{message})
}
