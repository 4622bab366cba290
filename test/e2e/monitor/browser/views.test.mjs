// Detail, accounts, now and export: what they show, and what their buttons do.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ask, open, picture, rows, set, until } from './page.mjs'

test('detail: story, attempts, warnings, trace, report', async () => {
  const { requests: [one] } = await ask('/api/requests?reason=signature_repair&q=strict&api=chat')
  const page = await open(`#/requests/${one.request_id}`)
  const panel = page.locator('.detail')
  await panel.getByText('What happened').waitFor()
  await until(page, () => document.querySelector('.story li a'))
  assert.ok(await panel.locator('.story li').count() > one.attempts.length)
  assert.match(await panel.locator('.story a').first().getAttribute('href'), /^https:.*OPERATING.md#/)
  for (const text of ['tools.0.strict: left out, since Gemini has no such field', 'Thought signature is not valid', one.trace_id, one.request_id, 'Attempt 2', 'strip_signatures']) await panel.getByText(text).first().waitFor()
  assert.equal(await panel.locator('.fall .lane').count(), one.attempts.length + 1)
  await panel.getByRole('button', { name: 'Copy as bug report' }).click()
  await page.getByText('Bug report copied').first().waitFor()
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /heald translate/)
  await panel.getByRole('button', { name: 'Copy trace id' }).click()
  await until(page, () => document.getElementById('toast').textContent.includes('trace id'))
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), one.trace_id)
  await page.done()
})

test('the bug report is shown where the browser copies nothing', async () => {
  const { requests: [one] } = await ask('/api/requests?outcome=failed')
  const page = await open(`#/requests/${one.request_id}`, { permissions: [] })
  await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }))
  await page.getByRole('button', { name: 'Copy as bug report' }).click()
  await until(page, (id) => document.querySelector('dialog textarea')?.value.includes('heald translate'))
  await page.getByRole('button', { name: 'Close', exact: true }).click()
  await page.done()
})

test('a request that is not remembered', async () => {
  const page = await open('#/requests/4711', { quiet: [/404/] })
  await page.getByText('no request with this id is remembered').waitFor()
  await picture(page, 'detail-unknown')
  await page.done()
})

test('the waterfall is to scale', async () => {
  const page = await open()
  await rows(page)
  const wrong = await page.evaluate(async () => {
    const { requests } = await (await fetch('/api/requests?limit=200')).json()
    const scale = 20000
    const bad = []
    for (const el of document.querySelectorAll('.rows .row')) {
      const r = requests.find((x) => String(x.cursor) === el.dataset.cursor)
      const last = r?.attempts.at(-1)
      const span = [...el.querySelectorAll('.span')].at(-1)
      if (!last || last.verdict !== 'pass') continue
      const box = span.parentNode.getBoundingClientRect()
      const end = (span.getBoundingClientRect().right - box.left) / box.width
      const want = Math.min(1, ((last.began_ms || 0) + last.duration_ms) / scale)
      if (Math.abs(end - want) > 0.01) bad.push([r.cursor, end, want])
    }
    return { bad, axis: document.querySelector('.heads .axis span:last-child').textContent }
  })
  assert.deepEqual(wrong, { bad: [], axis: '20 s' })
  await page.done()
})

test('accounts: each state, and countdowns', async () => {
  const page = await open('#/accounts')
  await page.locator('.matrix table').waitFor()
  const row = (name) => page.locator('.matrix tbody tr', { hasText: name })
  await row('search-1').getByText('ready').first().waitFor()
  await row('search-2').getByText('busy').first().waitFor()
  await row('ads-2').getByText('credential').first().waitFor()
  await row('old').getByText('disabled').first().waitFor()
  const clock = row('ads-1').locator('time').first()
  const before = parseInt(await clock.textContent())
  assert.ok(before > 20 && before <= 29, `cooling ${before} s`)
  const end = await clock.getAttribute('datetime') // the server tells a later one each time
  await until(page, (was) => document.querySelector('.matrix time').dateTime !== was, end)
  assert.ok(parseInt(await clock.textContent()) > 20, 'it counts down to an end that has moved')
  for (const title of ['Limits', 'Backends', 'Tenants', 'Queues', 'Access tokens', 'Accounts and models']) await page.getByRole('heading', { name: title }).waitFor()
  await page.getByText('60 of 60').first().waitFor()
  await page.getByText('learned').first().waitFor()
  await page.locator('.backends').getByText('held back').waitFor()
  await page.getByRole('button', { name: /Show all/ }).click()
  assert.equal(await page.locator('.troubles li').count(), 13)
  await page.locator('.scroll').evaluate((el) => { el.scrollTop = 600 })
  await picture(page, 'accounts-below')
  await page.locator('.scroll').evaluate((el) => { el.scrollTop = 1400 })
  await picture(page, 'accounts-end')
  await page.done()
})

