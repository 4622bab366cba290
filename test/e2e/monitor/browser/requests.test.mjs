// The list: filters, news, pause, 10,000 rows, a connection that breaks.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accessible, ask, emit, open, picture, rows, set, until } from './page.mjs'

const shown = (page) => page.locator('.rows .row')
const top = (page) => page.locator('.rows .row[aria-rowindex="2"]')
const hash = (page) => page.evaluate(() => decodeURIComponent(location.hash))
// only waits until every row that can be seen has a text in a column.
const only = (page, column, text) => until(page, ([c, t]) => {
  const cells = [...document.querySelectorAll(`.rows .row .${c}`)]
  return cells.length > 0 && cells.every((el) => el.textContent.includes(t))
}, [column, text])

test('each filter', async () => {
  const page = await open()
  await rows(page)
  const facets = await ask('/api/facets')
  const choose = async (name, value) => {
    await page.locator(`[data-menu=${name}]`).click()
    await page.locator('.popover').getByText(value, { exact: true }).click()
    await page.keyboard.press('Escape')
    await until(page, (h) => location.hash.includes(h), `${name}=${value}`)
  }
  await choose('outcome', 'failed')
  await only(page, 'fate', 'failed')
  await choose('tenant', 'ads')
  await only(page, 'tenant', 'ads')
  await page.getByRole('button', { name: 'Clear all' }).click()
  await until(page, () => location.hash === '#/requests')
  await choose('api', 'responses')
  await only(page, 'api', 'responses')
  await page.getByRole('button', { name: /Clear all/ }).click()
  await choose('model', 'gpt-6')
  await only(page, 'model', 'gpt-6')
  await choose('reason', 'rate_limited')
  await only(page, 'why', 'rate_limited')
  await page.getByRole('button', { name: /Clear all/ }).click()
  for (const name of ['backend', 'account']) {
    await choose(name, facets[name].at(-1))
    await until(page, () => document.querySelectorAll('.rows .row').length > 5 && document.querySelectorAll('.chips .chip.set').length > 0)
  }
  await page.getByRole('button', { name: /Clear all/ }).click()
  await page.getByLabel('Since').selectOption('15m')
  await until(page, () => document.getElementById('list-status').textContent.startsWith('All '))
  const n = await page.evaluate(() => document.querySelector('.grid').getAttribute('aria-rowcount'))
  assert.ok(n > 50 && n < 200, `${n} of 15 minutes`)
  await page.done()
})

test('texts and ids, in the address', async () => {
  const { requests: [, , , one] } = await ask('/api/requests')
  const page = await open()
  await rows(page)
  await page.getByLabel('Request or trace id').fill(one.trace_id.slice(0, 12))
  await until(page, () => document.querySelectorAll('.rows .row').length === 1)
  assert.ok((await hash(page)).includes(`id=${one.trace_id.slice(0, 12)}`))
  await page.getByLabel('Request or trace id').fill('')
  await page.getByLabel('Search in everything').fill('thought SIGNATURE is')
  await only(page, 'why', 'signature_repair')
  await page.reload()
  await only(page, 'why', 'signature_repair')
  assert.equal(await page.getByLabel('Search in everything').inputValue(), 'thought SIGNATURE is')
  await page.getByLabel('Search in everything').fill('nothing has this text')
  await page.getByRole('heading', { name: 'No request matches' }).waitFor()
  await picture(page, 'requests-nothing-matches')
  await accessible(page, 'nothing matches')
  await page.getByRole('button', { name: 'Clear the filter' }).click()
  await rows(page)
  await page.done()
})

test('a click on a reason filters by it', async () => {
  const page = await open('#/requests?outcome=failed')
  await rows(page)
  const chip = page.locator('.rows .reason').first()
  const word = await chip.locator('span').textContent()
  await chip.click()
  await only(page, 'why', word)
  assert.equal(await hash(page), `#/requests?outcome=failed&reason=${word}`)
  await page.done()
})

