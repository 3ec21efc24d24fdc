package contract

import (
	"errors"
	"net/http"
	"strconv"
)

// checkResponse reports what of a response does not fit op. A key in it must be of the type that
// was asked for, if that is not empty. The status is 0 when there was no response.
func (found *violations) checkResponse(op *Operation, asked string, status int, header http.Header, body captured) {
	documented, ok := op.Responses[status]
	if status == 0 {
		found.add("status", RuleTruncated, "one of "+op.statusList(), "none, because the handler did not finish")
		return
	}
	if !ok {
		found.add("status", RuleStatus, "one of "+op.statusList(), strconv.Itoa(status))
		// That a handler stops half way is its own fault, also where its status is allowed.
		if errors.Is(body.err, errUnfinished) {
			found.truncated(body)
		}
		return
	}
	if documented == nil {
		if body.err != nil {
			found.truncated(body)
		}
		found.checkNoBody(body.data)
		found.checkNoLength(header, body)
		return
	}
	data, ok := found.decoded(header, body)
	if !ok {
		return
	}
	found.checkDescribed(documented, found.checkBody(documented, header, data), asked)
}

// checkNoLength catches a body that net/http has already hidden from its caller: it reads none
// after 204, so only the header tells.
func (found *violations) checkNoLength(header http.Header, body captured) {
	length := header.Get("Content-Length")
	if len(body.data) == 0 && length != "" && length != "0" {
		found.add("header Content-Length", RuleBodyUnexpected, "no body", "the length of one")
	}
}

func (o *Operation) statusList() string { return joined(o.Statuses(), strconv.Itoa) }
