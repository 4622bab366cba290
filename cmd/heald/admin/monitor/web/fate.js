// What happened to a request, in one word with an icon and a tone.

import { h, hidden, icon } from './dom.js'

// FATES are the texts of the chips. Healed, repaired and resumed requests have
// the outcome "passed": their clients have the whole answer.
export const FATES = {
  passed: { icon: 'check', tone: 'quiet', text: 'the client has the whole answer' },
  healed: { icon: 'heal', tone: 'good', text: 'passed, after an attempt that failed' },
  repaired: { icon: 'wrench', tone: 'good', text: 'passed, after heald changed what upstream had refused' },
  resumed: { icon: 'join', tone: 'good', text: 'passed: the answer broke off, and the rest was fetched' },
  hedged: { icon: 'twin', tone: 'good', text: 'passed: sent twice, and the second was answered first' },
  local: { icon: 'home', tone: 'quiet', text: 'heald answered by itself' },
  canceled: { icon: 'left', tone: 'warn', text: 'the client left, or Envoy ended the stream' },
  broken: { icon: 'broken', tone: 'bad', text: 'the answer broke off after its first byte' },
  failed: { icon: 'cross', tone: 'bad', text: 'the client has an error' },
}

export function fate(r) {
  if (r.outcome !== 'passed') return FATES[r.outcome] ? r.outcome : 'failed'
  const attempts = r.attempts || []
  if (r.resume?.result === 'resumed') return 'resumed'
  if (attempts.some((a) => a.repairs)) return 'repaired'
  if (r.tried > 1) return 'healed'
  if (attempts.some((a) => a.hedged === 'won')) return 'hedged'
  return 'passed'
}

// fateChip shows it.
export function fateChip(r) {
  const name = fate(r)
  const { icon: symbol, tone, text } = FATES[name]
  return h('span', { class: `chip fate ${tone}`, title: name === r.outcome ? text : `${r.outcome}: ${text}` }, icon(symbol), name,
    name !== r.outcome && hidden(`, ${r.outcome}`))
}

// verdicts say what was decided about an attempt.
export const VERDICTS = {
  pass: { icon: 'check', tone: 'good', text: 'passed on to the client' },
  retry: { icon: 'again', tone: 'warn', text: 'tried again' },
  failover: { icon: 'switch', tone: 'warn', text: 'another account or backend was asked' },
  repair: { icon: 'wrench', tone: 'warn', text: 'changed, and tried again' },
  fail: { icon: 'cross', tone: 'bad', text: 'given up' },
  canceled: { icon: 'left', tone: 'warn', text: 'ended from outside' },
}

export function verdictChip(a) {
  const v = VERDICTS[a.verdict] || { icon: 'dot', tone: 'quiet', text: '' }
  return h('span', { class: `chip ${v.tone}`, title: v.text }, icon(v.icon), a.verdict)
}

// reasons are why a request was not simply passed: those of failed attempts and
// of its end, each once with a count.
export function reasons(r) {
  const seen = new Map()
  const add = (word, last) => {
    if (!word || word === 'ok') return
    const one = seen.get(word) || { word, times: 0, last: false }
    one.times++
    one.last ||= last
    seen.set(word, one)
  }
  const attempts = r.attempts || []
  const ended = r.outcome === 'failed' || r.outcome === 'broken'
  attempts.forEach((a, i) => { if (a.verdict !== 'pass') add(a.reason, ended && i === attempts.length - 1) })
  for (const word of [r.broken_by, r.resume?.cause, r.reason]) if (word && !seen.has(word)) add(word, ended)
  return [...seen.values()].sort((a, b) => b.last - a.last) // how it ended is said first
}
