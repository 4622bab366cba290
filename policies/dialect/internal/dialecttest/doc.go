// Package dialecttest is what the tests of all dialects need: answers written
// as scripts or made of random bytes, requests worded as JSON, and recorded
// traffic.
package dialecttest
