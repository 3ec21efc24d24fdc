package lifecycle_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"kalshi.internal/apikeys/wrapper"
	"kalshi.internal/apikeys/wrapper/lifecycle"
)

// Users of another client recorded null for empty lists. Whatever is revoked because of what a list
// does not show must not be revoked because of null.
func TestNullInAListDecidesNothing(t *testing.T) {
	nullList := func(req *http.Request, body map[string]any) {
		if req.Method == http.MethodGet {
			body["api_keys"] = nil
		}
	}
	nullScopes := func(req *http.Request, body map[string]any) {
		eachListed(req, body, func(key map[string]any) { key["scopes"] = nil })
	}
	ctx := t.Context()
	rotate := func(m *lifecycle.Manager) error {
		_, err := m.Rotate(ctx, lifecycle.RotateRequest{Grace: lifecycle.NoGrace})
		return err
	}
	audit := func(m *lifecycle.Manager) error {
		_, err := m.Audit(ctx)
		return err
	}
	for name, row := range map[string]struct {
		change alter
		do     func(*lifecycle.Manager) error
		want   string
	}{
		"a rotation that sees no list":   {nullList, rotate, "api_keys is null"},
		"a rotation that sees no scopes": {nullScopes, rotate, "api_keys[0].scopes is null"},
		"an audit that sees no list":     {nullList, audit, "api_keys is null"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			err := row.do(w.altered(row.change))
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("%v does not say %q", err, row.want)
			}
			if !errors.Is(err, wrapper.ErrUnexpectedResponse) {
				t.Errorf("%v is no unexpected response", err)
			}
			if live := w.liveKeys(); len(live) != 1 || w.current().KeyID != w.first.ID {
				t.Errorf("live: %+v, current: %s", live, w.current().KeyID)
			}
		})
	}
}
