// The connection for updates by itself, without a browser and in no time.

import assert from 'node:assert/strict'
import test from 'node:test'

const connections = []
globalThis.EventSource = class extends EventTarget {
  static CLOSED = 2
  readyState = 0
  constructor() {
    super()
    connections.push(this)
  }
  close() { this.readyState = 2 }
}
const { Live } = await import(new URL('../../../../cmd/heald/admin/monitor/web/live.js', import.meta.url))

test('a heald that says nothing any more is not live', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const told = []
  const live = new Live({ state: (state) => told.push(state), again: () => told.push('again'), request: () => {}, lost: () => {} })
  const say = (type, data = '{}') => connections.at(-1).dispatchEvent(Object.assign(new Event(type), { data }))
  live.open('')
  say('open')
  for (let i = 0; i < 10; i++) {
    t.mock.timers.tick(15000)
    say('quiet')
  }
  assert.deepEqual(told, ['connecting', 'live'])
  t.mock.timers.tick(41000)
  assert.deepEqual(told, ['connecting', 'live', 'down'])
  assert.deepEqual(connections.map((c) => c.readyState), [2, 0])
  say('open')
  assert.deepEqual(told.slice(3), ['live', 'again'])
  live.close()
  t.mock.timers.tick(100000)
  assert.equal(connections.length, 2, 'it connects after it was closed')
})
