// The filter of the page's address by itself, without a browser.

import assert from 'node:assert/strict'
import test from 'node:test'

const { isTime, parse, toQuery } = await import(new URL('../../../../cmd/heald/admin/monitor/web/filter.js', import.meta.url))

test('what is no time stays in the filter, where the bar says so, and is not asked for', () => {
  for (const value of ['garbage', '25h', '2026-13-01', 'constructor']) {
    assert.equal(isTime(value), false, value)
    const filter = parse(new URLSearchParams({ since: value, q: 'x' }))
    assert.equal(filter.since, value)
    assert.equal(toQuery(filter).toString(), 'q=x')
  }
  for (const value of ['5m', '24h', '2026-12-31T23:59:00Z']) {
    assert.equal(isTime(value), true, value)
    assert.ok(toQuery(parse(new URLSearchParams({ until: value }))).get('until').endsWith('Z'), value)
  }
})
