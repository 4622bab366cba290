// The panel with the story of one request.

import * as api from './api.js'
import { copy, fill, h, icon, link, say } from './dom.js'
import { fateChip, reasons, verdictChip } from './fate.js'
import { clock, count, day, duration, full, money, number, plural } from './format.js'
import { model, reasonChip } from './row.js'
import { axis, bar, inWords, legend, scaleFor, spans } from './waterfall.js'

export class Detail {
  // close, step(±1) and filter(name, value) are called by its buttons.
  constructor({ app, close, step, filter }) {
    Object.assign(this, { app, filter })
    this.title = h('h2', { id: 'detail-title', tabindex: '-1' })
    this.body = h('div', { class: 'detail-body' })
    const button = (symbol, text, click) => h('button', { class: 'tool', type: 'button', 'aria-label': text, title: text, on: { click } }, icon(symbol))
    this.el = h('section', { class: 'detail', 'aria-labelledby': 'detail-title', hidden: true, on: { keydown: (event) => { if (event.key === 'Escape') { event.stopPropagation(); close() } } } },
      h('header', null, this.title, h('div', { class: 'tools' }, button('up', 'Newer request (k)', () => step(-1)), button('down', 'Older request (j)', () => step(1)), button('cross', 'Close (Escape)', close))),
      this.body)
  }

  // show fetches a request, by its id and when it began; meanwhile it shows the data
  // from the list.
  async show(id, at, known) {
    this.abort?.abort()
    this.abort = new AbortController()
    const { signal } = this.abort
    const opened = this.el.hidden
    this.el.hidden = false
    this.id = id
    this.at = at
    this.signal = signal
    fill(this.title, 'Request')
    if (known) this.#draw(known, null)
    else fill(this.body, h('p', { class: 'faint' }, 'loading …'))
    if (opened) this.title.focus({ preventScroll: true })
    try {
      const told = await api.request(id, at, signal)
      this.#draw(told.request, told)
      say(`Request opened: ${told.request.outcome}`)
    } catch (err) {
      if (err.name === 'AbortError') return
      const why = err.status === 404 ? 'It is not remembered: it is too old, it has not ended, or another replica without a shared store served it.' : ''
      fill(this.body, h('div', { class: 'state', role: 'alert' }, icon('cross', 'big'), h('h3', null, 'This request cannot be shown'), h('p', null, err.message), why && h('p', null, why), h('p', { class: 'mono' }, id)))
    }
  }

  hide() {
    this.abort?.abort()
    this.el.hidden = true
  }

  copyReport() {
    if (!this.el.hidden) copy(api.report(this.id, this.at), 'Bug report')
  }

  #draw(r, told) {
    this.body.scrollTop = 0
    fill(this.title, fateChip(r), h('span', { class: 'took' }, duration(r.duration_ms)), h('span', { class: 'when' }, `${day(r.time)} ${clock(r.time)}`.trim()))
    const trace = told?.trace_id || r.trace_id
    fill(this.body,
      h('p', { class: 'headline' }, model(r)),
      h('div', { class: 'chips' }, reasons(r).map((one) => { const el = reasonChip(one, this.filter); el.removeAttribute('tabindex'); return el })),
      h('div', { class: 'actions' },
        h('button', { class: 'button primary', type: 'button', on: { click: () => this.copyReport() } }, icon('copy'), 'Copy as bug report'),
        h('span', { class: 'faint' }, 'redacted; says how to repeat it')),
      this.#story(r, told),
      this.#fall(r),
      this.#changed(r),
      (r.attempts || []).map((a) => this.#attempt(a)),
      r.resume && this.#resume(r.resume, 'The rest of the answer'),
      this.#bodies(r),
      this.#facts(r, trace))
  }

  #story(r, told) {
    return section('What happened',
      h('ol', { class: 'story' }, told ? (told.story || []).map((s) => h('li', null, sentence(s))) : h('li', { class: 'faint' }, 'loading …')),
      told && !told.story?.length && h('p', { class: 'faint' }, 'Nothing more is known.'))
  }

