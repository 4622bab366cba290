// The waterfall by itself, without a browser: its parts follow each other without gaps
// and are the whole.

import assert from 'node:assert/strict'
import test from 'node:test'

const { spans } = await import(new URL('../../../../cmd/heald/admin/monitor/web/waterfall.js', import.meta.url))

// random is the same for each run (mulberry32).
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

// request is one as heald records it, with what its attempts did when.
function request(next) {
  const length = (most) => Math.round(next() * [0, 1, most / 20, most][Math.floor(next() * 4)])
  const r = { attempts: [], first_byte_ms: 0, duration_ms: 0 }
  const truth = []
  let at = 0
  const part = (kind, most) => {
    const from = at
    at += length(most)
    if (at > from) truth.push([kind, from, at])
    return at - from
  }
  const tried = 1 + Math.floor(next() * 4)
  const passes = next() < 0.7
  for (let n = 1; n <= tried; n++) {
    const pass = passes && n === tried
    const a = { attempt: n, began_ms: at, verdict: pass ? 'pass' : 'retry' }
    part('gap', 20000)
    a.waited_ms = part('wait', 15000)
    const from = at
    at += 1 + length(60000)
    a.held_ms = at - from
    truth.push([pass ? 'held' : 'refused', from, at])
    if (pass) {
      r.first_byte_ms = at
      part('stream', 300000)
    }
    a.duration_ms = at - a.began_ms
    r.duration_ms = at
    r.attempts.push(a)
    if (n < tried) at += 2 + length(2000) // pauses of a millisecond are not shown
  }
  return [r, truth]
}

test('the parts are what happened, and add up to the whole', () => {
  const next = random(14)
  for (let i = 0; i < 5000; i++) {
    const [r, truth] = request(next)
    const got = spans(r)
    let at = 0
    for (const s of got) {
      assert.equal(s.from, at, JSON.stringify([r, got]))
      assert.ok(s.to > s.from && s.to <= r.duration_ms, JSON.stringify([r, got]))
      at = s.to
    }
    assert.equal(at, r.duration_ms)
    for (const kind of ['wait', 'held', 'refused', 'stream']) {
      assert.deepEqual(got.filter((s) => s.kind === kind).map((s) => [kind, s.from, s.to]), truth.filter(([k]) => k === kind), JSON.stringify(r))
    }
  }
})

test('records that contradict themselves stay within their attempts', () => {
  const next = random(15)
  const any = () => Math.round(next() * 1000)
  for (let i = 0; i < 5000; i++) {
    const r = { first_byte_ms: any(), attempts: [1, 2].map((n) => ({ attempt: n, began_ms: n * 2000, waited_ms: any(), held_ms: any(), duration_ms: any(), verdict: n === 2 ? 'pass' : 'retry' })) }
    for (const s of spans(r)) {
      const { began_ms: began, duration_ms: took } = s.attempt
      assert.ok(s.to > s.from && s.to <= began + took && (s.from >= began || s.kind === 'gap'), JSON.stringify([r, spans(r)]))
    }
  }
})
