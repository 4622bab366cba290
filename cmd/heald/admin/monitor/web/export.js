// The export view: the requests that match the filter, as a file.

import * as api from './api.js'
import { fill, h, icon } from './dom.js'
import { LISTS, WORDS, entries, toQuery } from './filter.js'
import { address } from './route.js'

const FORMATS = { csv: ['CSV', 'one line per request, for spreadsheets'], jsonl: ['JSON lines', 'one object per request, with its attempts and all that is known'] }
const SAMPLE = 1600 // bytes that are shown

export class Export {
  constructor(app) {
    this.app = app
    this.format = 'csv'
    this.what = h('div')
    this.sample = h('pre', { class: 'sample', tabindex: '0', role: 'region', 'aria-label': 'Beginning of the file' })
    this.save = h('a', { class: 'button primary', download: '' }, icon('save'), h('span', null, 'Download'))
    this.radios = Object.entries(FORMATS).map(([format, [name, text]]) => h('label', { class: 'option' },
      h('input', { type: 'radio', name: 'format', value: format, checked: format === 'csv', on: { change: () => { this.format = format; this.draw() } } }), h('span', null, h('b', null, name), h('small', null, text))))
    this.el = h('div', { class: 'export scroll' }, h('div', { class: 'page narrow' }, h('h1', null, 'Export'), this.what,
      h('fieldset', null, h('legend', null, 'Format'), this.radios), h('p', { class: 'actions' }, this.save), h('h2', null, 'How it begins'), this.sample))
  }

  show({ filter }) {
    this.filter = filter
    const parts = entries(filter)
    fill(this.what, parts.length ? [h('p', null, 'The requests that match this filter:'), h('ul', { class: 'chips' }, parts.map(([name, value]) => h('li', { class: 'chip set' }, h('span', { class: 'key' }, LISTS[name] || WORDS[name]), value)))]
      : h('p', null, 'All requests that are remembered. A filter in Requests is a filter here.'),
    h('p', null, h('a', { href: address('requests', filter) }, parts.length ? 'Change the filter' : 'Set a filter')))
    this.draw()
  }

  async draw() {
    const query = toQuery(this.filter)
    this.save.href = api.exportAddress(query, this.format)
    fill(this.save.querySelector('span'), `Download ${FORMATS[this.format][0]}`)
    this.abort?.abort()
    this.abort = new AbortController()
    fill(this.sample, 'searching …')
    try {
      const { text, whole } = await api.beginning(query, this.format, SAMPLE, this.abort.signal)
      fill(this.sample, text ? text + (whole ? '' : ' …') : 'nothing matches')
    } catch (err) {
      if (err.name !== 'AbortError') fill(this.sample, err.message)
    }
  }

  leave() {
    this.abort?.abort()
  }
}
