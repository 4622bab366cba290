// The page: its head, its views, and which one is shown.

import { Accounts } from './accounts.js'
import * as api from './api.js'
import { fill, h, icon, say } from './dom.js'
import { Export } from './export.js'
import { number } from './format.js'
import { help, listen } from './keys.js'
import { Now } from './now.js'
import { Requests } from './requests.js'
import { VIEWS, address, current, go } from './route.js'
import { trouble } from './trouble.js'

const THEMES = ['auto', 'light', 'dark']
const STATES = { connecting: ['dot', 'Connecting'], live: ['dot', 'Live'], down: ['broken', 'Connection lost, trying again'] }

const AGAIN = 10000 // ms between questions whether the store is in trouble

const $ = (id) => document.getElementById(id)

const app = { info: {}, filter: current().filter, live }
const views = { requests: new Requests(app), accounts: new Accounts(app), now: new Now(app), export: new Export(app) }
let shown = ''
let paused = false

// show makes the page match its address.
function show() {
  const route = current()
  if (route.view === 'requests' || route.view === 'export') app.filter = route.filter
  const view = views[route.view]
  if (shown !== route.view) {
    views[shown]?.leave?.()
    shown = route.view
    fill($('view'), view.el)
    document.title = `heald · ${VIEWS[shown]}`
    view.enter?.()
  }
  for (const a of document.querySelectorAll('#nav a')) {
    if (a.dataset.view === shown) a.setAttribute('aria-current', 'page')
    else a.removeAttribute('aria-current')
    a.href = address(a.dataset.view, app.filter)
  }
  view.show?.(route)
  const { feed } = views.requests
  if (!feed.filter) feed.load(app.filter) // so that "live" is true in any view
  live(feed)
}

let before = ''
// live shows the state of the connection in the head of the page.
function live(feed) {
  const state = paused ? 'paused' : feed.live
  const n = feed.waiting()
  const [symbol, text] = paused ? ['pause', n ? `Paused · ${number(n)} new` : 'Paused'] : STATES[feed.live]
  $('live').className = `live is-${state}`
  fill($('live'), icon(symbol), h('span', null, text))
  fill($('pause'), icon(paused ? 'play' : 'pause'), h('span', null, paused ? 'Continue' : 'Pause'))
  if (feed.live !== before) {
    if (feed.live === 'down') say('Connection lost')
    else if (before === 'down') say('Connected again')
    if (feed.live === 'live') $('over').hidden = true // logged in again, in another tab
    before = feed.live
  }
}

function pause() {
  paused = !paused
  for (const view of Object.values(views)) view.pause?.()
  live(views.requests.feed)
}

function theme() {
  const next = THEMES[(THEMES.indexOf(window.healdTheme.get()) + 1) % THEMES.length]
  window.healdTheme.set(next)
  themeButton()
  say(`Theme ${next}`)
}

function themeButton() {
  const now = window.healdTheme.get()
  $('theme').setAttribute('aria-label', `Theme: ${now}`)
  $('theme').title = `Theme: ${now} (t)`
  fill($('theme'), icon(`theme-${now}`))
}

// look asks again and again whether the store is in trouble, unless nobody answers.
async function look() {
  if (views.requests.feed.live !== 'down' && !document.hidden) await api.info().then((info) => { app.info = info; trouble($('trouble'), info.trouble) }, () => {})
  setTimeout(look, AGAIN)
}

async function tell() {
  try {
    app.info = await api.info()
  } catch {
    setTimeout(tell, 5000)
    return
  }
  trouble($('trouble'), app.info.trouble)
  setTimeout(look, AGAIN)
  const { version, replica, store, bodies } = app.info
  fill($('about'), [version && `heald ${version}`, replica, store && `history in ${store}`].filter(Boolean).join(' · '))
  if (shown) show()
  if (shown === 'requests') views.requests.currency()
  $('logout').hidden = !app.info.session
  $('bodies').hidden = !bodies || bodies === 'off'
  if (!$('bodies').hidden) fill($('bodies'), icon('warning'), h('b', null, 'Bodies are kept. '), h('span', null, bodies === 'all' ? 'Prompts and answers of all requests are stored with the history (record.bodies: all).' : 'Prompts and answers of failed requests are stored with the history (record.bodies: failed).'))
}

fill($('nav'), Object.entries(VIEWS).map(([view, text]) => h('a', { href: address(view), data: { view } }, icon(`view-${view}`), h('span', null, text))))
$('pause').addEventListener('click', pause)
$('theme').addEventListener('click', theme)
$('help').addEventListener('click', help)
fill($('logout'), icon('left'))
$('logout').addEventListener('click', async () => { await api.logout().catch(() => {}); location.assign('/') })
api.session.addEventListener('over', () => {
  if (!$('over').hidden) return
  $('over').hidden = false
  fill($('over'), icon('warning'), h('b', null, 'You are logged out. '), h('span', null, 'What is shown stays, and nothing new comes.'), h('a', { href: '/login' }, 'Log in'))
})
$('skip').addEventListener('click', (event) => { event.preventDefault(); (document.querySelector('#view .grid') || $('view')).focus() })
addEventListener('hashchange', show)
const to = (view) => () => go(address(view, app.filter))
const inRequests = (f) => () => { if (shown === 'requests') f(views.requests) }
listen({
  1: to('requests'), 2: to('accounts'), 3: to('now'), 4: to('export'), '?': help, p: pause, t: theme,
  '/': () => { to('requests')(); setTimeout(() => views.requests.bar.focus()) },
  j: inRequests((v) => v.move(1)), k: inRequests((v) => v.move(-1)), c: inRequests((v) => v.detail.copyReport()), Escape: inRequests((v) => v.close()),
})
themeButton()
await Promise.race([tell(), new Promise((done) => setTimeout(done, 400))]) // amounts need their currency
show()
