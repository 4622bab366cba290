// Numbers and times by themselves, without a browser.

import assert from 'node:assert/strict'
import test from 'node:test'

const { count, duration, left, money } = await import(new URL('../../../../cmd/heald/admin/monitor/web/format.js', import.meta.url))

test('what took time is rounded, and what is left is rounded up', () => {
  for (const [ms, took, rest] of [
    [0, '0 ms', '0 s'], [999.4, '999 ms', '1 s'], [999.6, '1.00 s', '1 s'], [9994, '9.99 s', '10 s'], [9996, '10.0 s', '10 s'], [99949, '99.9 s', '1 m 40 s'],
    [100100, '1 m 40 s', '1 m 41 s'], [119600, '2 m 00 s', '2 m 00 s'], [3600000, '1 h 00 m', '1 h 00 m'], [90000000, '1 d 1 h', '1 d 1 h'],
  ]) {
    assert.equal(duration(ms), took)
    assert.equal(left(ms), rest)
  }
  assert.equal(left(-1), '0 s')
  assert.equal(duration(null), '–')
})

test('counts and money', () => {
  assert.deepEqual([0, 999, 1000, 9949, 9950, 999499, 999500, 1e12].map(count), ['0', '999', '1.0k', '9.9k', '10k', '999k', '1.0M', '1T'])
  assert.deepEqual([0, 1234567, 50000000, 1500000000].map((n) => money(n, 'USD')), ['$0.00', '$0.0012', '$0.050', '$1.50'])
})
