// Command bench measures what heald costs, as a ratio to the cheapest external
// processor that could stand in its place.
//
//	make bench                                       about two and a half minutes
//	make bench ARGS="-scenario sse-*,body-200k"         some scenarios
//	make bench ARGS="-quick"                         does it run at all?
//	make sizing                                      memory of held requests, instead of speed
//	make pgo                                         profiles of heald for builds, instead of figures
//
// # What runs
//
// Everything is on this machine, over loopback:
//
//	clients ─▶ Envoy A ◀─ Unix socket ─▶ package noop ─┐
//	        └▶ Envoy B ◀─ Unix socket ─▶ heald serve   ├─▶ upstream
//
// There are two Envoys and not one with two inner listeners, so that Envoy's
// processor time is known for each variant: it belongs to a process, and
// replies that take another shape cost Envoy more or less too. Both have the
// configuration that users get (bootstrap.Render), but for larger buffers; only
// the socket differs. An Envoy that has nothing to do costs a health check every
// half second.
//
// The same clients and the same upstream serve both. Clients and upstream are
// in the process of the benchmark, whose cost is not counted. The upstream
// checks nothing, and writes one server-sent event after the other, each as a
// frame of HTTP/2, without pauses.
//
// Both variants make upstream read the same bytes: what heald sends for a
// request is caught where it arrives and is then what the yardstick's client
// sends. So heald's client sends Anthropic Messages, the other one Gemini's own
// form, of about that size. Likewise heald's client gets Anthropic's events or
// document, the other one Gemini's events.
//
// # Rounds
//
// A cell is one variant in one scenario: the clients send request after request
// for a while, and the cell ends with its last answer. A round is all cells;
// the two cells of a scenario stand next to each other, in an order that
// changes. So a machine that is slow for a minute is slow for both, and what
// is compared is never more than some seconds apart.
//
// # Reading the table
//
//	req/s               whole answers a second, with all clients busy
//	sidecar CPU ms/req  processor time of heald, or of the yardstick
//	Envoy CPU ms/req    processor time of its Envoy
//	p50 ms, p99 ms      time until the last byte of an answer
//	messages/req        what Envoy sent to the sidecar for one request
//
// The lines of the variants have medians over the rounds. The ratio is taken
// within each round: its median stands first, its lowest and highest value
// behind it. A change of heald is seen if it is outside of that range.
//
// Processor time says most: it hardly depends on what else the machine does,
// and says how many requests a core can carry. The part of heald's own is the
// difference of the two sidecars; the ratio grows as the yardstick gets
// cheaper. Divide sse-1000 by its messages to have the cost of a chunk, and
// subtract sse-10 from body-200k to have the cost of a long history.
//
// Latency and throughput are those of a machine where clients, upstream, two
// processes of Envoy and the sidecar share the cores, and all are busy. They
// are for comparing the two variants, not for promises: a model needs seconds
// where this upstream needs nothing. Where a scenario has few answers in a cell
// (sse-10000), p99 is the slowest one.
//
// The messages tell whether both variants were given the same work. Envoy joins
// chunks where it had to pause the upstream; then the slower variant has fewer
// messages, and its cost per request looks better than it is. The buffers are
// large enough that this does not happen.
//
// # GOMAXPROCS
//
// The sidecars inherit the environment: with GOMAXPROCS=1 each uses one core at
// a time, and so does the benchmark itself. Unset, Go takes the number of cores
// or the limit of the container. More than are free raises processor time:
// idle threads look for work. Envoy has a worker for each core in any case.
//
// # Known limits
//
// Linux only, for the processor time of other processes. Nothing fails and
// nothing is retried here; a request that was, or an answer that is cut short,
// ends the run with an error.
package main
