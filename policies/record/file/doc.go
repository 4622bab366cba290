// Package file writes records into a file, one JSON object per line, and reads
// them again.
//
// When the file has reached its size or age, it gets the time as part of its
// name (usage.jsonl becomes usage-20261129T120000.000Z.jsonl) and a new one begins;
// of those with a time the newest are kept. A file that something else moved away
// or deleted, such as logrotate, is begun anew. Each process needs a file of its
// own.
//
// Lines end with a line feed, are written whole, and reach the operating system
// with each batch. A process that is killed may leave a broken last line; the
// next one begins on a line of its own, and readers skip what they cannot read.
package file
