// Requests of the page to a heald that hangs, without a browser.

import assert from 'node:assert/strict'
import test from 'node:test'

const api = await import(new URL('../../../../cmd/heald/admin/monitor/web/api.js', import.meta.url))

test('a heald that hangs is told, and who leaves the view hears nothing', async (t) => {
  const late = new AbortController()
  t.mock.method(AbortSignal, 'timeout', () => late.signal)
  globalThis.fetch = (path, { signal }) => new Promise((resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  const left = new AbortController()
  const one = api.accounts(left.signal)
  left.abort()
  await assert.rejects(one, { name: 'AbortError' })
  const asked = [api.accounts(new AbortController().signal), api.now('1h'), api.info()]
  late.abort(new DOMException('the time is over', 'TimeoutError'))
  for (const a of asked) await assert.rejects(a, { name: 'Error', status: 0, message: /^heald does not answer/ })
})
