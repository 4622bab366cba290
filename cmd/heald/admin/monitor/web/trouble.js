// What is wrong with the store of requests, at the top of the page.

import { fill, h, icon } from './dom.js'
import { clock, day, plural } from './format.js'

const when = (t) => `${day(t)} ${clock(t)}`.trim()

// trouble shows it in el, or hides that where nothing is wrong.
export function trouble(el, what) {
  const key = JSON.stringify(what || null)
  if (el.dataset.what === key) return // so that it is not read out again
  el.dataset.what = key
  el.hidden = !what
  if (!what) return
  el.classList.toggle('past', Boolean(what.until))
  fill(el, icon('warning'), ...(!what.since ? damage(what) : what.until ? over(what) : now(what)))
}

const now = (what) => [
  h('b', null, `Since ${when(what.since)}, requests are not stored. `),
  h('span', null, `The file of record.store ${what.words}. ${what.memory ? 'The newest are shown from memory, as far as that reaches, until heald ends.' : 'They are not shown.'}`),
]

const over = (what) => [
  h('b', null, `From ${when(what.since)} to ${when(what.until)}, requests were not stored: `),
  h('span', null, `${plural(what.records, 'record')} of attempts and requests are missing here. The file of record.store ${what.words}.`),
]

const damage = (what) => [h('b', null, 'Requests may be missing here. '), h('span', null, `The file of record.store ${what.words}.`)]