test('a question that fails again does not take the button away', async () => {
  await set({ down: 'yes' })
  const page = await open('#/accounts', { quiet: [/503/, /Failed to load resource/] })
  let asked = 0
  page.on('response', (r) => { if (r.url().endsWith('/api/accounts')) asked++ })
  await page.getByText('The accounts cannot be loaded').waitFor()
  await page.getByRole('button', { name: 'Try again' }).focus()
  while (asked < 2) await page.waitForResponse('**/api/accounts')
  await new Promise((done) => setTimeout(done, 100))
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Try again')
  await set()
  await page.keyboard.press('Enter')
  await page.locator('.matrix table').waitFor()
  await page.done()
})

test('now: an hour and a day, with tables', async () => {
  const page = await open('#/now')
  await page.locator('.chart canvas').nth(6).waitFor()
  assert.equal(await page.locator('.chart').count(), 7)
  const colors = await page.evaluate(() => {
    const canvas = document.querySelectorAll('.chart canvas')[1]
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    let seen = 0
    for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200 && Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]) > 40) seen++
    return seen
  })
  assert.ok(colors > 1000, `${colors} pixels have a color`)
  await page.getByRole('button', { name: 'Day' }).click()
  await page.getByText('in steps of 10 minutes').waitFor()
  assert.match(page.url(), /#\/now\?span=24h/)
  await page.getByText('As a table').nth(1).click()
  await page.locator('.chart').nth(1).locator('tbody tr').nth(143).waitFor()
  await picture(page, 'now-day')
  await page.done()
})

test('now: each backend has its lines, however many there are', async () => {
  const page = await open('#/requests')
  await rows(page)
  const told = await ask('/api/now')
  const names = Array.from({ length: 12 }, (_, i) => `backend-${i}`)
  const lines = Object.fromEntries(names.map((name, i) => [name, told.rate_limited.map(() => 100 * (i + 1))]))
  await page.route('**/api/now?**', (route) => route.fulfill({ json: { ...told, first_content_p50: lines, first_content_p95: lines } }))
  await page.keyboard.press('3')
  await page.locator('.chart').first().getByText('backend-11 p95').waitFor()
  assert.equal(await page.locator('.chart').first().locator('.chart-legend li').count(), 24)
  await page.done()
})

test('export: what the filter shows, as CSV and JSON lines', async () => {
  const { requests } = await ask('/api/requests?outcome=broken&limit=100000')
  const page = await open('#/requests?outcome=broken')
  await rows(page)
  await page.getByRole('link', { name: 'Export' }).click()
  const save = async (name) => {
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name }).click()])
    return readFileSync(await download.path(), 'utf8').trim().split('\n')
  }
  const csv = await save('Download CSV')
  assert.equal(csv.length, requests.length + 1)
  assert.ok(csv.slice(1).every((line) => line.includes('broken')))
  await page.getByText('JSON lines').click()
  const lines = await save('Download JSON lines')
  assert.deepEqual(lines.map((line) => JSON.parse(line).request_id), requests.map((r) => r.request_id))
  await page.done()
})

test('names of clients are text, wherever they are shown', async () => {
  const { requests: [one] } = await ask('/api/requests?q=window.pwned')
  const told = await ask(`/api/requests/${one.request_id}`)
  const bad = { text: 'see here', word: 'here', link: 'javascript:window.pwned=3' }
  const twice = { text: 'attempt 1 at tokyo-1: 200, passed on (ok) after 1.0 s', word: 'ok', link: 'https://example.com/#ok' }
  const page = await open('#/requests?q=window.pwned')
  await rows(page)
  assert.ok((await page.locator('.rows .model').first().textContent()).startsWith('<img src=x onerror='))
  await page.route(`**/api/requests/${one.request_id}`, (route) => route.fulfill({ json: { ...told, story: [bad, twice, ...told.story] } }))
  await page.goto(`${process.env.MONITOR_URL}/#/requests/${one.request_id}?q=window.pwned`)
  await page.getByText('see here').waitFor()
  assert.deepEqual(await page.locator('.story li').nth(1).evaluate((li) => [...li.childNodes].map((n) => n.firstChild?.textContent ?? n.textContent)), ['attempt 1 at tokyo-1: 200, passed on (', 'ok', ') after 1.0 s'])
  assert.equal(await page.locator('a[href^="javascript:"]').count(), 0)
  assert.equal(await page.locator('main img').count(), 0)
  await page.locator('.error').first().waitFor()
  await picture(page, 'detail-evil')
  await page.locator('[data-menu=tenant]').click()
  await page.locator('.popover .value').nth(2).waitFor()
  await page.keyboard.press('Escape')
  await page.goto(`${process.env.MONITOR_URL}/#/export?tenant=${encodeURIComponent('<img src=x onerror="window.pwned=4">')}&q=%3Cscript%3Ewindow.pwned%3D5%3C%2Fscript%3E`)
  await page.locator('.page .chip.set').first().waitFor()
  await page.done()
})
