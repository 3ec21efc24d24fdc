package contract

import (
	"net/http"

	"kalshi.internal/apikeys/wrapper/protocol"
)

// exchange is one request and its response on their way through the checks.
type exchange struct {
	settings  *settings
	reporter  Reporter
	operation *Operation // nil when the request matches none
	method    string
	path      string
	caller    func() string
	// type of the key that the request asks for, empty when it asks for none
	keyType string
}

// begin checks a request and reports what is wrong with it.
func begin(s *settings, reporter Reporter, r *http.Request, body captured, caller func() string) *exchange {
	e := &exchange{
		settings: s, reporter: reporter, method: protocol.Method(r), path: protocol.Path(r.URL), caller: caller,
	}
	var found violations
	op, values, problem := embedded().match(s.basePath, e.method, e.path)
	if problem != nil {
		found = append(found, *problem)
	} else {
		e.operation = op
		e.keyType = askedKeyType(op.Request, found.checkRequest(op, values, r, body))
	}
	e.report(Request, 0, found)
	return e
}

// end checks the response and reports what is wrong with it. The response to a request that
// matches no operation cannot be judged: the request has been reported.
func (e *exchange) end(status int, header http.Header, body captured) {
	if e.operation == nil {
		return
	}
	var found violations
	found.checkResponse(e.operation, e.keyType, status, header, body)
	fits := e.report(Response, status, found)
	e.record(status, fits)
}

// report completes what was found, hands it to the reporter, and returns whether all of it is
// allowed.
func (e *exchange) report(direction Direction, status int, found violations) (fits bool) {
	fits = true
	for _, v := range found {
		if e.operation != nil {
			v.Operation = e.operation.ID
		}
		v.Direction, v.Method, v.Path, v.Status, v.Caller = direction, describeMethod(e.method), safePath(e.path), status, e.caller()
		v.Where, v.Expected, v.Got = shorten(v.Where, maxWhere), shorten(v.Expected, maxExpected), shorten(v.Got, maxGot)
		for _, allowed := range e.settings.allow {
			v.Allowed = v.Allowed || allowed(v)
		}
		fits = fits && v.Allowed
		e.reporter.Report(v)
	}
	return fits
}
