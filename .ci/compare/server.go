package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"kalshi.internal/apikeys/wrapper"
)

// endpoint is where a server answers the operation that is measured, and whose key signs.
type endpoint struct {
	url         string
	credentials *wrapper.Credentials
}

// request returns a signed request. A signature is good for a few seconds.
func (e endpoint) request(ctx context.Context) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.url, http.NoBody)
	if err != nil {
		return nil, err
	}
	return request, wrapper.SignRequest(e.credentials)(ctx, request)
}

// server is a running process that has answered.
type server struct {
	endpoint

	cmd     *exec.Cmd
	stderr  strings.Builder // not to be read before exited is closed
	stop    context.CancelFunc
	exited  chan struct{}
	err     error // of the process, once exited is closed
	startUp time.Duration
}

// launch is how to start a server.
type launch struct {
	command func(ctx context.Context) *exec.Cmd
	// locate finds out where the server is; false if the server has not said it yet.
	locate func() (endpoint, bool, error)
}

// start starts a server and waits until it answers. The caller closes it.
func (l launch) start(ctx context.Context) (*server, error) {
	ctx, stop := context.WithCancel(ctx)
	s := &server{cmd: l.command(ctx), stop: stop, exited: make(chan struct{})}
	s.cmd.Stderr = &s.stderr
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		stop()
		return nil, err
	}
	go func() {
		defer close(s.exited)
		s.err = s.cmd.Wait()
	}()
	if err := s.awaitAnswer(ctx, l.locate); err != nil {
		s.close()
		return nil, failure(s.cmd, err, s.stderr.String())
	}
	s.startUp = time.Since(began)
	return s, nil
}

// awaitAnswer tries each millisecond.
func (s *server) awaitAnswer(ctx context.Context, locate func() (endpoint, bool, error)) error {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	located := false
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.exited:
			return fmt.Errorf("it ended before it answered: %w", s.err)
		case <-tick.C:
		}
		var err error
		if !located {
			if s.endpoint, located, err = locate(); err != nil {
				return err
			}
		}
		if !located {
			continue
		}
		if answered, err := s.answers(ctx, client); answered || err != nil {
			return err
		}
	}
}

func (s *server) answers(ctx context.Context, client *http.Client) (bool, error) {
	request, err := s.request(ctx)
	if err != nil {
		return false, err
	}
	response, err := client.Do(request)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	body, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("it answered %s: %s", response.Status, body)
	}
	return err == nil, err
}

// close kills the server, and waits until it is gone.
func (s *server) close() {
	s.stop()
	<-s.exited
}
