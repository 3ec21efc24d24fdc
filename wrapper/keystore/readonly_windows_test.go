package keystore_test

import (
	"context"
	"errors"
)

func writeReadOnly(context.Context, string) error {
	return errors.New("the mode of a directory on Windows does not keep anyone from writing")
}
