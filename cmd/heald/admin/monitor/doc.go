// Package monitor answers questions about requests on the admin listener.
package monitor
