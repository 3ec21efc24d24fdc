package wrapper

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

var errTooLarge = errors.New("the response body is larger than the limit")

// The first and the largest block in which a body of unknown length is read, in bytes.
const (
	firstBlock   = 16<<10 - bytes.MinRead
	largestBlock = 64<<10 - bytes.MinRead
)

// heldBody is the body of a response as the caller gets it: in memory, and hidden from printers,
// because it may hold a private key. A body of unknown length is held in blocks: one slice that
// grows needs three times the memory while it is copied. What was read is let go.
type heldBody struct {
	blocks [][]byte
	length int64
}

// readBody reads a body up to the limit. With an error it returns what was read before it.
func readBody(body io.Reader, announced, limit int64) (*heldBody, error) {
	held := new(heldBody)
	for size := blockSize(announced, limit); ; size = min(2*size, largestBlock, limit+1-held.length) {
		var block bytes.Buffer
		block.Grow(int(size) + bytes.MinRead)
		n, err := io.CopyN(&block, body, size)
		held.length += n
		held.blocks = append(held.blocks, block.Bytes())
		switch {
		case max(held.length, announced) > limit:
			return nil, fmt.Errorf("%w of %d bytes", errTooLarge, limit)
		case errors.Is(err, io.EOF):
			return held, nil
		case err != nil:
			return held, err
		}
	}
}

// blockSize returns the size of the first block. One more byte than announced shows the end.
func blockSize(announced, limit int64) int64 {
	switch {
	case announced > limit:
		return 0
	case announced >= 0:
		return announced + 1
	}
	return min(firstBlock, limit+1)
}

// Read implements [io.Reader].
func (b *heldBody) Read(p []byte) (int, error) {
	for len(b.blocks) > 0 && len(b.blocks[0]) == 0 {
		b.blocks[0], b.blocks = nil, b.blocks[1:]
	}
	if len(b.blocks) == 0 {
		return 0, io.EOF
	}
	n := copy(p, b.blocks[0])
	b.blocks[0] = b.blocks[0][n:]
	return n, nil
}

// Close implements [io.Closer].
func (b *heldBody) Close() error { return nil }

// Format implements [fmt.Formatter].
func (b *heldBody) Format(state fmt.State, _ rune) {
	_, _ = io.WriteString(state, "[body]")
}

// bytes returns what was not read yet.
func (b *heldBody) bytes() []byte {
	if len(b.blocks) != 1 {
		b.blocks = [][]byte{bytes.Join(b.blocks, nil)}
	}
	return b.blocks[0]
}
