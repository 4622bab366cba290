// Package form reads the multipart/form-data bodies of clients: what a browser
// or an SDK sends where a request has files.
//
// A form is read whole, in memory; the size of bodies is bounded before. No
// file is written.
package form
