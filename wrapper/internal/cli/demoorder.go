package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"kalshi.internal/apikeys/api/sandbox"
	"kalshi.internal/apikeys/wrapper"
)

// orderBook is the exchange of the demonstration: it takes each order once, by its client_order_id.
type orderBook struct {
	mu     sync.Mutex
	orders []string
}

func (b *orderBook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var order struct {
		ClientOrderID string `json:"client_order_id"`
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&order); err != nil {
		http.Error(w, `{"code":"bad_request"}`, http.StatusBadRequest)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	if slices.Contains(b.orders, order.ClientOrderID) {
		// The answer that was recorded for a second order with the same client_order_id.
		w.WriteHeader(http.StatusConflict)
		_, _ = w.Write([]byte(`{"error":{"code":"order_already_exists","message":"order already exists"}}`))
		return
	}
	b.orders = append(b.orders, order.ClientOrderID)
	w.WriteHeader(http.StatusCreated)
	_, _ = w.Write([]byte(`{"order":{}}`))
}

func (b *orderBook) placed() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.orders)
}

// order places an order whose answer is lost.
func (d *demo) order(ctx context.Context) error {
	lost := sandbox.Fault{
		Method: http.MethodPost, Path: "/portfolio/orders", Kind: sandbox.FaultReset, Point: sandbox.AfterProcessing, Times: 1,
	}
	if err := d.box.SetFaults(lost); err != nil {
		return err
	}
	transport, err := wrapper.NewTransport(d.first, wrapper.WithBaseURL(d.baseURL), wrapper.WithHTTPTransport(d.transport))
	if err != nil {
		return err
	}
	ctx = wrapper.WithPolicy(ctx, wrapper.Retry{Resend: wrapper.ByClientOrderID})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, transport.BaseURL()+"/portfolio/orders",
		strings.NewReader(`{"ticker":"DEMO","client_order_id":"demo-1","side":"yes","action":"buy","count":1}`))
	if err != nil {
		return err
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	call, _ := wrapper.CallInfo(response)
	refusal := wrapper.ErrorFrom(response)
	if !call.AlreadyExists || call.Attempts != 2 || !errors.Is(refusal, wrapper.ErrAlreadyExists) || d.book.placed() != 1 {
		return fmt.Errorf("the order must be there once, after two attempts; it is there %d times after %d: %w", d.book.placed(), call.Attempts, refusal)
	}
	_, hint := describe(refusal)
	d.came("attempt 1: placed, and the answer was lost")
	d.came("attempt 2: %s, order_already_exists", response.Status)
	d.came("wrapper.CallInfo(response).AlreadyExists: true")
	d.came("hint: %s", hint)
	d.came("orders in the book: %d", d.book.placed())
	return nil
}
