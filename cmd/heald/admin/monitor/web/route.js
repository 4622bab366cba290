// The address of the page: #/VIEW/ID?FILTER, with at=TIME for the request with this id
// that began then. The part behind # stays in the
// browser, so filters are in no log.

import { parse, toParams } from './filter.js'

export const VIEWS = { requests: 'Requests', accounts: 'Accounts', now: 'Now', export: 'Export' }

// current is the view, the id of the open request and when it began, the filter, and
// the other parameters.
export function current() {
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?')
  const [view, id = ''] = path.split('/')
  const params = new URLSearchParams(query)
  let open = ''
  try {
    open = decodeURIComponent(id)
  } catch { /* a broken address opens nothing */ }
  return { view: VIEWS[view] ? view : 'requests', open, at: params.get('at') || '', filter: parse(params), span: params.get('span') || '' }
}

// address of a view with a filter, and a request that is open.
export function address(view, filter, open = '', more = {}) {
  const params = filter ? toParams(filter) : new URLSearchParams()
  for (const [name, value] of Object.entries(more)) if (value) params.set(name, value)
  const query = params.toString()
  return `#/${view}${open ? `/${encodeURIComponent(open)}` : ''}${query ? `?${query}` : ''}`
}

// go changes the address; replace leaves no step in the browser's history.
export function go(to, { replace = false } = {}) {
  if (to === location.hash) return
  if (!replace) {
    location.hash = to
    return
  }
  history.replaceState(null, '', to)
  dispatchEvent(new HashChangeEvent('hashchange'))
}