  #fall(r) {
    const all = spans(r)
    if (!all.length) return null
    const scale = Math.max(r.duration_ms || 0, ...all.map((s) => s.to), 1)
    const round = nice(scale)
    return section('Where the time went',
      h('p', { class: 'sr' }, inWords(r)),
      h('div', { class: 'fall', 'aria-hidden': 'true' },
        r.attempts.map((a) => h('div', { class: 'lane' }, h('span', { class: 'lane-name', title: a.account || a.backend }, `${a.attempt} ${a.account || a.backend || ''}`),
          bar(all.filter((s) => s.attempt === a), round, { first: a.verdict === 'pass' ? r.first_content_ms : 0, broken: r.outcome === 'broken' && a === r.attempts.at(-1) }))),
        h('div', { class: 'lane' }, h('span'), axis(round))),
      h('details', { class: 'key-of' }, h('summary', null, 'What the forms mean'), legend()))
  }

  #changed(r) {
    const list = (r.warnings || '').split('; ').filter(Boolean)
    return list.length > 0 && section('What was changed in the request, and why', h('ul', { class: 'warnings' }, list.map((w) => h('li', null, w))))
  }

  #attempt(a) {
    return h('section', { class: 'attempt' },
      h('h3', null, `Attempt ${a.attempt}`, verdictChip(a), a.reason && a.reason !== 'ok' && h('span', { class: 'chip reason' }, h('span', null, a.reason))),
      a.error && h('p', { class: 'error' }, a.error),
      facts([
        ['Backend', a.backend && [a.backend, a.kind && ` (${a.kind})`]], ['Account', a.account], ['Quota group', a.group], ['Model', a.model], ['Status', a.upstream_status],
        ['Repairs', a.repairs], ['Hedged', a.hedged], ['Began after', a.began_ms && duration(a.began_ms)], ['Waited', a.waited_ms && duration(a.waited_ms)],
        ['Headers', a.headers_ms && duration(a.headers_ms)], ['Content', a.content_ms && duration(a.content_ms)], ['Held', a.held_ms && duration(a.held_ms)], ['Took', duration(a.duration_ms)],
        ['Next after', a.wait_ms && duration(a.wait_ms)], ['Tokens', a.usage && usage(a.usage)], ['Cost', a.cost_nano != null && [money(a.cost_nano, this.app.info.currency), a.cost_estimated && ' estimated']],
        ['Tier', a.tier_served || a.tier_asked], ['Asked upstream', !a.asked_upstream && !a.upstream_status && 'no'], ['Unsettled', a.unsettled && 'Envoy ended it while its reply was held'], ['Unreadable', a.unreadable],
      ]),
      a.resume && this.#resume(a.resume, `The rest of the reply of attempt ${a.attempt}`))
  }

  #resume(s, title) {
    return section(title, facts([['Result', s.result], ['Broke off by', s.cause], ['Requests', s.requests], ['Backend', s.backend], ['Account', s.account], ['Error', s.error]]))
  }

  // #bodies are fetched only when somebody asks for them, since they are what other
  // people have written. KEPT are the outcomes of which record.bodies: failed keeps them.
  #bodies(r) {
    const { bodies } = this.app.info
    if (!bodies || bodies === 'off' || (bodies === 'failed' && !KEPT.includes(r.outcome))) return null
    const out = h('div', { class: 'kept', 'aria-live': 'polite' })
    const { signal } = this
    const show = async (event) => {
      const button = event.currentTarget
      try {
        const b = await api.bodies(r.request_id, r.time, signal)
        button.hidden = true
        fill(out, kept('What the client sent', b.request), kept('What the client got', b.answer), b.expires && h('p', { class: 'faint' }, `deleted at ${full(b.expires)}`))
        out.querySelector('pre').focus({ preventScroll: true }) // the button had it
      } catch (err) {
        if (err.name !== 'AbortError') fill(out, h('p', { class: 'faint' }, err.message))
      }
    }
    return section('Bodies', h('button', { class: 'button', type: 'button', on: { click: show } }, icon('warning'), 'Show prompt and answer'), out)
  }

  #facts(r, trace) {
    const id = (text, what) => text && h('span', { class: 'copyable' }, h('code', null, text), h('button', { class: 'tool', type: 'button', 'aria-label': `Copy ${what}`, title: `Copy ${what}`, on: { click: () => copy(text, what) } }, icon('copy')))
    const only = (name, value) => value && h('button', { class: 'plain', type: 'button', title: `show only ${value}`, on: { click: () => this.filter(name, value) } }, value)
    return section('The request', facts([
      ['Request id', id(r.request_id, 'request id')], ['Trace id', id(trace, 'trace id')], ['Time', full(r.time)], ['Tenant', only('tenant', r.tenant)], ['Key', r.key_id], ['API', only('api', r.api)],
      ['Path', r.path && h('code', null, r.path)], ['Operation', r.operation], ['Asked for', r.alias], ['Answered by', only('model', r.model)], ['Answer', r.stream ? 'stream' : 'document'], ['Status', r.status],
      ['Stopped by', r.stop_reason], ['Broken by', r.broken_by], ['Client', r.client], ['Envoy ended it', r.aborted && 'yes'], ['Replica', r.replica], ['Attempts', missing(r)],
      ['Waited', r.waited_ms && duration(r.waited_ms)], ['First byte', r.first_byte_ms && duration(r.first_byte_ms)], ['First content', r.first_content_ms && duration(r.first_content_ms)], ['Took', duration(r.duration_ms)],
      ['Tokens', r.usage && usage(r.usage)], ['Cost', r.cost_nano != null && [money(r.cost_nano, this.app.info.currency), r.estimated && ' partly estimated']], ['Prices of', r.price_version],
    ]))
  }
}