test('news come by themselves, and wait while the page is paused', async () => {
  const page = await open()
  const other = []
  page.on('request', (r) => { if (/api\/(now|accounts)/.test(r.url())) other.push(r.url()) })
  await rows(page)
  await page.locator('.is-live').waitFor()
  const first = await top(page).getAttribute('id')
  await emit({ n: 3, fate: 'healed' })
  await until(page, (id) => document.querySelector('.rows .row[aria-rowindex="2"]').id !== id, first)
  assert.equal(await page.locator(`#${first}`).getAttribute('aria-rowindex'), '5')
  await page.getByRole('button', { name: 'Pause' }).click()
  const paused = await top(page).getAttribute('id')
  await emit({ n: 7 })
  await page.getByText('Paused · 7 new').waitFor()
  await picture(page, 'requests-paused')
  assert.equal(await top(page).getAttribute('id'), paused)
  await page.getByRole('button', { name: 'Continue' }).click()
  await until(page, (id) => document.getElementById(id)?.getAttribute('aria-rowindex') === '9', paused)
  assert.deepEqual(other, [], 'views that are not shown ask nothing')
  await page.done()
})

test('of requests with the same id, each row opens its own', async () => {
  for (const fate of ['failed', 'passed', 'broken']) await emit({ n: 1, fate, id: 'used-again' })
  const page = await open('#/requests?id=used-again')
  await until(page, () => document.querySelectorAll('.rows .row').length === 3)
  const fates = await page.locator('.rows .row .cell.fate').allTextContents()
  assert.equal(new Set(fates).size, 3)
  assert.equal(fates.length, 3)
  const shows = (n) => until(page, ([n, fate]) => document.querySelectorAll('.rows .row')[n].getAttribute('aria-selected') === 'true' &&
    document.querySelector('.detail h2').textContent.includes(fate) && document.querySelectorAll('.story li').length > 1, [n, fates[n]])
  for (const n of [1, 2, 0]) {
    await page.locator('.rows .row .took').nth(n).click()
    await shows(n)
  }
  await page.locator('.grid').focus()
  await page.keyboard.press('ArrowDown') // the next, older one
  await shows(1)
  await page.reload() // the address says which
  await until(page, () => document.querySelectorAll('.rows .row').length === 3)
  await shows(1)
  await page.done()
})

test('what is read stays where it is, whatever comes', async () => {
  const page = await open()
  await rows(page)
  await page.locator('.is-live').waitFor()
  await page.locator('.grid').evaluate((el) => { el.scrollTop = 1700 })
  await until(page, () => document.querySelector('.rows .row[aria-rowindex="52"]'))
  const row = page.locator('.rows .row[aria-rowindex="52"]')
  const id = await row.getAttribute('id')
  const before = (await row.boundingBox()).y
  await emit({ n: 20 })
  await page.getByText('20 new requests').waitFor()
  assert.ok(Math.abs((await page.locator(`#${id}`).boundingBox()).y - before) < 2)
  await picture(page, 'requests-new-above')
  await page.getByText('20 new requests').click()
  await until(page, () => document.querySelector('.grid').scrollTop === 0)
  await page.done()
})

test('10,000 rows: all can be reached, few are in the document', async () => {
  const page = await open()
  await rows(page)
  const all = await page.evaluate(async () => {
    const grid = document.querySelector('.grid')
    let most = 0
    let frames = 0
    while (true) {
      const before = grid.scrollTop
      grid.scrollTop += 3000
      await new Promise(requestAnimationFrame)
      await new Promise(requestAnimationFrame)
      frames++
      most = Math.max(most, document.querySelectorAll('*').length)
      if (grid.scrollTop !== before || grid.scrollTop + grid.clientHeight < grid.scrollHeight - 1) continue
      const rows = Number(grid.getAttribute('aria-rowcount'))
      if (rows > 0) return { rows, most, frames, shown: document.querySelectorAll('.rows .row').length }
      await new Promise((done) => setTimeout(done, 30))
    }
  })
  console.log(`${all.rows - 1} rows scrolled through in ${all.frames} steps, at most ${all.most} elements in the document`)
  assert.ok(all.rows >= 10001, `${all.rows} rows`)
  assert.ok(all.shown < 60, `${all.shown} rows in the document`)
  assert.ok(all.most < 3500, `${all.most} elements`)
  await until(page, (n) => [...document.querySelectorAll('.rows .row')].some((el) => el.getAttribute('aria-rowindex') === String(n)), all.rows)
  const order = await page.evaluate(async () => {
    const grid = document.querySelector('.grid')
    for (let i = 0; i < 20; i++) {
      grid.scrollTop -= 150
      await new Promise(requestAnimationFrame)
      await new Promise(requestAnimationFrame)
    }
    return [...document.querySelectorAll('.rows .row')].map((el) => Number(el.getAttribute('aria-rowindex')))
  })
  assert.deepEqual(order, order.toSorted((a, b) => a - b), 'rows are read in another order than they are seen')
  await page.locator('.grid').evaluate((el) => { el.scrollTop = el.scrollHeight })
  await until(page, (n) => [...document.querySelectorAll('.rows .row')].some((el) => el.getAttribute('aria-rowindex') === String(n)), all.rows)
  await picture(page, 'requests-end')
  await page.done()
})

