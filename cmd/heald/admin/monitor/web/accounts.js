// The view of accounts: which can be used now, which cool down, which are out.

import * as api from './api.js'
import { fill, h, hidden, icon, place, regret } from './dom.js'
import { clock, count, duration, left, number, percent, plural } from './format.js'
import { attention, cells, stateOf, totals } from './pool.js'

const AGAIN = 2000 // ms between questions
const FEW = 7 // things that need attention, at first

const ICONS = { ready: 'check', cooling: 'clock', out: 'cross' }
const TONES = { ready: 'quiet', cooling: 'warn', out: 'bad' }

export class Accounts {
  constructor() {
    this.body = h('div', { class: 'page' })
    this.el = h('div', { class: 'accounts scroll' }, h('div', { class: 'page' }, h('h1', null, 'Accounts')), this.body)
    this.paused = false
  }

  enter() {
    this.active = true
    this.ask()
    this.ticking = setInterval(() => this.#tick(), 500)
  }

  leave() {
    this.active = false
    clearTimeout(this.timer)
    clearInterval(this.ticking)
    this.abort?.abort()
  }

  pause() {
    this.paused = !this.paused
    if (this.active && !this.paused) this.ask()
  }

  async ask() {
    clearTimeout(this.timer)
    this.abort?.abort()
    this.abort = new AbortController()
    try {
      const text = await api.accounts(this.abort.signal)
      this.skew = Date.parse(text.at) - Date.now() || 0 // countdowns go by the server's clock
      this.#draw(text)
    } catch (err) {
      if (err.name === 'AbortError') return
      this.#failed(err)
    }
    if (this.active && !this.paused) this.timer = setTimeout(() => this.ask(), AGAIN)
  }

  #failed(err) {
    if (this.shown) {
      this.banner.hidden = false
      fill(this.banner, icon('clock'), `${err.message} What is shown is of ${clock(this.shown)}.`)
      return
    }
    regret(this.body, 'The accounts cannot be loaded', err, () => this.ask())
  }

  #draw(report) {
    const first = !this.shown
    this.shown = Date.now()
    const { models, rows } = cells(report)
    if (first) {
      this.banner = h('p', { class: 'banner warn', hidden: true })
      this.parts = Object.fromEntries(['summary', 'attention', 'matrix', 'limits', 'backends', 'tenants', 'queues', 'tokens'].map((name) => [name, h('section', { class: `part ${name}` })]))
      fill(this.body, this.banner, Object.values(this.parts))
    }
    this.banner.hidden = true
    const p = this.parts
    this.#part(p.summary, summary(report, rows))
    this.#part(p.attention, troubles(report, this.all ? Infinity : FEW, () => { this.all = true; this.#draw(report) }))
    this.#part(p.matrix, matrix(models, rows))
    this.#part(p.limits, limits(report.groups || []))
    this.#part(p.backends, backends(report.backends || []))
    this.#part(p.tenants, tenants(report.tenants || [], report.queues || []))
    this.#part(p.queues, queues(report.queues || []))
    this.#part(p.tokens, tokens((report.accounts || []).filter((a) => a.token && a.kind !== 'disabled')))
    this.#tick()
  }

  // part replaces only what differs, so that focus and selection stay. The end of a
  // wait is no text, and is changed in place.
  #part(el, content) {
    const next = h('section', null, content)
    if (el.dataset.now === next.textContent) {
      const ends = waits(next)
      waits(el).forEach((time, i) => { for (const name of ['datetime', 'title', 'data-until']) time.setAttribute(name, ends[i].getAttribute(name)) })
      return
    }
    const scrolled = [...el.querySelectorAll('.wide')].map((w) => w.scrollLeft)
    if (el.contains(document.activeElement) && document.activeElement.classList.contains('wide')) this.refocus = true
    el.dataset.now = next.textContent
    fill(el, [...next.childNodes])
    el.querySelectorAll('.wide').forEach((w, i) => { w.scrollLeft = scrolled[i] || 0; if (this.refocus) { w.focus({ preventScroll: true }); this.refocus = false } })
    el.hidden = !el.childNodes.length
  }

  #tick() {
    const now = Date.now() + (this.skew || 0)
    for (const el of waits(this.el)) {
      const rest = Date.parse(el.dataset.until) - now
      el.textContent = rest > 0 ? left(rest) : 'now'
    }
  }
}

