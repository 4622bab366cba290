// One small chart: lines, or bars on top of one another. uPlot draws; the legend
// and the table beside it are ours, so that screen readers can read all of it.

import { fill, h, place } from './dom.js'
import { clock } from './format.js'
import uPlot from './vendor/uplot/uPlot.esm.js'

const HEIGHT = 132
const SERIES = 8 // colors that can be told apart; more bars are summed up as "other", more lines share them
const SHARED = uPlot.sync('now')

// color is the value of a custom property in the current theme: a canvas does not
// support light-dark().
const probe = h('i', { hidden: true })
const color = (name) => {
  if (!probe.isConnected) document.body.append(probe)
  probe.style.color = `var(${name})`
  return getComputedStyle(probe).color
}
const token = (s, i) => s.token || `--series-${i % SERIES + 1}`

export class Chart {
  // kind is 'lines' or 'bars'. value(n) formats a number.
  constructor({ title, kind, value, hint }) {
    Object.assign(this, { kind, value })
    this.big = h('span', { class: 'now-value' })
    this.plot = h('div', { class: 'plot', 'aria-hidden': 'true' })
    this.legend = h('ul', { class: 'chart-legend' })
    this.table = h('details', { class: 'as-table' }, h('summary', null, 'As a table'))
    this.table.addEventListener('toggle', () => this.#fillTable())
    this.el = h('figure', { class: 'chart' }, h('figcaption', null, h('h2', null, title), this.big, hint && h('small', null, hint)), this.plot, this.legend, this.table)
    this.observer = new ResizeObserver(() => { if (this.u && this.plot.clientWidth) this.u.setSize({ width: this.plot.clientWidth, height: HEIGHT }) })
    this.observer.observe(this.plot)
  }

  // show draws series, [{name, values, group, token}], over times in seconds. Series
  // of one group have one color; all but its first are dashed. A token names a color
  // that means something.
  show(times, series, big = '') {
    this.times = times
    this.series = this.kind === 'bars' ? fewer(series) : series
    const groups = [...new Set(this.series.map((s) => s.group ?? s.name))]
    for (const s of this.series) {
      s.color = groups.indexOf(s.group ?? s.name)
      s.dashed = this.series.find((x) => (x.group ?? x.name) === (s.group ?? s.name)) !== s
    }
    fill(this.big, big)
    const some = this.series.some((s) => s.values.some((v) => v))
    this.el.classList.toggle('blank', !some)
    if (!some) {
      this.u?.destroy()
      this.u = null
      fill(this.plot, h('p', { class: 'faint' }, 'nothing in this time'))
      fill(this.legend)
    } else this.#draw()
    this.#fillTable()
  }

  // redraw is for another theme: the canvas keeps no reference to style sheets.
  redraw() {
    if (this.u) this.#draw()
  }

  #draw() {
    this.u?.destroy()
    const bars = this.kind === 'bars'
    const axis = { stroke: color('--faint'), grid: { stroke: color('--line'), width: 1 }, ticks: { show: false }, font: '11px system-ui, sans-serif' }
    fill(this.plot)
    this.u = new uPlot({
      width: this.plot.clientWidth || 320, height: HEIGHT, padding: [8, 16, 0, 0],
      legend: { show: false }, select: { show: false }, cursor: { y: false, points: { show: !bars, size: 6 }, drag: { x: false, y: false }, sync: { key: SHARED.key } },
      scales: { x: { time: true }, y: { range: (u, low, high) => [0, Math.max(high || 0, 1e-9) * 1.08] } },
      axes: [{ ...axis, grid: { show: false }, space: 64, size: 22, values: (u, at) => at.map((t) => clock(t * 1000).slice(0, 5)) }, { ...axis, size: room, space: 36, values: (u, at) => at.map((v) => this.value(v)) }],
      series: [{}, ...(bars ? this.#bars() : this.#lines())],
      hooks: { setCursor: [(u) => this.#legend(u.cursor.idx)] },
    }, bars ? [this.times, ...stacked(this.series)] : [this.times, ...this.series.map((s) => s.values)], this.plot)
    this.#legend(null)
  }

  #lines() {
    return this.series.map((s) => ({ stroke: color(token(s, s.color)), width: s.dashed ? 1.25 : 2, dash: s.dashed ? [3, 3] : undefined, spanGaps: true, points: { show: alone(s.values), size: 6, fill: color(token(s, s.color)) } }))
  }

  #bars() {
    return this.series.map((s, i) => ({ stroke: color(token(s, i)), fill: color(token(s, i)), width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.82, 40], gap: 0 }) })).reverse()
  }

  // legend shows the values under the pointer, or the totals.
  #legend(at) {
    fill(this.legend, this.series.map((s, i) => {
      const v = at == null ? (this.kind === 'bars' ? sum(s.values) : s.values.findLast((x) => x != null)) : s.values[at]
      const mark = place(h('i', { class: s.dashed ? 'dashed' : '' }), { '--mark': `var(${token(s, this.kind === 'bars' ? i : s.color)})` })
      return h('li', null, mark, h('span', null, s.name), h('b', null, v == null ? '–' : this.value(v)))
    }))
  }

  #fillTable() {
    if (!this.table.open) return
    const old = this.table.querySelector('.wide')
    const box = h('div', { class: 'wide', tabindex: '0', role: 'region', 'aria-label': 'values' }, h('table', null,
      h('thead', null, h('tr', null, h('th', { scope: 'col' }, 'Time'), this.series.map((s) => h('th', { scope: 'col' }, s.name)))),
      h('tbody', null, this.times.map((t, i) => h('tr', null, h('th', { scope: 'row' }, clock(t * 1000).slice(0, 5)), this.series.map((s) => h('td', null, s.values[i] == null ? '–' : this.value(s.values[i]))))).reverse())))
    if (old) old.replaceWith(box)
    else this.table.append(box)
  }
}

// room is the space for the longest label of an axis.
const room = (u, words) => Math.max(52, ...(words || []).map((w) => 14 + 6.5 * String(w).length))

// alone is a value without neighbors, so that no line leads to it.
const alone = (values) => values.filter((v) => v != null).length === 1

export const sum = (values) => values.reduce((a, v) => a + (v || 0), 0)

// fewer sorts series by size and sums up those that have no color of their own.
function fewer(series) {
  const sorted = [...series].sort((a, b) => sum(b.values) - sum(a.values)).filter((s, i) => i === 0 || sum(s.values) > 0)
  if (sorted.length <= SERIES) return sorted
  const rest = sorted.slice(SERIES - 1)
  return [...sorted.slice(0, SERIES - 1), { name: `other (${rest.length})`, values: rest[0].values.map((_, i) => rest.reduce((a, s) => a + (s.values[i] || 0), 0)) }]
}

// stacked are the tops of bars, each series on those before it, highest first: what
// is drawn later covers the lower part of what was drawn before.
function stacked(series) {
  const tops = []
  let below = null
  for (const s of series) {
    below = s.values.map((v, i) => (v || 0) + (below ? below[i] : 0))
    tops.push(below)
  }
  return tops.reverse()
}
