// One request as a row of the list.

import { h, hidden } from './dom.js'
import { fateChip, reasons } from './fate.js'
import { clock, count, day, duration, full, money, number } from './format.js'
import { bar, inWords, spans } from './waterfall.js'

// COLUMNS are the heads, in order: class, text.
export const COLUMNS = [
  ['time', 'Time'], ['fate', 'Outcome'], ['why', 'Reason'], ['api', 'API'], ['tenant', 'Tenant'], ['model', 'Model'],
  ['fall', 'Attempts'], ['tokens', 'Tokens'], ['cost', 'Cost'], ['took', 'Took'],
]

const SHOWN = 2 // reasons that have room

// row makes a row. options: scale in ms, currency, href, wanted reasons, which
// are shown first, and filter(name, value).
export function row(r, { scale, currency, href, wanted = [], filter }) {
  const why = reasons(r).sort((a, b) => wanted.includes(b.word) - wanted.includes(a.word))
  const cell = (name, ...children) => h('div', { role: 'gridcell', class: `cell ${name}` }, ...children)
  const date = day(r.time)
  return h('div', { role: 'row', class: 'row', id: `r${r.cursor}`, data: { cursor: r.cursor } },
    cell('time', h('a', { href, tabindex: '-1', title: full(r.time), 'aria-label': `${date} ${clock(r.time)}, request ${r.request_id || 'without id'}` }, date && h('small', null, date.slice(5)), clock(r.time))),
    cell('fate', fateChip(r)),
    cell('why', why.slice(0, SHOWN).map((one) => reasonChip(one, filter)), why.length > SHOWN && h('span', { class: 'more' }, `+${why.length - SHOWN}`)),
    cell('api', r.api || '–'),
    cell('tenant', r.tenant || '–'),
    cell('model', model(r)),
    cell('fall', bar(spans(r), scale, { first: r.first_content_ms, broken: r.outcome === 'broken' }), hidden(inWords(r))),
    cell('tokens', tokens(r)),
    cell('cost', money(r.cost_nano, currency), r.estimated && r.cost_nano != null && h('abbr', { title: 'a part of it is estimated' }, '~')),
    cell('took', duration(r.duration_ms)))
}

// reasonChip filters by its reason when it is clicked.
export function reasonChip({ word, times = 1, last }, filter) {
  return h('button', {
    class: `chip reason ${last ? 'bad' : ''}`, type: 'button', tabindex: '-1', title: `show only ${word}`,
    on: { click: (event) => { event.stopPropagation(); filter('reason', word) } },
  }, h('span', null, word), times > 1 && h('b', null, ` ×${times}`))
}

// model is the one asked for, and the one that answered if it is another.
export function model(r) {
  const asked = r.alias || r.model || '–'
  if (!r.model || r.model === asked) return h('span', { class: 'asked', title: asked }, asked)
  return [h('span', { class: 'asked', title: asked }, asked), h('span', { class: 'arrow', 'aria-hidden': 'true' }, ' → '), hidden(' answered by '),
    h('span', { class: 'answered', title: r.model }, r.model)]
}

function tokens(r) {
  const u = r.usage
  if (!u) return '–'
  return [h('span', { title: `${number(u.input)} tokens in, ${number(u.cached)} of them cached` }, count(u.input)), h('span', { class: 'arrow', 'aria-hidden': 'true' }, ' → '), hidden(' in, '),
    h('span', { title: `${number(u.output)} tokens out, ${number(u.thinking)} of them thinking` }, count(u.output)), hidden(' out'),
    u.estimated && h('abbr', { title: 'estimated' }, '~')]
}
