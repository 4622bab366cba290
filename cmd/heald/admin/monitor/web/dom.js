// Elements from values. Strings become text nodes, never HTML, so that a name
// that a client chose can only be read.

const SVG = 'http://www.w3.org/2000/svg'

// h makes an element. props are attributes, except class; data, an object of
// data-*; and on, an object of listeners. null, false and undefined leave out
// an attribute or a child.
export function h(tag, props, ...children) {
  const el = document.createElement(tag)
  for (const [name, value] of Object.entries(props || {})) {
    if (value == null || value === false) continue
    if (name === 'class') el.className = value
    else if (name === 'data') Object.assign(el.dataset, value)
    else if (name === 'on') for (const [event, f] of Object.entries(value)) el.addEventListener(event, f)
    else if (/^on|^style$/.test(name)) throw new Error(`${name} is no attribute to set`)
    else el.setAttribute(name, value === true ? '' : value)
  }
  append(el, children)
  return el
}

function append(el, children) {
  for (const c of children.flat(Infinity)) {
    if (c == null || c === false || c === '') continue
    el.append(c instanceof Node ? c : String(c))
  }
}

// fill replaces what is in an element.
export function fill(el, ...children) {
  el.replaceChildren()
  append(el, children)
  return el
}

// icon is one of the symbols of index.html. Words beside it say what it means.
export function icon(name, className = '') {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('class', `icon ${className}`)
  svg.setAttribute('aria-hidden', 'true')
  const use = document.createElementNS(SVG, 'use')
  use.setAttribute('href', `#i-${name}`)
  svg.append(use)
  return svg
}

// hidden is text for screen readers.
export const hidden = (...text) => h('span', { class: 'sr' }, ...text)

// place sets lengths, in percent unless they have a unit, through the object
// model: the policy forbids the attribute.
export function place(el, lengths) {
  for (const [name, value] of Object.entries(lengths)) el.style.setProperty(name, typeof value === 'number' ? `${value}%` : value)
  return el
}

// link leads to another site, in a new tab. Anything but a web address, such as
// "javascript:", is only text.
export function link(href, ...children) {
  if (!/^https?:\/\//.test(href || '')) return h('span', null, ...children)
  return h('a', { href, target: '_blank', rel: 'noopener noreferrer' }, ...children, hidden(' (opens a new tab)'))
}

// say announces something to screen readers, after the current text.
export function say(text) {
  const el = document.getElementById('says')
  el.textContent = ''
  setTimeout(() => { el.textContent = text }, 60) // a change is what is read out
}

// regret says in an element that something cannot be shown, why, and what to do. What
// stands there already stays: who reads it, or is about to press its button, is not
// disturbed when a question fails again.
export function regret(el, what, err, again) {
  const login = err.status === 401
  const next = h('div', { class: 'state', role: 'alert' }, icon('cross', 'big'), h('h2', null, what), h('p', null, err.message),
    h('button', { class: 'button', type: 'button', on: { click: login ? () => location.reload() : again } }, login ? 'Log in again' : 'Try again'))
  if (el.textContent !== next.textContent) fill(el, next)
}

// copy puts a text, or a promise of one, on the clipboard. Where the browser does
// not allow it, as on a page without TLS, a dialog shows the text.
export async function copy(text, what) {
  try {
    if (text instanceof Promise && window.ClipboardItem) {
      const blob = text.then((t) => new Blob([t], { type: 'text/plain' }))
      await navigator.clipboard.write([new ClipboardItem({ 'text/plain': blob })])
    } else await navigator.clipboard.writeText(await text)
    toast(`${what} copied`)
  } catch {
    try {
      showText(await text, what)
    } catch (err) {
      toast(`${what}: ${err.message}`)
    }
  }
}

function showText(text, what) {
  const area = h('textarea', { readonly: true, rows: 16, 'aria-label': what })
  area.value = text
  const dialog = h('dialog', { class: 'dialog', 'aria-label': what },
    h('h2', null, what), h('p', null, 'This browser does not let the page copy. Copy the text from here:'), area,
    h('div', { class: 'actions' }, h('button', { class: 'button', on: { click: () => dialog.close() } }, 'Close')))
  dialog.addEventListener('close', () => dialog.remove())
  document.body.append(dialog)
  dialog.showModal()
  area.select()
}

let toastTimer
// toast shows a line for some seconds, and says it.
export function toast(text) {
  const el = document.getElementById('toast')
  el.textContent = text
  el.hidden = false
  say(text)
  clearTimeout(toastTimer)
  toastTimer = setTimeout(() => { el.hidden = true }, 3500)
}
