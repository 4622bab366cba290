// Keys of one character, and the dialog that lists them. They can be switched
// off, for users of speech input.

import { h } from './dom.js'

const KEY = 'heald.keys'

export const KEYS = [
  ['1 2 3 4', 'Requests, Accounts, Now, Export'], ['/', 'Search'], ['j k', 'Next and previous request'], ['Enter', 'Open the request'], ['Escape', 'Close it, or leave a field'],
  ['c', 'Copy the open request as a bug report'], ['p', 'Pause, or continue'], ['t', 'Theme: automatic, light, dark'], ['?', 'These keys'],
]

const stored = () => { try { return localStorage.getItem(KEY) !== 'off' } catch { return true } }
let on = stored()

// listen calls actions[key]() for keys that are pressed outside of fields.
export function listen(actions) {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
    const field = event.target.closest?.('input, select, textarea')
    if (event.key === 'Escape' && field && field.type !== 'checkbox') return field.blur()
    if (field || document.querySelector('dialog[open], :popover-open')) return // Escape closes those first
    if (event.key !== 'Escape' && !on) return
    const act = actions[event.key]
    if (!act) return
    event.preventDefault()
    act()
  })
}

// help shows the keys.
export function help() {
  const box = h('input', { type: 'checkbox', checked: on, on: { change: () => { on = box.checked; try { localStorage.setItem(KEY, on ? 'on' : 'off') } catch { /* as long as the page */ } } } })
  const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': 'keys-title' },
    h('h2', { id: 'keys-title' }, 'Keys'),
    h('dl', { class: 'keys' }, KEYS.map(([keys, text]) => h('div', null, h('dt', null, keys.split(' ').map((k) => h('kbd', null, k))), h('dd', null, text)))),
    h('p', { class: 'faint' }, 'In the list: arrows, Page Up, Page Down, Home, End.'),
    h('label', { class: 'value' }, box, h('span', null, 'Keys of one character are on')),
    h('div', { class: 'actions' }, h('button', { class: 'button primary', type: 'button', autofocus: true, on: { click: () => dialog.close() } }, 'Close')))
  dialog.addEventListener('close', () => dialog.remove())
  document.body.append(dialog)
  dialog.showModal()
}
