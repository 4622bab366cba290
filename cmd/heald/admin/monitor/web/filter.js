// Which requests are shown: the same fields in the address of the page and in
// its requests to the server.

// LISTS are the fields that take several values, with their headings.
export const LISTS = { outcome: 'Outcome', reason: 'Reason', api: 'API', tenant: 'Tenant', model: 'Model', backend: 'Backend', account: 'Account' }
// WORDS are fields that take one value.
export const WORDS = { q: 'Text', id: 'Request or trace id', since: 'Since', until: 'Until' }

// SPANS are the values of "since" other than a time, in milliseconds.
export const SPANS = { __proto__: null, '5m': 3e5, '15m': 9e5, '1h': 36e5, '6h': 216e5, '24h': 864e5 }

// parse reads a filter from URLSearchParams.
export function parse(params) {
  const f = {}
  for (const name of Object.keys(LISTS)) f[name] = [...new Set(params.getAll(name).filter(Boolean))]
  for (const name of Object.keys(WORDS)) f[name] = params.get(name) || ''
  return f
}

// toParams writes what parse reads.
export function toParams(f) {
  const out = new URLSearchParams()
  for (const name of Object.keys(LISTS)) for (const v of f[name]) out.append(name, v)
  for (const name of Object.keys(WORDS)) if (f[name]) out.set(name, f[name])
  return out
}

// isTime reports whether "since" or "until" can be understood.
export const isTime = (value) => Boolean(SPANS[value]) || !Number.isNaN(Date.parse(value))

// toQuery is for the server, which takes times, not spans. It leaves out what is no
// time; the bar of filters says so.
export function toQuery(f, now = Date.now()) {
  const out = toParams(f)
  for (const name of ['since', 'until']) {
    if (!f[name]) continue
    if (!isTime(f[name])) out.delete(name)
    else out.set(name, new Date(SPANS[f[name]] ? now - SPANS[f[name]] : Date.parse(f[name])).toISOString())
  }
  return out
}

// entries are the parts of a filter, as [field, value].
export const entries = (f) => [...toParams(f)]
export const isEmpty = (f) => entries(f).length === 0

// toggled is the filter with a value more, or less if it has it.
export function toggled(f, name, value) {
  if (!LISTS[name]) return { ...f, [name]: f[name] === value ? '' : value }
  return { ...f, [name]: f[name].includes(value) ? f[name].filter((v) => v !== value) : [...f[name], value] }
}
