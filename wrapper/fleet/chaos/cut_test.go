package chaos_test

import (
	"net"
	"sync"
	"testing"
)

// way is a direction of a program's traffic.
type way int

const (
	upstream way = iota + 1
	downstream
)

// cutter stands between a program and a server, loses what goes one way, and then ends all connections at
// once. Toxiproxy may hold on to a connection for seconds when its toxics end.
type cutter struct {
	listener net.Listener
	server   string

	mu          sync.Mutex
	lost        way
	connections []net.Conn
}

func newCutter(t *testing.T, serverPort string) *cutter {
	t.Helper()
	c := &cutter{listener: must(net.Listen("tcp", "127.0.0.1:0")), server: "127.0.0.1:" + serverPort}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			client, err := c.listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", c.server)
			if err != nil {
				_ = client.Close()
				continue
			}
			c.mu.Lock()
			c.connections = append(c.connections, client, server)
			c.mu.Unlock()
			serving.Go(func() { c.pass(server, client, upstream) })
			serving.Go(func() { c.pass(client, server, downstream) })
		}
	})
	t.Cleanup(func() {
		_ = c.listener.Close()
		c.heal()
		serving.Wait()
	})
	return c
}

func (c *cutter) port() string {
	_, port, _ := net.SplitHostPort(c.listener.Addr().String())
	return port
}

func (c *cutter) pass(to, from net.Conn, way way) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		c.mu.Lock()
		isLost := c.lost == way
		c.mu.Unlock()
		if err != nil {
			return
		}
		if isLost {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// lose loses what goes that way from now on.
func (c *cutter) lose(way way) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lost = way
}

// heal loses nothing more, and ends all connections.
func (c *cutter) heal() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lost = 0
	for _, connection := range c.connections {
		_ = connection.Close()
	}
	c.connections = nil
}