// WORDS are short texts for the kinds of what holds something back.
const WORDS = {
  capacity: 'no capacity', outage: 'no answer', quota: 'no quota', money: 'no money', refused: 'not served', credential: 'credential refused',
  tenant_slots: 'slots taken', tenant_waiting: 'too many wait', tenant_budget: 'budget spent', no_state: 'no shared state',
}

// until counts down; the tick fills it. waits are all of them in an element.
const until = (t) => h('time', { datetime: t, data: { until: t }, title: t })
const waits = (el) => [...el.querySelectorAll('time[data-until]')]

// state is a state as a chip, with the time of its end.
function state(s, short) {
  const because = WORDS[s.word] || (s.word || '').replaceAll('_', ' ')
  const words = s.kind === 'out' ? short && because ? `out: ${because}` : 'out' : s.kind === 'ready' ? 'ready' : short && !s.until && because || 'cooling'
  return h('span', { class: `state-chip ${TONES[s.kind]}`, title: s.why || null }, icon(ICONS[s.kind]), h('span', null, words, s.until && [' ', until(s.until)]), s.why && hidden(`: ${s.why}`))
}

function summary(report, rows) {
  const n = totals(rows)
  const tile = (kind, text) => h('div', { class: `tile ${n[kind] ? TONES[kind] : 'none'}` }, icon(ICONS[kind]), h('b', null, n[kind]), h('span', null, text))
  const s = report.state || {}
  const store = s.store === 'redis' ? `state in Redis${s.up ? '' : ', which does not answer'}${s.replicas ? `, ${plural(s.replicas, 'replica')}` : ''}${s.gone ? `, ${s.gone} silent` : ''}` : 'state in memory'
  return [h('div', { class: 'tiles' }, tile('ready', 'ready'), tile('cooling', 'cooling'), tile('out', 'out')),
    h('p', { class: 'faint' }, [report.replica, store, report.configuration?.loaded && `configuration of ${clock(report.configuration.loaded)}`].filter(Boolean).join(' · ')),
    s.up === false && s.why && h('p', { class: 'banner bad' }, icon('cross'), [s.why, s.trouble].filter(Boolean).join(': ')),
    report.configuration?.refused && h('p', { class: 'banner bad' }, icon('cross'), `The changed configuration is refused: ${report.configuration.refused}`)]
}

// troubles are the most urgent problems, or all of them.
function troubles(report, most, all) {
  const list = attention(report)
  if (!list.length) return []
  return [h('h2', null, 'Needs attention'), h('ul', { class: 'troubles' }, list.slice(0, most).map(({ what, name, state: s }) => h('li', null,
    state(s), h('span', { class: 'what' }, h('span', { class: 'faint' }, what), ' ', h('b', null, name)), h('span', { class: 'because' }, s.why), s.probe && h('span', { class: 'faint' }, 'next probe: ', until(s.probe))))),
  list.length > most && h('button', { class: 'plain', type: 'button', on: { click: all } }, `Show all ${list.length}`)]
}

// wide is a table that scrolls by itself, not the page.
const wide = (label, table) => h('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': label }, table)
const table = (title, heads, rows) => rows.length === 0 ? [] : [h('h2', null, title), wide(title, h('table', null,
  h('thead', null, h('tr', null, heads.map((x) => h('th', { scope: 'col' }, x)))),
  h('tbody', null, rows.map((cols) => h('tr', null, cols.map((c, i) => i === 0 ? h('th', { scope: 'row' }, c) : h('td', null, c)))))))]

function matrix(models, rows) {
  if (!rows.length) return [h('div', { class: 'state' }, icon('clock', 'big'), h('h2', null, 'No account'), h('p', null, 'Nothing here schedules accounts: they are in heald.yaml, or come with GEMINI_API_KEY.'))]
  return table('Accounts and models', ['Account', 'Slots', 'All models', ...models.map((m) => h('span', { class: 'model-head', title: m }, m))], rows.map(({ account: a, state: s, cells: cs }) => [
    [h('b', null, a.id), h('small', null, a.backend)], slots(a.in_use, a.slots), state(s, true),
    ...cs.map((c) => c === null ? h('span', { class: 'faint', title: 'not asked for yet' }, '·') : s.kind !== 'ready' ? h('span', { class: `same ${TONES[s.kind]}`, title: s.why }, icon(ICONS[s.kind]), hidden(s.kind)) : state(c, true)),
  ]))
}

