package drift_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"kalshi.internal/apikeys/api/drift"
)

func TestTheWorstChangeIsNamed(t *testing.T) {
	for name, row := range map[string]struct {
		edits []edit
		want  drift.Kind
	}{
		"nothing changed":      {nil, ""},
		"words changed":        {[]edit{set(key+"title", "Key")}, drift.Text},
		"something was added":  {[]edit{set(key+"title", "Key"), set(get+"deprecated", true)}, drift.Additive},
		"something was broken": {[]edit{set(get+"deprecated", true), remove("paths>/api_keys/generate")}, drift.Breaking},
	} {
		t.Run(name, func(t *testing.T) {
			if got := compareWith(t, edited(t, row.edits...)).Worst(); got != row.want {
				t.Errorf("the worst change is %q, want %q", got, row.want)
			}
		})
	}
}

func TestTheSummaryCountsByKind(t *testing.T) {
	report := compareWith(t, edited(t, set(key+"title", "Key"), set(get+"deprecated", true), set(post+"deprecated", true), remove(remover+"responses>204"), remove("components>schemas>ApiKeyId>format")))
	if got, want := report.Summary(), (drift.Summary{Breaking: 1, Additive: 2, Known: 4, Text: 1}); got != want {
		t.Errorf("summary %+v, want %+v", got, want)
	}
}

func TestTheJSONHoldsEveryChange(t *testing.T) {
	report := compareWith(t, edited(t, set("info>title", "<b>"), set(key+"title", "Key"), remove(key+"properties>name")))
	var b bytes.Buffer
	if err := report.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var read struct {
		drift.Report
		Summary drift.Summary `json:"summary"`
	}
	if err := json.Unmarshal(b.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	if len(read.Changes) != 2 || read.Changes[0] != report.Changes[0] || read.Changes[1] != report.Changes[1] {
		t.Errorf("changes %+v, want %+v", read.Changes, report.Changes)
	}
	if read.Summary != report.Summary() || read.Contract != report.Contract || read.Revision.Title != "<b>" {
		t.Errorf("read %+v", read)
	}
}

func TestTheJSONOfNoChangeHasAnEmptyList(t *testing.T) {
	var b bytes.Buffer
	if err := new(drift.Report).WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), `"changes": []`) {
		t.Errorf("JSON %s", b.String())
	}
}

func TestTheTextTellsASharedChangeOnce(t *testing.T) {
	report := compareWith(t, edited(t, set("components>responses>InternalServerError>content>text/plain", object{})))
	var b bytes.Buffer
	if err := report.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(b.String(), "response 500 body"); got != 1 {
		t.Errorf("the change is told %d times:\n%s", got, b.String())
	}
	if !strings.Contains(b.String(), "[getApiKeys, createApiKey, generateApiKey, deleteApiKey]") {
		t.Errorf("text:\n%s", b.String())
	}
}

func TestTheTextDoesNotSteerTheTerminal(t *testing.T) {
	const escape = "\x1b[2J\u202e"
	report := compareWith(t, edited(t,
		set("info>title", escape), set(get+"operationId", escape), set(key+"properties>"+escape, object{"type": "string"}),
		set(key+"properties>name", object{"type": "string", "enum": []any{escape}}), set("servers>0>url", "https://a/"+escape),
		set("paths>/api_keys/"+escape, object{"get": object{"responses": object{"200": object{"description": "d"}}}})))
	var b bytes.Buffer
	if err := report.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\x1b\u202e") {
		t.Errorf("text: %q", b.String())
	}
}

func TestAFailingWriterIsReported(t *testing.T) {
	full := errors.New("the disk is full")
	report := compareWith(t, contract(t))
	if err := report.WriteText(failingWriter{full}); !errors.Is(err, full) {
		t.Errorf("text: %v", err)
	}
	if err := report.WriteJSON(failingWriter{full}); !errors.Is(err, full) {
		t.Errorf("JSON: %v", err)
	}
}

type failingWriter struct{ err error }

func (f failingWriter) Write([]byte) (int, error) { return 0, f.err }
