package keystore

import (
	"fmt"
	"net/url"
	"strings"
)

// NormalizeBaseURL returns baseURL in the one form that the store compares: without white space
// around it or slashes at its end, scheme and host in lower case. It returns [ErrInvalid] for
// anything but an absolute http or https URL without user, query and fragment.
func NormalizeBaseURL(baseURL string) (string, error) {
	given := strings.TrimRight(strings.TrimSpace(baseURL), "/")
	u, err := url.Parse(given)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil {
		return "", errBaseURL()
	}
	u.Host = strings.ToLower(u.Host)
	// Parsing lets characters pass that are written otherwise, and then mean something else.
	normal := u.Scheme + "://" + u.Host + u.EscapedPath()
	if !strings.EqualFold(normal, given) {
		return "", errBaseURL()
	}
	return normal, nil
}

func errBaseURL() error {
	return fmt.Errorf("%w: the base URL must look like https://host/path", ErrInvalid)
}
