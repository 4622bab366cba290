// A list of any length, of which only the visible rows are in the document.

import { place } from './dom.js'

const OVER = 6 // rows beyond each edge

export class VirtualList {
  // viewport scrolls, and rows is the element in it that holds the rows; each is
  // as high as the others. make(item, index) makes a row, and id(item) identifies
  // an item. nearEnd is called when the last rows come close.
  constructor({ viewport, rows, probe, make, id, nearEnd }) {
    Object.assign(this, { viewport, rows, probe, make, id, nearEnd, items: [], shown: new Map() })
    this.frame = 0
    viewport.addEventListener('scroll', () => this.later(), { passive: true })
    this.observer = new ResizeObserver(() => { this.measure(); this.later() })
    this.observer.observe(viewport)
  }

  // measure learns the height of rows from the style sheet.
  measure() {
    const before = this.height
    this.height = this.probe.getBoundingClientRect().height || before || 34
    this.offset = this.rows.offsetTop
    if (before && before !== this.height) {
      const first = (this.viewport.scrollTop || 0) / before
      this.clear()
      this.set(this.items)
      this.viewport.scrollTop = first * this.height
    }
  }

  // set replaces the items; rows of items that stay are kept.
  set(items) {
    this.items = items
    if (!this.height) this.measure()
    place(this.rows, { height: `${items.length * this.height}px` })
    this.draw()
  }

  clear() {
    this.rows.replaceChildren()
    this.shown.clear()
  }

  later() {
    this.frame ||= requestAnimationFrame(() => { this.frame = 0; this.draw() })
  }

  // range is the visible rows, and some more.
  range() {
    const top = this.viewport.scrollTop
    const first = Math.max(0, Math.floor(top / this.height) - OVER)
    const last = Math.min(this.items.length, Math.ceil((top + this.viewport.clientHeight) / this.height) + OVER)
    return [first, last]
  }

  draw() {
    if (!this.viewport.isConnected || !this.height) return
    const [first, last] = this.range()
    const keep = new Map()
    for (let i = first; i < last; i++) {
      const item = this.items[i]
      const key = this.id(item)
      let row = this.shown.get(key)
      if (row && row.item !== item) { // it was told of again
        row.el.remove()
        row = null
      }
      row ||= { item, el: this.make(item, i) }
      if (row.index !== i) {
        row.index = i
        row.el.style.transform = `translateY(${i * this.height}px)`
        row.el.setAttribute('aria-rowindex', i + 2) // the first is the head
      }
      keep.set(key, row)
      this.shown.delete(key)
    }
    for (const { el } of this.shown.values()) el.remove()
    this.shown = keep
    // In the order in which they are read aloud.
    let at = this.rows.firstChild
    for (const { el } of keep.values()) {
      if (el === at) at = at.nextSibling
      else this.rows.insertBefore(el, at)
    }
    if (last > this.items.length - 60) this.nearEnd()
  }

  // reveal scrolls as far as a row needs.
  reveal(index) {
    const top = index * this.height
    const room = this.viewport.clientHeight - this.offset
    if (top < this.viewport.scrollTop) this.viewport.scrollTop = top
    else if (top + this.height > this.viewport.scrollTop + room) this.viewport.scrollTop = top + this.height - room
    this.draw()
  }

  // redraw makes all rows anew, for example after a change of scale.
  redraw() {
    this.clear()
    this.draw()
  }
}
