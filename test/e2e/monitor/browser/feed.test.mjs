// The list of requests by itself, without a browser: what a paused page keeps.

import assert from 'node:assert/strict'
import test from 'node:test'

// No test waits for the connection's patience.
const wait = setTimeout
globalThis.setTimeout = (f, ms) => ms > 10000 ? wait(f, ms).unref() : wait(f, ms)

// The page's modules expect a browser's connection and heald's API.
let connection
const steps = [] // what was opened and asked for
globalThis.EventSource = class extends EventTarget {
  static CLOSED = 2
  readyState = 1
  constructor() {
    super()
    connection = this
    wait(() => { steps.push('open'); this.dispatchEvent(new Event('open')) }, 20)
  }
  close() {}
}
let newest = 100
const page = () => ({ requests: Array.from({ length: 200 }, (_, i) => ({ cursor: newest - i, request_id: `r${newest - i}` })), next: newest - 200 })
globalThis.fetch = async (path) => (steps.push(path.split('?')[0]), { ok: true, json: async () => page(), headers: new Map() })

const web = new URL('../../../../cmd/heald/admin/monitor/web/', import.meta.url)
const { Feed } = await import(new URL('feed.js', web))
const { parse } = await import(new URL('filter.js', web))

const say = (type, data) => connection.dispatchEvent(Object.assign(new Event(type), { data: JSON.stringify(data) }))
const settled = () => new Promise((resolve) => setTimeout(resolve, 600)) // two beats

test('a paused page keeps its list when events were lost, and catches up when it goes on', async () => {
  const feed = new Feed()
  await feed.load(parse(new URLSearchParams()))
  assert.deepEqual(steps, ['open', '/api/requests'], 'what ends in between would be missed')
  await settled()
  feed.pause(true)
  newest = 150 // fifty came, and the server dropped them
  say('lost', { lost: 50 })
  newest = 151
  say('request', { cursor: 151, request_id: 'r151' })
  await settled()
  assert.equal(feed.items[0].cursor, 100, 'the list changed while it was paused')
  feed.pause(false)
  await settled()
  assert.deepEqual(feed.items.slice(0, 60).map((item) => item.cursor), Array.from({ length: 60 }, (_, i) => 151 - i))

  feed.pause(true)
  newest = 1000 // more than a page
  say('lost', { lost: 849 })
  await settled()
  assert.equal(feed.items[0].cursor, 151, 'the list changed while it was paused')
  feed.pause(false)
  await settled()
  assert.equal(feed.items[0].cursor, 1000)
  assert.equal(feed.items.at(-1).cursor, 801)
})

test('a list that is cut while older requests are on their way has no gap', async () => {
  const at = (cursor) => ({ cursor, request_id: `r${cursor}` })
  const down = (first, n) => Array.from({ length: n }, (_, i) => at(first - i))
  const feed = new Feed()
  await feed.load(parse(new URLSearchParams()))
  await settled()
  feed.items = down(40000, 30000)
  feed.next = 10001
  let answer
  const asked = []
  globalThis.fetch = (path) => new Promise((resolve) => {
    const before = Number(new URL(path, 'http://heald').searchParams.get('before'))
    asked.push(before)
    answer = () => resolve({ ok: true, json: async () => ({ requests: down(before - 1, 500), next: before - 500 }), headers: new Map() })
  })
  const older = feed.older()
  for (let i = 1; i <= 10; i++) say('request', at(40000 + i))
  await settled()
  assert.equal(feed.items.at(-1).cursor, 10011, 'the list was not cut')
  answer()
  await settled()
  answer()
  await older
  assert.deepEqual(asked, [10001, 10011])
  assert.equal(feed.items.findIndex((item, i) => i > 0 && item.cursor !== feed.items[i - 1].cursor - 1), -1, 'there is a gap')
})
