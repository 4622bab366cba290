// Package dialecttest is what the tests of all dialects need: answers written
// as scripts or made of random bytes, requests worded as JSON, recorded
// traffic, and what must hold of, or is measured for, every dialect.
package dialecttest
