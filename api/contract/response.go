package contract

import (
	"errors"
	"net/http"
	"strconv"
)

// checkResponse reports what of a response does not fit op. A key in it must be of the type that
// was asked for, if that is not empty. The status is 0 when there was no response.
func (f *findings) checkResponse(op *Operation, asked string, status int, header http.Header, body captured) {
	documented, ok := op.Responses[status]
	if status == 0 {
		f.add("status", RuleTruncated, "one of "+op.statusList(), "none, because the handler did not finish")
		return
	}
	if !ok {
		f.add("status", RuleStatus, "one of "+op.statusList(), strconv.Itoa(status))
		// That a handler stops half way is its own fault, also where its status is allowed.
		if errors.Is(body.err, errUnfinished) {
			f.truncated(body)
		}
		return
	}
	if documented == nil {
		if body.err != nil {
			f.truncated(body)
		}
		f.checkNoBody(body.data)
		f.checkNoLength(header, body)
		return
	}
	data, ok := f.decoded(header, body)
	if !ok {
		return
	}
	f.checkWords(documented, f.checkBody(documented, header, data), asked)
}

// checkNoLength catches a body that net/http has already hidden from its caller: it reads none
// after 204, so only the header tells.
func (f *findings) checkNoLength(header http.Header, body captured) {
	length := header.Get("Content-Length")
	if len(body.data) == 0 && length != "" && length != "0" {
		f.add("header Content-Length", RuleBodyUnexpected, "no body", "the length of one")
	}
}

func (o *Operation) statusList() string { return joined(o.Statuses(), strconv.Itoa) }
