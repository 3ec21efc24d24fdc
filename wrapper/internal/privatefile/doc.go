// Package privatefile writes files that only their owner can use, and that survive a power cut.
//
// [Create] makes a new file before there is anything to put into it, [Replace] makes a file appear
// with all of its content. A [Dir] does the same in a directory that is held open. All errors name
// the whole path. On Windows the mode of a file does not say who may use it, and a directory cannot
// be synced.
package privatefile