const KEPT = ['failed', 'broken']

// kept shows one body, or the part of it that is kept.
const kept = (title, b) => [
  h('h4', null, title, ' ', h('span', { class: 'faint' }, `${plural(b.size, 'byte')}${b.cut ? ', of which only the beginning is kept' : ''}`)),
  h('pre', { class: 'sample', tabindex: '0', role: 'region', 'aria-label': title }, b.text ?? b.base64 ?? ''),
]

const section = (title, ...children) => h('section', null, h('h3', null, title), ...children)

// facts is a list of names and values; those without a value are left out.
const facts = (list) => h('dl', { class: 'facts' }, list.filter(([, value]) => value != null && value !== false && value !== '' && value !== 0).map(([name, value]) => h('div', null, h('dt', null, name), h('dd', null, value))))

const usage = (u) => `${number(u.input)} in${u.cached ? ` (${count(u.cached)} cached)` : ''}, ${number(u.output)} out${u.thinking ? ` (${count(u.thinking)} thinking)` : ''}${u.estimated ? ', estimated' : ''}`

// missing says that other replicas may know more attempts.
function missing(r) {
  const known = (r.attempts || []).length
  return r.tried > known ? `${plural(r.tried, 'attempt')}, ${known} known here` : r.tried
}

// sentence has a link at its log word, or at its end. The word stands in brackets:
// names of accounts and clauses may have it as well.
function sentence({ text = '', word, link: href }) {
  if (!href) return text
  if (!word) return [text, ' ', link(href, 'about this')]
  const at = text.lastIndexOf(`(${word})`)
  if (at < 0) return [text, ' ', link(href, word)]
  return [text.slice(0, at + 1), link(href, word), text.slice(at + 1 + word.length)]
}

// nice is a length that four ticks divide well, just above ms.
function nice(ms) {
  const size = 10 ** Math.floor(Math.log10(ms))
  return [1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10].map((n) => n * size).find((n) => n >= ms) ?? scaleFor([{ duration_ms: ms }])
}
