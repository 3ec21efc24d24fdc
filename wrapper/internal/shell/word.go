// Package shell writes text for the command line of a POSIX shell, so that a hint can be pasted.
package shell

import "strings"

// Word returns text as one word: as it is if the shell takes it so, and quoted otherwise.
func Word(text string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-"
	if text != "" && strings.Trim(text, plain) == "" {
		return text
	}
	return Quote(text)
}

// Quote returns text in quotes, in which nothing has a meaning to the shell.
func Quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
