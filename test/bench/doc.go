// Command bench measures what heald costs, as ratios to its alternatives and to
// the heald of another commit.
//
//	make bench                                       about four minutes
//	make bench BASE=78fe32b                          also that commit's heald, built for it
//	make bench ARGS="-lean --lean"                   also the configuration of `heald envoy --lean`
//	make bench ARGS="-scenario sse-*,body-200k"      some scenarios
//	make bench ARGS="-variants no-op"                some variants
//	make bench ARGS="-quick"                         does it run at all?
//	go run ./test/bench streams -n 10000 -variants heald   memory of 10,000 open streams
//	make sizing                                      memory of held requests, instead of speed
//	make pgo                                         profiles of heald for builds, instead of figures
//
// # What runs
//
// Everything is on this machine, over loopback. All Envoys are the same binary:
//
//	          ┌▶ Envoy, two hops ─────────────────────────────────────┐
//	          ├▶ Envoy, one hop ──Unix socket─▶ package proxy ────────┤
//	clients ──┼▶ Envoy, two hops ◀─Unix socket─▶ package noop ────────┼─▶ upstream
//	          ├▶ Envoy, two hops ◀─Unix socket─▶ heald serve ─────────┤
//	          └▶ Envoy, two hops ◀─Unix socket─▶ another heald serve ─┘
//
//	hops   the outer listener, the internal one, and no ext_proc: the floor of
//	       every external processor that is reached through two listeners
//	proxy  an Envoy with a listener, a route and no access log, and behind it a
//	       reverse proxy of Go's library that changes nothing: what a gateway in
//	       one process cannot go below, Envoy in front as an owner has it
//	no-op  an ext_proc server that changes nothing: what Envoy, gRPC and
//	       protobuf cost
//	heald  the binary of this tree
//	base   with -compare: another binary, such as that of an older commit
//	lean   with -lean: the binary of this tree, other options of `heald envoy`,
//	       and memory: store, so that Envoy may be without the script for it
//
// There are as many Envoys as variants and not one with many listeners, so that
// Envoy's processor time is known for each: it belongs to a process, and replies
// that take another shape cost Envoy more or less too. heald's Envoys have what
// the binary itself prints (`heald envoy`), access log included; no-op and hops
// have the same as heald. Changed are only the listeners' ports, the room for
// answers (see config.go), and that Envoy speaks HTTP/2 with the upstream, as it
// agrees upon with Google in TLS. An Envoy that has nothing to do costs a health
// check every half second.
//
// The same clients and the same upstream serve all. Clients and upstream are
// in the process of the benchmark, whose cost is not counted. The upstream
// checks nothing, and writes one server-sent event after the other, each as a
// frame of HTTP/2, without pauses.
//
// All variants make upstream read the same bytes: what heald sends for a
// request is caught where it arrives and is then what the yardsticks' clients
// send. So heald's clients send Anthropic Messages, the others Gemini's own
// form, of about that size. Likewise heald's clients get Anthropic's events or
// document, the others Gemini's events.
//
// # Rounds
//
// A cell is one variant in one scenario: the clients send request after request
// for a while, and the cell ends with its last answer. A round is all cells;
// the cells of a scenario stand next to each other, in an order that changes
// (see turn). So a machine that is slow for a minute is slow for all, and what
// is compared is never more than some seconds apart. More variants make the
// cells shorter, not the run longer.
//
// # Reading the tables
//
//	req/s               whole answers a second, with all clients busy
//	CPU-ms of Envoy     processor time of its Envoy, for one request
//	CPU-ms of sidecar   that of heald, no-op or proxy
//	CPU-ms of both      their sum
//	p50 ms, p99 ms      time until the last byte of an answer
//	messages            what Envoy sent to the sidecar for one request; a preset
//	                    that leaves the counter out shows none
//
// The first table has medians over the rounds. The ratios of the second one are
// taken within each round: the median stands first, the lowest and highest value
// behind it. A change of heald is seen if it is outside of that range. The aims
// below are those of heald's design; they look at the medians.
//
// Processor time says most: it hardly depends on what else the machine does,
// and says how many requests a core can carry. The part of heald's own is the
// difference of the two sidecars, heald and no-op; the ratio grows as the no-op
// gets cheaper. What ext_proc costs is no-op less hops. Divide sse-1000 by its
// messages to have the cost of a chunk, and subtract sse-10 from body-200k to
// have the cost of a long history.
//
// Latency and throughput are those of a machine where clients, upstream, Envoy
// and the sidecar share the cores, and all are busy. They are for comparing the
// variants, not for promises: a model needs seconds where this upstream needs
// nothing. Where a scenario has few answers in a cell (sse-10000), p99 is the
// slowest one.
//
// The messages tell whether all variants were given the same work. Envoy joins
// chunks where it had to pause the upstream; then the slower variant has fewer
// messages, and its cost per request looks better than it is. The buffers are
// large enough that this does not happen.
//
// # Open streams
//
// The scenario streams opens 10, 100 and 1,000 streams at each variant in turn,
// each over a connection of its own. Each has received half of its answer, and
// then upstream is silent. The processes are fresh, since memory that one has
// used before it may use again without growing, and have answered one request,
// so that what is made once is there. Buffers and windows are those of the
// rendered configuration.
//
//	Envoy resident      in RAM, of Envoy's process
//	Envoy allocated     what Envoy says it holds; no more than that is in use
//	sidecar resident    in RAM, of the sidecar's process, garbage included
//	heap + stacks       of heald, what Go has in use after a collection
//
// A cell has the whole size, and in parentheses by how much it grew with each
// stream since the line above. The first streams grow pools, so look at the last
// line. 10,000 streams need 11,000 open files, with the proxy among the variants
// 21,000; the limit is raised where that is allowed.
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
// ends the run with an error. A commit can be compared if its heald knows the
// flags of lineup.go.
package main
