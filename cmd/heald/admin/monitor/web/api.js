// All requests of the page to the server.

// Trouble says why there is no answer, for people. status is 0 if nothing came.
export class Trouble extends Error {
  constructor(message, status = 0) {
    super(message)
    this.status = status
  }
}

// session has the event "over" when the server asks for a new login.
export const session = new EventTarget()

async function get(path, signal) {
  let reply
  try {
    reply = await fetch(path, { signal, headers: { accept: 'application/json' } })
  } catch (err) {
    if (err.name === 'AbortError') throw err
    throw new Trouble('heald does not answer. Is it running, and is this still its address?')
  }
  if (reply.ok) return reply
  if (reply.status === 401) {
    session.dispatchEvent(new Event('over'))
    throw new Trouble('You are logged out: your session has ended, or the token was changed.', 401) // its words are for programs
  }
  throw new Trouble(await words(reply), reply.status)
}

async function words(reply) {
  const text = await reply.text().catch(() => '')
  try {
    const { error } = JSON.parse(text)
    if (typeof error === 'string') return error
  } catch { /* not JSON */ }
  return text.trim().slice(0, 300) || `heald answered ${reply.status}`
}

const json = async (path, signal) => (await get(path, signal)).json()

// WAIT is how long an answer may take, in ms, that heald has at hand. Without it a
// heald that hangs would look as if nothing changed.
const WAIT = 20000
const soon = (path, signal) => get(path, AbortSignal.any([AbortSignal.timeout(WAIT), signal].filter(Boolean)))

// one is the address of a request, or of a part of it. at is when it began, since
// clients use ids again; without it the newest is meant.
const one = (id, at, part = '') => `/api/requests/${encodeURIComponent(id)}${part}${at ? `?${new URLSearchParams({ at })}` : ''}`

export const bodies = (id, at, signal) => json(one(id, at, '/bodies'), signal)

// info is about the server. session says that somebody has logged in.
export async function info() {
  const reply = await soon('/api/info')
  return { ...await reply.json(), session: reply.headers.has('heald-session') }
}

// logout ends the session, which a link cannot do.
export const logout = () => fetch('/logout', { method: 'POST', redirect: 'manual' })
export const facets = () => json('/api/facets') // may be a search
export const accounts = async (signal) => (await soon('/api/accounts', signal)).json()
export const now = async (span, signal) => (await soon(`/api/now?span=${span}`, signal)).json()
export const request = (id, at, signal) => json(one(id, at), signal)
export const report = async (id, at) => (await get(one(id, at, '/report'))).text()

// requests is a page of those that are older than before.
export function requests(query, before, limit, signal) {
  const params = new URLSearchParams(query)
  params.set('limit', limit)
  if (before) params.set('before', before)
  return json(`/api/requests?${params}`, signal)
}

export const followAddress = (query) => `/api/follow?${query}`
export const exportAddress = (query, format) => `/api/export?${new URLSearchParams([['format', format], ...query])}`

// beginning is the first bytes of an export; the rest is not fetched.
export async function beginning(query, format, bytes, signal) {
  const stop = new AbortController()
  signal.addEventListener('abort', () => stop.abort())
  const reader = (await get(exportAddress(query, format), stop.signal)).body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  let whole = false
  while (text.length < bytes && !whole) {
    const { value, done } = await reader.read()
    whole = done
    if (value) text += decoder.decode(value, { stream: true })
  }
  stop.abort()
  return { text: text.slice(0, bytes), whole: whole && text.length <= bytes }
}
