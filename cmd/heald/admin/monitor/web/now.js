// The view Now: an hour or a day as small charts.

import * as api from './api.js'
import { Chart, sum } from './chart.js'
import { fill, h, icon, regret } from './dom.js'
import { clock, count, duration, money, number, plural } from './format.js'
import { address, go } from './route.js'

const SPANS = { '1h': 'Hour', '24h': 'Day' }
// OUTCOMES have the colors that they have in the list.
const OUTCOMES = { passed: '--bar-stream', failed: '--bar-refused', broken: '--series-4', canceled: '--bar-held', local: '--bar-wait' }
const AGAIN = { '1h': 10000, '24h': 60000 } // ms between questions

export class Now {
  constructor(app) {
    this.app = app
    const cost = (n) => money(n, app.info.currency)
    this.charts = {
      content: new Chart({ title: 'First content', kind: 'lines', value: duration, hint: 'by backend; p50, p95 dashed' }),
      requests: new Chart({ title: 'Requests', kind: 'bars', value: count, hint: 'by outcome' }),
      retries: new Chart({ title: 'Retries', kind: 'bars', value: count, hint: 'by reason' }),
      repairs: new Chart({ title: 'Repairs', kind: 'bars', value: count, hint: 'by reason' }),
      limited: new Chart({ title: 'Rate limited', kind: 'bars', value: count, hint: 'answers with status 429' }),
      tokens: new Chart({ title: 'Tokens', kind: 'bars', value: count, hint: 'by tenant' }),
      cost: new Chart({ title: 'Cost', kind: 'bars', value: cost, hint: 'by tenant' }),
    }
    this.switch = h('div', { class: 'segmented', role: 'group', 'aria-label': 'Length of time' }, Object.entries(SPANS).map(([span, text]) =>
      h('button', { type: 'button', data: { span }, on: { click: () => go(address('now', app.filter, '', { span })) } }, text)))
    this.when = h('span', { class: 'faint' })
    this.note = h('div')
    this.grid = h('div', { class: 'charts' }, Object.values(this.charts).map((c) => c.el))
    this.el = h('div', { class: 'now scroll' }, h('div', { class: 'page' }, h('div', { class: 'title' }, h('h1', null, 'Now'), this.switch, this.when), this.note, this.grid))
    document.addEventListener('theme', () => { for (const c of Object.values(this.charts)) c.redraw() })
    this.grid.hidden = true
  }

  show({ span }) {
    this.active = true
    this.span = SPANS[span] ? span : '1h'
    for (const b of this.switch.children) b.setAttribute('aria-pressed', b.dataset.span === this.span)
    this.ask()
  }

  leave() {
    this.active = false
    this.#stop()
  }

  #stop() {
    clearTimeout(this.timer)
    this.abort?.abort()
  }

  pause() {
    this.paused = !this.paused
    if (this.active && !this.paused) this.ask()
  }

  async ask() {
    this.#stop()
    this.abort = new AbortController()
    try {
      this.#draw(await api.now(this.span, this.abort.signal))
      fill(this.note)
    } catch (err) {
      if (err.name === 'AbortError') return
      if (!this.grid.hidden) fill(this.note, h('p', { class: 'banner warn' }, icon('clock'), `${err.message} What is shown is of ${clock(this.shown)}.`))
      else regret(this.note, 'The charts cannot be loaded', err, () => this.ask())
    }
    if (this.active && !this.paused) this.timer = setTimeout(() => this.ask(), AGAIN[this.span])
  }

  #draw(n) {
    this.shown = Date.now()
    this.grid.hidden = false
    const begin = Date.parse(n.from) / 1000
    const steps = Math.max(n.rate_limited?.length || 0, ...[n.requests, n.retries, n.repairs, n.tokens, n.cost_nano, n.first_content_p50].flatMap((m) => Object.values(m || {}).map((v) => v.length)))
    const times = Array.from({ length: steps }, (_, i) => begin + i * n.step_s)
    fill(this.when, `from ${clock(n.from)}, in steps of ${n.step_s < 60 ? plural(n.step_s, 'second') : plural(Math.round(n.step_s / 60), 'minute')}`)
    const of = (map) => Object.entries(map || {}).map(([name, values]) => ({ name, values }))
    const total = (map) => sum(of(map).map((s) => sum(s.values)))
    const c = this.charts
    c.content.show(times, Object.keys(n.first_content_p50 || {}).flatMap((backend) => [
      { name: `${backend} p50`, group: backend, values: n.first_content_p50[backend] },
      { name: `${backend} p95`, group: backend, values: n.first_content_p95?.[backend] || times.map(() => null) },
    ]))
    c.requests.show(times, of(n.requests).map((s) => ({ ...s, token: OUTCOMES[s.name] })), number(total(n.requests)))
    c.retries.show(times, of(n.retries), number(total(n.retries)))
    c.repairs.show(times, of(n.repairs), number(total(n.repairs)))
    c.limited.show(times, [{ name: '429', token: '--bar-held', values: n.rate_limited || [] }], number(sum(n.rate_limited || [])))
    c.tokens.show(times, of(n.tokens), count(total(n.tokens)))
    c.cost.show(times, of(n.cost_nano), money(total(n.cost_nano), this.app.info.currency))
  }
}
