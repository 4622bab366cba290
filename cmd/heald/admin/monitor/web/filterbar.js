// The bar that says which requests are shown, and changes it.

import * as api from './api.js'
import { copy, fill, h, hidden, icon, place } from './dom.js'
import { LISTS, SPANS, WORDS, entries, isTime, toggled } from './filter.js'

const TYPING = 250 // ms without a key until a text counts
const MANY = 12 // values from which on a menu has a search

export class FilterBar {
  // change is called with the new filter.
  constructor(change) {
    this.change = change
    this.q = this.#search('q', 'Search in everything', 'Search: model, error, client …')
    this.id = this.#search('id', 'Request or trace id', 'Request or trace id')
    this.since = h('select', { class: 'select', 'aria-label': 'Since', on: { change: () => this.#set('since', this.since.value) } })
    this.menus = h('div', { class: 'menus', id: 'menus' }, Object.entries(LISTS).map(([name, title]) => this.#menu(name, title)), this.since)
    this.more = h('button', { class: 'button more-filters', type: 'button', 'aria-expanded': 'false', 'aria-controls': 'menus', on: { click: () => this.#unfold() } }, icon('filter'), 'Filters', h('b', { class: 'badge' }))
    this.chips = h('div', { class: 'chips' })
    this.el = h('div', { class: 'filters', role: 'search', 'aria-label': 'Filter requests' },
      h('div', { class: 'line' }, this.q, this.id, this.more, this.menus), this.chips)
  }

  // show makes the bar show a filter.
  show(filter) {
    this.filter = filter
    for (const name of ['q', 'id']) {
      const input = this[name].querySelector('input')
      if (document.activeElement !== input) input.value = filter[name]
    }
    const spans = Object.keys(SPANS)
    fill(this.since, h('option', { value: '' }, 'Any time'), spans.map((s) => h('option', { value: s }, `Last ${s}`)),
      filter.since && !spans.includes(filter.since) && h('option', { value: filter.since }, `Since ${filter.since}`))
    this.since.value = filter.since
    for (const name of Object.keys(LISTS)) {
      const button = this.el.querySelector(`[data-menu="${name}"]`)
      const n = filter[name].length
      button.classList.toggle('set', n > 0)
      button.querySelector('.badge').textContent = n || ''
    }
    const all = entries(filter)
    this.more.querySelector('.badge').textContent = all.filter(([name]) => LISTS[name]).length || ''
    const shown = all.filter(([name]) => name !== 'q' && name !== 'id')
    fill(this.chips, shown.map(([name, value]) => this.#chip(name, value)),
      all.length > 0 && h('button', { class: 'plain', type: 'button', on: { click: () => this.clear() } }, 'Clear all'),
      all.length > 0 && h('button', { class: 'plain', type: 'button', on: { click: () => copy(location.href, 'Link') } }, 'Copy link'))
    this.chips.hidden = !all.length
  }

  clear() {
    for (const name of ['q', 'id']) this[name].querySelector('input').value = ''
    this.change(Object.fromEntries([...Object.keys(LISTS).map((n) => [n, []]), ...Object.keys(WORDS).map((n) => [n, ''])]))
  }

  focus() {
    this.q.querySelector('input').focus()
  }

  #set(name, value) {
    if (this.filter[name] !== value) this.change({ ...this.filter, [name]: value })
  }

  #search(name, label, placeholder) {
    let timer
    const input = h('input', {
      type: 'search', 'aria-label': label, placeholder, autocomplete: 'off', spellcheck: 'false', maxlength: 200,
      on: {
        input: () => { clearTimeout(timer); timer = setTimeout(() => this.#set(name, input.value.trim()), TYPING) },
        change: () => { clearTimeout(timer); this.#set(name, input.value.trim()) },
      },
    })
    return h('label', { class: `search ${name}` }, icon(name === 'q' ? 'search' : 'hash'), input)
  }

  // chip is a part of the filter. Of a time that is none it says that it is left out.
  #chip(name, value) {
    const wrong = (name === 'since' || name === 'until') && !isTime(value)
    return h('button', { class: `chip set${wrong ? ' warn' : ''}`, type: 'button', title: 'remove this', on: { click: () => this.change(toggled(this.filter, name, value)) } },
      h('span', { class: 'key' }, LISTS[name] || WORDS[name]), wrong ? `“${value}” is no time and is left out: write 1h or 2026-12-31T23:59` : value, icon('cross'), hidden(', remove'))
  }

  #unfold() {
    const open = this.more.getAttribute('aria-expanded') !== 'true'
    this.more.setAttribute('aria-expanded', open)
    this.el.classList.toggle('unfolded', open)
  }

  #menu(name, title) {
    const button = h('button', { class: 'select menu', type: 'button', 'aria-haspopup': 'dialog', 'aria-expanded': 'false', data: { menu: name }, on: { click: () => this.#open(name, title, button) } },
      title, h('b', { class: 'badge' }), icon('down'))
    return button
  }

  // open shows the values that are remembered, with a box to check for each.
  async #open(name, title, button) {
    const list = h('div', { class: 'values', role: 'group', 'aria-label': title }, h('p', { class: 'faint' }, 'loading …'))
    const pop = h('div', { class: 'popover', popover: 'auto', role: 'dialog', 'aria-label': `Filter by ${title}` }, list)
    pop.addEventListener('toggle', (event) => {
      button.setAttribute('aria-expanded', event.newState === 'open')
      if (event.newState === 'closed') pop.remove()
    })
    button.after(pop)
    const at = button.getBoundingClientRect()
    pop.showPopover()
    place(pop, { top: `${at.bottom + 4}px`, left: `${Math.max(8, Math.min(at.left, innerWidth - 288))}px`, 'max-height': `${Math.max(160, innerHeight - at.bottom - 16)}px` })
    let values = []
    try {
      values = (await api.facets())[name] || []
    } catch (err) {
      fill(list, h('p', { class: 'faint' }, err.message))
      return
    }
    values = [...new Set([...this.filter[name], ...values])]
    const box = (value) => h('label', { class: 'value' }, h('input', {
      type: 'checkbox', checked: this.filter[name].includes(value), on: { change: () => this.change(toggled(this.filter, name, value)) },
    }), h('span', null, value))
    const boxes = values.map(box)
    fill(list, boxes, !values.length && h('p', { class: 'faint' }, 'nothing is remembered'))
    if (values.length > MANY) {
      const input = h('input', { type: 'search', placeholder: `Find ${title.toLowerCase()}`, 'aria-label': `Find ${title}` })
      input.addEventListener('input', () => boxes.forEach((el, i) => { el.hidden = !values[i].toLowerCase().includes(input.value.toLowerCase()) }))
      pop.prepend(h('div', { class: 'find' }, input))
    }
    pop.querySelector('input')?.focus()
  }
}
