// The requests that the page has: newest first, without gaps, bounded.

import * as api from './api.js'
import { toQuery } from './filter.js'
import { Live } from './live.js'

const FIRST = 200 // of the first page
const MORE = 500 // of each older one
const MOST = 30000 // that are kept; older ones are fetched again on demand
const WAITING = 5000 // that wait while the page is paused
const BEAT = 250 // ms between changes of what is shown

// isOne reports whether an item has this id and, where a time is given, began then.
export const isOne = (item, id, at) => item?.request_id === id && (!at || item.time === at)

export class Feed extends EventTarget {
  items = []
  next = 0 // cursor of what is older; 0 if there is nothing
  searched = '' // the time that the search has come back to, where it has stopped since it took long
  searching = false // it goes on, since somebody asked for it
  status = 'loading' // loading, ready or error
  trouble = null
  live = 'connecting'
  paused = false
  fresh = [] // came while paused or since the last beat
  missed = false // something may not have come; the next flush fetches it
  lost = 0 // events that the server dropped for us, since the last load
  #abort = new AbortController()
  #older = null
  #beat = 0
  #live = new Live({
    request: (item) => this.#came(item),
    lost: (n) => { this.lost += n; this.#catchUp() },
    again: () => this.#catchUp(),
    refused: () => api.info().catch(() => {}), // who is not let in any more learns it
    state: (state) => { this.live = state; this.#tell('live') },
  })

  // load begins anew with a filter.
  async load(filter = this.filter) {
    this.filter = filter
    this.#abort.abort()
    this.#abort = new AbortController()
    const { signal } = this.#abort
    this.#older = null
    Object.assign(this, { items: [], fresh: [], next: 0, searched: '', searching: false, lost: 0, missed: false, status: 'loading', trouble: null, olderTrouble: null })
    clearTimeout(this.#beat)
    this.#beat = 0
    this.#tell('reset')
    try {
      // The connection opens before the page is loaded, so that nothing in
      // between is missed.
      this.query = toQuery(filter)
      await this.#live.open(this.query)
      if (signal.aborted) return
      const page = await api.requests(this.query, 0, FIRST, signal)
      this.items = page.requests || []
      this.#took(page)
      this.status = 'ready'
    } catch (err) {
      if (err.name === 'AbortError') return
      this.status = 'error'
      this.trouble = err
    }
    this.#tell('reset')
    this.#flushSoon()
  }

  // older fetches the next page; it does nothing while one is on its way, or where
  // that may take long and nobody asked for it.
  older() {
    if (!this.next || this.searched || this.status !== 'ready') return null
    return this.#fetch()
  }

  // search goes on until something is found, or stop is called.
  search() {
    if (!this.next || this.status !== 'ready') return null
    this.searching = true
    this.#tell('live')
    return this.#fetch()
  }

  stop() {
    this.searching = false
    this.#tell('live')
  }

  #fetch() {
    this.#older ??= this.#fetchOlder(this.#abort.signal).finally(() => { this.#older = null })
    return this.#older
  }

  async #fetchOlder(signal) {
    try {
      for (let more = true; more;) {
        const from = this.next
        const page = await api.requests(this.query, from, MORE, signal)
        if (this.next !== from) continue // the list was cut meanwhile: this is older than what follows
        const found = page.requests || []
        this.items = this.items.concat(found)
        this.#took(page)
        more = this.searching && this.searched && !found.length
        if (more) this.#tell('live')
      }
      this.searching = false
      this.olderTrouble = null
      this.#tell('older')
    } catch (err) {
      if (err.name === 'AbortError') return
      this.searching = false
      this.olderTrouble = err
      this.#tell('live')
    }
  }

  #took(page) {
    this.next = page.next || 0
    this.searched = page.searched_to || ''
  }

  pause(paused) {
    this.paused = paused
    this.#tell('live')
    if (!paused) this.#flush()
  }

  // waiting is how many came while the page is paused.
  waiting() {
    const top = this.items[0]?.cursor ?? -1
    return this.fresh.filter((item) => item.cursor > top).length
  }

  // at is the index of a cursor in items, or where it would be.
  at(cursor) {
    let low = 0
    let high = this.items.length
    while (low < high) {
      const mid = (low + high) >> 1
      if (this.items[mid].cursor > cursor) low = mid + 1
      else high = mid
    }
    return low
  }

  // find is the request with an id that began at a time; without a time the newest.
  find(id, at) {
    return this.items.find((item) => isOne(item, id, at))
  }

  #came(item) {
    this.fresh.push(item)
    if (this.fresh.length > WAITING) {
      this.fresh.shift()
      this.missed = true
    }
    if (this.paused) this.#tell('live')
    else this.#flushSoon()
  }

  #flushSoon() {
    if (!this.#beat) this.#beat = setTimeout(() => { this.#beat = 0; if (!this.paused) this.#flush() }, BEAT)
  }

  #flush() {
    if (this.status !== 'ready') return
    if (this.missed) this.#catchUp() // while the newest item is the one before the gap
    if (!this.fresh.length) return
    const added = this.#merge(this.fresh)
    this.fresh = []
    if (added) this.#tell('news', added)
  }

  // merge puts items where they belong, and returns how many are new at the top.
  #merge(items) {
    const top = this.items[0]?.cursor ?? -1
    const news = []
    for (const item of items) {
      const i = this.at(item.cursor)
      if (this.items[i]?.cursor === item.cursor) this.items[i] = item // it is told of again
      else if (item.cursor > top) news.push(item)
      else if (i < this.items.length || !this.next) this.items.splice(i, 0, item)
    }
    news.sort((a, b) => b.cursor - a.cursor)
    const added = news.filter((item, i) => item.cursor !== news[i - 1]?.cursor)
    this.items = added.concat(this.items)
    if (this.items.length > MOST) {
      this.items.length = MOST
      this.#took({ next: this.items.at(-1).cursor })
    }
    return added.length || 0
  }

  // catchUp fetches requests that may have been missed, or begins anew if they
  // are more than a page. A paused page keeps what it shows: it catches up later.
  async #catchUp() {
    if (this.status === 'loading') return
    this.missed = this.paused
    if (this.paused) return
    if (this.status === 'error') return this.load()
    const newest = this.items[0]?.cursor ?? 0
    try {
      const page = await api.requests(this.query, 0, FIRST, this.#abort.signal)
      const items = page.requests || []
      if (items.length && page.next && items.at(-1).cursor > newest) return this.load()
      if (items.length && items[0].cursor < newest) return this.load() // heald was started anew, and counts anew
      for (const item of items.reverse()) if (item.cursor > newest) this.#came(item)
    } catch { /* the connection breaks as well, and comes back here */ }
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }))
  }
}
