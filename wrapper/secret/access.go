package secret

// Access says who can use a file or a directory that holds a private key. What is accepted and what is
// refused is our own choice, after libpq and OpenSSH. The zero Access is that of a file for its owner
// alone. On Windows it always is: the mode that Go reports there does not say who may use a file.
type Access struct {
	// Shared says in plain words who else may use it, and why that is accepted.
	Shared string
	// Refused says in plain words why it must not be used, empty if it may.
	Refused string
	// Hint says what to do about Refused, in a way that works where the file is.
	Hint string
}