const slots = (used, most) => most ? meter(used, most, `${used} of ${most}`) : used ? number(used) : h('span', { class: 'faint' }, '0')

// meter is a number with a bar that shows how much of a limit is used; its tone says
// whether that is much.
function meter(used, most, text, tone) {
  const share = most ? Math.min(1, used / most) : 0
  return h('span', { class: 'metered' }, h('span', { class: `meter ${tone ?? (share >= 1 ? 'full' : share > 0.8 ? 'high' : '')}`, 'aria-hidden': 'true' }, place(h('i'), { width: share * 100 })), h('span', null, text))
}

function limits(groups) {
  const rate = (g, name) => {
    const limit = g.limits?.[name]
    const used = g.used?.[name] || 0
    const learned = g.learned?.[name]
    return [limit ? meter(used, limit, `${count(used)} of ${count(limit)}`) : used ? count(used) : h('span', { class: 'faint' }, '–'), learned && h('abbr', { class: 'learned', title: `learned from refusals: ${number(learned)}` }, 'learned')]
  }
  return table('Limits', ['Quota group and model', 'State', 'Requests/min', 'Tokens/min', 'Requests/day', 'In use', 'Health', 'First content'], groups.map((g) => [
    [h('b', null, g.model), h('small', null, g.group)], state(stateOf(g), true), rate(g, 'rpm'), rate(g, 'tpm'), rate(g, 'rpd'), slots(g.in_use, g.concurrency),
    meter(g.health, 100, String(Math.round(g.health)), g.health < 50 ? 'full' : g.health < 80 ? 'high' : ''), g.first_content_seconds ? duration(g.first_content_seconds * 1000) : h('span', { class: 'faint' }, '–'),
  ]))
}

const backends = (list) => table('Backends', ['Backend and model', 'State', 'Breaker', 'Sent elsewhere', 'Next probe'], list.map((b) => [
  [h('b', null, b.backend), h('small', null, b.model)], state(stateOf(b), true), h('span', { class: b.breaker === 'closed' ? 'faint' : 'chip warn' }, b.breaker), b.shed ? percent(b.shed) : h('span', { class: 'faint' }, '–'), b.probe ? until(b.probe) : h('span', { class: 'faint' }, '–'),
]))

const tenants = (list, waiting) => table('Tenants', ['Tenant', 'State', 'Weight', 'At once', 'Limits'], list.map((t) => [
  h('b', null, t.name), state(t.disabled ? { kind: 'out', word: 'disabled', why: 'disabled' } : stateOf(waiting.find((q) => q.tenant === t.name) || { usable: true }), true), number(t.weight || 1), t.max_concurrency ? number(t.max_concurrency) : h('span', { class: 'faint' }, 'no limit'),
  Object.keys(t.limits || {}).length ? h('ul', { class: 'limits-of' }, Object.entries(t.limits).map(([name, most]) => h('li', null, h('span', null, name), t.used?.[name] == null ? h('span', null, `of ${count(most)}`) : meter(t.used[name], most, `${count(t.used[name])} of ${count(most)}`), t.until?.[name] && h('small', null, 'new in ', until(t.until[name]))))) : h('span', { class: 'faint' }, 'none'),
]))

const queues = (list) => table('Queues', ['Tenant', 'Waiting', 'State'], list.map((q) => [h('b', null, q.tenant), number(q.waiting), state(stateOf(q), true)]))

const tokens = (list) => table('Access tokens', ['Account', 'Token', 'Ends in', 'Next fetch', 'Fetched', 'Failed', 'Problem'], list.map(({ id, token: t }) => [
  h('b', null, id), state(t.ready ? { kind: 'ready' } : { kind: 'out', word: t.refused ? 'refused' : 'none', why: t.problem }, true), t.expires ? until(t.expires) : '–', t.next ? until(t.next) : 'running', number(t.fetched), number(t.failed), t.problem || '–',
]))
