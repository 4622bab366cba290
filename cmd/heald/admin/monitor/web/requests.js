// The view of requests: filter bar, list, and the panel of the open request.

import { Detail } from './detail.js'
import { fill, h, icon, regret, say } from './dom.js'
import { Feed, isOne } from './feed.js'
import { isEmpty, toParams, toggled } from './filter.js'
import { FilterBar } from './filterbar.js'
import { clock, day, plural } from './format.js'
import { VirtualList } from './list.js'
import { address, go } from './route.js'
import { COLUMNS, row } from './row.js'
import { axis, scaleFor } from './waterfall.js'

export class Requests {
  #search = null // the button that goes on with a search

  // app has info, and live(feed) that shows the state of the connection.
  constructor(app) {
    this.app = app
    this.feed = new Feed()
    this.scale = 10000
    this.selected = 0 // a cursor; 0 is none
    this.bar = new FilterBar((filter) => go(address('requests', filter, this.open, { at: this.at }), { replace: true }))
    this.axis = h('div', { class: 'axis-box' })
    this.probe = h('div', { class: 'row probe', 'aria-hidden': 'true' })
    this.rows = h('div', { role: 'rowgroup', class: 'rows' })
    this.grid = h('div', { role: 'grid', class: 'grid', tabindex: '0', 'aria-label': 'Requests, newest first', 'aria-describedby': 'grid-help', on: { keydown: (event) => this.#key(event), click: (event) => this.#click(event) } },
      h('div', { role: 'rowgroup', class: 'heads' }, h('div', { role: 'row', class: 'row head', 'aria-rowindex': '1' },
        COLUMNS.map(([name, text]) => h('div', { role: 'columnheader', class: `cell ${name}` }, text, name === 'fall' && this.axis)))),
      this.rows)
    this.note = h('div', { class: 'note' })
    this.fresh = h('button', { class: 'fresh', type: 'button', hidden: true, on: { click: () => this.top() } })
    this.status = h('p', { class: 'status faint', id: 'list-status' })
    this.detail = new Detail({ app, close: () => this.close(), step: (by) => this.move(by), filter: (name, value) => this.#filterBy(name, value) })
    this.el = h('div', { class: 'requests' },
      h('h1', { class: 'sr' }, 'Requests'), this.bar.el,
      h('div', { class: 'split' }, h('div', { class: 'pane' }, h('p', { id: 'grid-help', class: 'sr' }, 'Arrow keys move, Enter opens a request, Escape closes it.'), this.probe, this.grid, this.fresh, this.note, this.status), this.detail.el))
    this.list = new VirtualList({ viewport: this.grid, rows: this.rows, probe: this.probe, id: (r) => r.cursor, nearEnd: () => this.feed.older(), make: (r) => this.#row(r) })
    for (const type of ['reset', 'older', 'news', 'live']) this.feed.addEventListener(type, (event) => this.#changed(type, event.detail))
    this.grid.addEventListener('scroll', () => this.#freshness(), { passive: true })
  }

  // show makes the view match a route.
  show({ filter, open, at }) {
    this.bar.show(filter)
    const query = toParams(filter).toString()
    if (query !== this.query) {
      this.query = query
      this.above = 0
      this.grid.scrollTop = 0
      this.feed.load(filter)
    }
    if (open !== this.open || at !== this.at) {
      this.open = open
      this.at = at
      this.el.classList.toggle('opened', Boolean(open))
      if (open) this.detail.show(open, at, this.feed.find(open, at))
      else this.detail.hide()
    }
    this.#mark()
  }

  currency() {
    this.list.redraw()
  }

  #row(r) {
    const el = row(r, { scale: this.scale, currency: this.app.info.currency, href: this.#href(r), wanted: this.feed.filter.reason, filter: (name, value) => this.#filterBy(name, value) })
    if (r.cursor === this.selected) el.setAttribute('aria-selected', 'true')
    if (r.cursor > this.newest) el.classList.add('new')
    return el
  }

  #href(r) {
    return address('requests', this.feed.filter, r.request_id, r.request_id && { at: r.time })
  }

  #filterBy(name, value) {
    go(address('requests', toggled(this.feed.filter, name, value), this.open, { at: this.at }))
  }

  #changed(type, added) {
    const { feed } = this
    if (type === 'reset') {
      this.newest = Infinity
      if (feed.status === 'ready') this.newest = feed.items[0]?.cursor ?? 0
      this.scale = scaleFor(feed.items)
      fill(this.axis, feed.items.length > 0 && axis(this.scale))
      this.list.clear()
      if (!feed.items.some((r) => r.cursor === this.selected)) this.selected = feed.find(this.open, this.at)?.cursor || 0
    }
    if (type !== 'live') {
      this.el.classList.toggle('days', Boolean(feed.items.length && day(feed.items.at(-1).time)))
      const away = type === 'news' && this.grid.scrollTop > this.list.height / 2
      if (away) this.above = (this.above || 0) + added
      const before = this.grid.scrollTop
      this.list.set(feed.items)
      if (away) { // what is read stays where it is
        this.grid.scrollTop = before + added * this.list.height
        this.list.draw()
      }
      this.#mark()
    }
    this.grid.setAttribute('aria-rowcount', feed.next || feed.status !== 'ready' ? -1 : feed.items.length + 1)
    this.grid.setAttribute('aria-busy', feed.status === 'loading')
    this.#notes()
    this.#freshness()
    this.app.live(feed)
    if (type === 'reset' && feed.status === 'ready') say(isEmpty(feed.filter) ? '' : feed.items.length ? `${plural(feed.items.length, 'request')}${feed.next ? ' or more' : ''} match` : this.#none())
    if (type === 'older' && this.#search) say(`searched back to ${this.#searchedTo()}`)
  }

  #none() {
    return this.feed.searched ? `no match so far, searched back to ${this.#searchedTo()}` : 'no request matches'
  }

  #notes() {
    const { feed } = this
    const focused = this.#search?.contains(document.activeElement)
    this.note.hidden = feed.items.length > 0
    this.el.classList.toggle('nothing', feed.items.length === 0)
    const match = isEmpty(feed.filter) ? 'are remembered' : 'match'
    fill(this.status)
    this.#search = null
    if (feed.items.length) {
      fill(this.status, feed.olderTrouble ? [`Older requests cannot be loaded: ${feed.olderTrouble.message} `, h('button', { class: 'plain', type: 'button', on: { click: () => feed.search() } }, 'Try again')]
        : feed.searched ? [`${plural(feed.items.length, 'request')} found, searched back to ${this.#searchedTo()} `, this.#further('plain')]
          : feed.next ? `${plural(feed.items.length, 'request')} loaded, older ones follow as you scroll` : `All ${plural(feed.items.length, 'request')} that ${match}`)
    } else if (feed.status === 'loading') fill(this.note, h('div', { class: 'skeletons', 'aria-hidden': 'true' }, Array.from({ length: 12 }, () => h('div'))), h('p', { class: 'sr' }, 'Loading requests'))
    else if (feed.status === 'error') {
      regret(this.note, 'The requests cannot be loaded', feed.trouble, () => feed.load())
    } else if (feed.olderTrouble) {
      regret(this.note, 'The search cannot go on', feed.olderTrouble, () => feed.search())
    } else if (feed.searched) {
      fill(this.note, h('div', { class: 'state' }, icon('filter', 'big'), h('h2', null, 'No match so far'), h('p', null, `Searched back to ${this.#searchedTo()}. A filter by time, or by another word, makes the search faster.`), this.#further('button')))
    } else if (!isEmpty(feed.filter)) {
      fill(this.note, h('div', { class: 'state' }, icon('filter', 'big'), h('h2', null, 'No request matches'), h('p', null, 'New ones that do appear here by themselves.'),
        h('button', { class: 'button', type: 'button', on: { click: () => this.bar.clear() } }, 'Clear the filter')))
    } else fill(this.note, empty())
    if (focused) (this.#search || this.grid).focus({ preventScroll: true })
  }

  // further is the button that goes on with a search, or stops it.
  #further(look) {
    const { feed } = this
    this.#search = h('button', { class: look, type: 'button', on: { click: () => feed.searching ? feed.stop() : feed.search() } }, feed.searching ? 'Stop' : 'Search further back')
    return this.#search
  }

  #searchedTo() {
    return `${day(this.feed.searched)} ${clock(this.feed.searched)}`.trim()
  }

  // freshness says how many new requests are above the visible ones.
  #freshness() {
    if (this.grid.scrollTop <= this.list.height / 2) this.above = 0
    this.fresh.hidden = !this.above
    if (this.above) fill(this.fresh, icon('up'), `${plural(this.above, 'new request')}`)
  }

  top() {
    this.grid.scrollTop = 0
    this.above = 0
    this.#freshness()
    this.grid.focus({ preventScroll: true })
  }

  pause() {
    this.feed.pause(!this.feed.paused)
    say(this.feed.paused ? 'Paused. New requests are counted.' : 'Live')
  }

  // mark shows which row is selected.
  #mark() {
    for (const el of this.rows.querySelectorAll('[aria-selected]')) el.removeAttribute('aria-selected')
    if (this.open && !isOne(this.feed.items[this.feed.at(this.selected)], this.open, this.at)) this.selected = this.feed.find(this.open, this.at)?.cursor || this.selected
    const el = document.getElementById(`r${this.selected}`)
    if (el) {
      el.setAttribute('aria-selected', 'true')
      this.grid.setAttribute('aria-activedescendant', el.id)
    } else this.grid.removeAttribute('aria-activedescendant')
  }

  // move selects another row; if a request is open, that one is opened instead.
  move(by) {
    const { items } = this.feed
    if (!items.length) return
    const at = this.selected ? this.feed.at(this.selected) + by : 0
    this.#select(Math.max(0, Math.min(items.length - 1, at)))
  }

  #select(index) {
    const item = this.feed.items[index]
    this.selected = item.cursor
    this.list.reveal(index)
    this.#mark()
    if (this.open) go(this.#href(item), { replace: true })
  }

  #key(event) {
    if (event.target !== this.grid || event.altKey || event.ctrlKey || event.metaKey) return
    const page = Math.max(1, Math.floor(this.grid.clientHeight / this.list.height) - 2)
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page }[event.key]
    if (by) this.move(by)
    else if (event.key === 'Home') this.#select(0)
    else if (event.key === 'End') this.#select(this.feed.items.length - 1)
    else if (event.key === 'Enter') this.enter()
    else return
    event.preventDefault()
  }

  #click(event) {
    if (event.target.closest('a, button') || String(getSelection())) return
    const el = event.target.closest('.row[data-cursor]')
    if (!el) return
    this.selected = Number(el.dataset.cursor)
    this.enter()
  }

  enter() {
    const item = this.feed.items[this.feed.at(this.selected)]
    if (item?.request_id && this.selected) go(this.#href(item))
  }

  close() {
    if (!this.open) return
    go(address('requests', this.feed.filter))
    this.grid.focus({ preventScroll: true })
  }
}

const TRY = `curl http://127.0.0.1:10000/v1/chat/completions \\
  -H 'content-type: application/json' \\
  -d '{"model": "gemini-3.8-flash", "messages": [{"role": "user", "content": "Hello"}]}'`

const empty = () => h('div', { class: 'state' }, icon('heal', 'big'), h('h2', null, 'No request yet'),
  h('p', null, 'Requests appear here as soon as they end. Try one, at the address of your Envoy:'), h('pre', { tabindex: '0' }, TRY))
