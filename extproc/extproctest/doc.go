// Package extproctest is a scripted Envoy and a scripted policy, to test
// extproc alone or everything behind it.
//
// [Dial] connects an [Envoy] to a server, in memory. A test then reads like a
// trace of one upstream try:
//
//	e := extproctest.Dial(t, server)
//	e.SendHeaders("POST", "/v1/messages")
//	e.WantContinue()
//	e.SendBody(`{"model":"m"}`)
//	e.WantForward(policies.HeaderCluster, "a1")
//	e.SendResponseHeaders(200, "content-type", "text/event-stream")
//	e.WantNothing() // held
//	e.SendChunk("data: x\n\n", true)
//	e.WantPass(200)
//	e.WantChunk("data: x\n\n", true)
//
// The Envoy checks every reply by the rules that Envoy 1.39 and 1.40 were
// measured to have (judge.go), with the words of Envoy's own details: a reply
// that would kill a real stream fails the test.
//
// Tests run in a [testing/synctest] bubble. There "nothing came" is a fact
// instead of a wait, timers of minutes take no time, and a goroutine left
// behind fails the test.
package extproctest