test('the connection is lost and comes back, and nothing is missing', async () => {
  const page = await open('#/requests', { quiet: [/503/, /Failed to load resource/, /EventSource/] })
  await rows(page)
  await page.locator('.is-live').waitFor()
  await set({ down: 'yes', cut: 'yes' })
  await page.getByText('Connection lost').first().waitFor()
  await picture(page, 'requests-lost')
  await emit({ n: 4, fate: 'failed' })
  const { cursor } = await page.evaluate(() => ({ cursor: document.querySelector('.rows .row[aria-rowindex="2"]').dataset.cursor }))
  await set()
  await page.locator('.is-live').waitFor()
  await until(page, (c) => document.querySelector(`.rows .row[data-cursor="${c}"]`)?.getAttribute('aria-rowindex') === '6', cursor)
  await page.done()
})

test('loading, and an error', async () => {
  await set({ down: 'yes' })
  const page = await open('#/requests', { quiet: [/503/, /Failed to load resource/] })
  await page.getByText('The requests cannot be loaded').waitFor()
  await page.getByText('disk I/O error').waitFor()
  await picture(page, 'requests-error')
  await accessible(page, 'error')
  await set()
  await page.getByRole('button', { name: 'Try again' }).click()
  await rows(page)
  await page.route('**/api/requests?**', async (route) => { await new Promise((done) => setTimeout(done, 1500)); await route.continue() })
  await page.reload()
  await page.getByText('Loading requests').waitFor({ state: 'attached' })
  await picture(page, 'requests-loading')
  await rows(page)
  await page.done()
})

test('a search that takes long says how far it is, and goes on when asked', async () => {
  const { requests } = await ask('/api/requests')
  const page = await open()
  await rows(page)
  let asked = 0
  let hold = Promise.resolve()
  await page.route('**/api/requests?**', async (route) => { // an hour at a time; the fourth has a match
    const before = Number(new URL(route.request().url()).searchParams.get('before')) || 90
    asked++
    await hold
    const searched_to = `2026-11-29T${before / 10 + 10}:00:00Z`
    const next = before - 10
    const found = next === 50 ? [{ ...requests[0], cursor: 55 }] : []
    await route.fulfill({ json: { requests: found, ...(next > 30 && { next, searched_to }) } }).catch(() => {})
  })
  await page.getByLabel('Search in everything').fill('far back')
  await page.getByRole('heading', { name: 'No match so far' }).waitFor()
  await page.locator('.note').getByText('Searched back to 2026-11-29 19:00:00').waitFor()
  assert.equal(asked, 1, 'it went on by itself')
  await picture(page, 'requests-searched')
  await accessible(page, 'a search that has stopped')
  let go
  hold = new Promise((resolve) => { go = resolve })
  await page.getByRole('button', { name: 'Search further back' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('button', { name: 'Stop' }).waitFor()
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Stop')
  await page.keyboard.press('Enter')
  go()
  await page.locator('.note').getByText('Searched back to 2026-11-29 18:00:00').waitFor()
  await page.getByRole('button', { name: 'Search further back' }).click()
  await rows(page)
  await page.locator('#list-status').getByText('1 request found, searched back to 2026-11-29 16:00:00').waitFor()
  assert.equal(asked, 4)
  await page.getByRole('button', { name: 'Search further back' }).click()
  await page.locator('#list-status').getByText('All 1 request that match').waitFor()
  assert.equal(asked, 6)
  await page.done()
})

test('no request yet', async () => {
  const page = await open('#/now')
  await page.route('**/api/requests?**', (route) => route.fulfill({ json: { requests: [] } }))
  await page.goto('about:blank')
  await page.goto(`${process.env.MONITOR_URL}/`)
  await page.getByText('No request yet').waitFor()
  await page.getByText('curl').waitFor()
  await picture(page, 'requests-empty')
  await accessible(page, 'empty')
  await page.done()
})
