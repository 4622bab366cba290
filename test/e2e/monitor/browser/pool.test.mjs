// The summary of accounts by itself, without a browser.

import assert from 'node:assert/strict'
import test from 'node:test'

const { attention, cells, totals } = await import(new URL('../../../../cmd/heald/admin/monitor/web/pool.js', import.meta.url))

const until = '2026-11-29T12:00:00Z'
const report = {
  accounts: [
    { id: 'a', backend: 'studio', group: 'g', usable: true, models: { flash: { kind: 'rate_limit', why: 'the rate limit is reached', until } } },
    { id: 'old', backend: 'studio', group: 'g', kind: 'disabled', why: 'disabled in heald.yaml' },
    { id: 'bad', backend: 'studio', group: 'h', kind: 'credential', why: 'the credential is refused' },
  ],
  groups: [{ group: 'g', model: 'flash', usable: true }],
  backends: [{ backend: 'studio', model: 'flash', usable: true, breaker: 'closed' }, { backend: 'studio', model: 'pro', usable: true, breaker: 'held back' }],
  queues: [{ tenant: 'search', kind: 'tenant_slots', why: 'all slots of the tenant are taken' }],
}

test('what needs attention, worst first, and nothing that was disabled', () => {
  assert.deepEqual(attention(report).map(({ what, name, state }) => [what, name, state.kind]), [
    ['account', 'bad', 'out'], ['backend', 'studio · pro', 'cooling'], ['tenant', 'search', 'cooling'],
  ])
})

test('the worst of account, group and backend counts in a cell', () => {
  const { models, rows } = cells(report)
  assert.deepEqual(models, ['flash', 'pro'])
  assert.deepEqual(rows.map((r) => r.cells.map((c) => c.kind)), [['cooling', 'ready'], ['out', 'out'], ['out', 'out']])
  assert.equal(rows[0].cells[0].until, until)
  assert.deepEqual(totals(rows), { ready: 1, cooling: 0, out: 2 })
})
