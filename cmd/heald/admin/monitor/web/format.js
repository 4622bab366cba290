// Numbers, times and money as people read them.

const NONE = '–'
const two = (n) => String(n).padStart(2, '0')

// clock is the time of day; day adds the date where it is not today's.
export function clock(t) {
  const d = new Date(t)
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`
}

export function day(t, now = new Date()) {
  const d = new Date(t)
  return d.toDateString() === now.toDateString() ? '' : `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`
}

// full is date and time with milliseconds and zone, as logs have them.
export const full = (t) => new Date(t).toISOString().replace('T', ' ')

// duration is a length of time from milliseconds.
export function duration(ms) {
  if (ms == null) return NONE
  if (ms < 999.5) return `${Math.round(ms)} ms`
  const s = ms / 1000
  if (s < 9.995) return `${s.toFixed(2)} s`
  if (s < 99.95) return `${s.toFixed(1)} s`
  return long(Math.round(s))
}

// left is the rest of a wait, rounded up: nothing is over before its time.
export const left = (ms) => long(Math.max(0, Math.ceil(ms / 1000)))

// long is whole seconds, in minutes and seconds or more.
function long(s) {
  if (s < 60) return `${s} s`
  if (s < 3600) return `${Math.floor(s / 60)} m ${two(s % 60)} s`
  if (s < 86400) return `${Math.floor(s / 3600)} h ${two(Math.floor(s % 3600 / 60))} m`
  return `${Math.floor(s / 86400)} d ${Math.floor(s % 86400 / 3600)} h`
}

const exact = new Intl.NumberFormat('en-US')
// number is exact, with separators; count is short.
export const number = (n) => n == null ? NONE : exact.format(n)

export function count(n) {
  if (n == null) return NONE
  if (n < 1000) return String(Math.round(n * 10) / 10)
  for (const [unit, size] of [['k', 1e3], ['M', 1e6], ['G', 1e9]]) {
    const v = n / size
    if (v < 9.95) return `${v.toFixed(1)}${unit}`
    if (v < 999.5) return `${Math.round(v)}${unit}`
  }
  return `${Math.round(n / 1e12)}T`
}

// money is an amount from billionths of the currency.
export function money(nano, currency) {
  if (nano == null) return NONE
  const v = nano / 1e9
  const small = v > 0 && v < 1
  const digits = !small ? 2 : Math.min(6, Math.max(2, 1 - Math.floor(Math.log10(v))))
  if (!currency) return v.toFixed(digits)
  try {
    return new Intl.NumberFormat('en-US', { style: 'currency', currency, minimumFractionDigits: small ? digits : 2, maximumFractionDigits: digits }).format(v)
  } catch {
    return `${v.toFixed(digits)} ${currency}` // no code that the browser knows
  }
}

export const percent = (share) => `${Math.round(share * 100)} %`

// plural is a number with its noun.
export const plural = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`
