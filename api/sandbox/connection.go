package sandbox

import (
	"net"
	"net/http"
)

// resetConnection ends the connection with a TCP reset.
func resetConnection(w http.ResponseWriter) {
	connection := hijack(w)
	if wrapped, isTLS := connection.(interface{ NetConn() net.Conn }); isTLS {
		connection = wrapped.NetConn()
	}
	if tcp, isTCP := connection.(*net.TCPConn); isTCP {
		// Without time to linger, the system resets the connection instead of finishing it.
		_ = tcp.SetLinger(0)
	}
	_ = connection.Close()
}

// dropConnection closes the connection in good order, without an answer.
func dropConnection(w http.ResponseWriter) {
	_ = hijack(w).Close()
}

// hijack takes the connection from net/http. Where it cannot be had, as in HTTP/2, it aborts
// the answer, which is as near as one can get.
func hijack(w http.ResponseWriter) net.Conn {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	return connection
}
