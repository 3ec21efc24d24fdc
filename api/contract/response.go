package contract

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// checkResponse reports what of a response does not fit op. A key in it must be of the type that
// was asked for, if that is not empty.
func (f *findings) checkResponse(op *operation, asked string, status int, header http.Header, body captured, limit int64) {
	documented, ok := op.responses[status]
	if !ok {
		f.add(root("status"), RuleStatus, "one of "+op.statusList(), strconv.Itoa(status))
		return
	}
	if documented.schema == nil {
		f.checkNoBody(body.data)
		f.checkNoLength(header, body)
		return
	}
	data, ok := f.decoded(header, body, limit)
	if !ok {
		return
	}
	if parsed := f.checkBody(documented.schema, header, data); parsed != nil {
		f.checkWords(documented.schema, parsed, asked)
	}
}

// checkNoLength catches a body that net/http has already hidden from its caller: it reads none
// after 204, so only the header tells.
func (f *findings) checkNoLength(header http.Header, body captured) {
	length := header.Get("Content-Length")
	if len(body.data) == 0 && length != "" && length != "0" {
		f.add(root("header Content-Length"), RuleBodyUnexpected, "no body", "the length of one")
	}
}

func (o *operation) statusList() string {
	var all []string
	for _, status := range o.statuses() {
		all = append(all, fmt.Sprint(status))
	}
	return strings.Join(all, ", ")
}
