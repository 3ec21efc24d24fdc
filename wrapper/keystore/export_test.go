package keystore

// OpenWithSteps is Open with around called for each step that changes the file system, in place of
// doing it.
func OpenWithSteps(dir string, around func(step string, do func() error) error, opts ...Option) (*Store, error) {
	engine, err := newDirectory(dir, around)
	if err != nil {
		return nil, err
	}
	return New(engine, opts...), nil
}
