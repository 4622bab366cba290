// The attempts of a request over time, to scale: a thin line is waiting, hatched
// is held, solid is streaming.

import { h, place } from './dom.js'
import { duration } from './format.js'

const STEPS = [1000, 2000, 5000, 10000, 20000, 30000, 60000, 120000, 300000, 600000, 1800000, 3600000]

// scaleFor is a round length of time into which most of the requests fit.
export function scaleFor(items) {
  const all = items.slice(0, 1000).map((r) => r.duration_ms || 0).sort((a, b) => a - b)
  const most = all[Math.ceil((all.length - 1) * 0.95)] || 0
  return STEPS.find((s) => s >= most) ?? STEPS.at(-1)
}

// spans are the parts of the attempts: {kind, from, to, attempt}, in ms since the
// request's beginning. Parts without times in the records are laid end to end.
export function spans(r) {
  const out = []
  let end = 0
  for (const a of r.attempts || []) {
    const began = a.began_ms ?? end
    if (began > end + 1 && out.length) out.push({ kind: 'gap', from: end, to: began, attempt: a })
    const ended = began + (a.duration_ms || 0)
    const passed = a.verdict === 'pass'
    const ready = Math.min(ended, began + arriving(r, a, began))
    const waited = Math.min(ended, ready + (a.waited_ms || 0))
    const held = Math.min(ended, passed ? waited + (a.held_ms || 0) : ended)
    if (ready > began) out.push({ kind: 'gap', from: began, to: ready, attempt: a })
    if (waited > ready) out.push({ kind: 'wait', from: ready, to: waited, attempt: a })
    if (held > waited) out.push({ kind: passed ? 'held' : 'refused', from: waited, to: held, attempt: a })
    if (ended > held) out.push({ kind: 'stream', from: held, to: ended, attempt: a })
    end = Math.max(end, ended)
  }
  return out
}

// arriving is how long the request took to arrive and to be prepared, in ms: what an
// attempt took until its verdict, without waiting and being held. One that passed is
// passed on at once.
function arriving(r, a, began) {
  const verdict = a.verdict === 'pass' ? (r.first_byte_ms || 0) - began : a.held_ms ? a.duration_ms || 0 : 0
  return Math.max(0, verdict - (a.waited_ms || 0) - (a.held_ms || 0))
}

export const KINDS = { wait: 'waiting', gap: 'between attempts, or arriving', held: 'held', refused: 'held, then not passed on', stream: 'streaming' }

// inWords is the waterfall for screen readers.
export function inWords(r) {
  const n = (r.attempts || []).length
  if (!n) return 'no attempt'
  return (r.attempts || []).map((a) => {
    const parts = []
    if (a.waited_ms) parts.push(`waited ${duration(a.waited_ms)}`)
    if (a.held_ms) parts.push(`held ${duration(a.held_ms)}`)
    return `attempt ${a.attempt} at ${a.account || a.backend || 'nowhere'}: ${[...parts, `${a.verdict} after ${duration(a.duration_ms)}`].join(', ')}`
  }).join('; ')
}

// bar draws spans on one line of the length scale, in ms.
export function bar(list, scale, { first = 0, broken = false } = {}) {
  const el = h('div', { class: 'bar', 'aria-hidden': 'true' })
  for (const s of list) {
    if (s.from >= scale) continue
    const left = s.from / scale * 100
    el.append(place(h('i', { class: `span ${s.kind}` }), { left, width: Math.min(100, s.to / scale * 100) - left }))
  }
  if (first > 0 && first < scale) el.append(place(h('i', { class: 'first' }), { left: first / scale * 100 }))
  const end = list.reduce((most, s) => Math.max(most, s.to), 0)
  if (end > scale) el.append(h('i', { class: 'beyond' }))
  else if (broken) el.append(place(h('i', { class: 'broke' }), { left: end / scale * 100 }))
  return el
}

// axis has the ticks of a scale.
export function axis(scale, ticks = 4) {
  const el = h('div', { class: 'axis', 'aria-hidden': 'true' })
  for (let i = 0; i <= ticks; i++) {
    const tick = h('span', null, i === 0 ? '0' : short(scale * i / ticks))
    el.append(place(tick, { left: i / ticks * 100 }))
  }
  return el
}

function short(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 120000) return `${Number((ms / 1000).toFixed(1))} s`
  return `${Number((ms / 60000).toFixed(1))} m`
}

// legend explains the forms.
export const legend = () => h('ul', { class: 'legend' }, Object.entries(KINDS).map(([kind, text]) =>
  h('li', null, h('span', { class: 'bar', 'aria-hidden': 'true' }, place(h('i', { class: `span ${kind}` }), { left: 0, width: 100 })), text)),
h('li', null, h('span', { class: 'bar', 'aria-hidden': 'true' }, place(h('i', { class: 'first' }), { left: 50 })), 'first content'))
