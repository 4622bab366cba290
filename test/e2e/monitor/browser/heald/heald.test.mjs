// The page of a real heald: all of it, once.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { PHONE, accessible, fits, open, picture, rows, until } from '../page.mjs'

const { MONITOR_URL, MONITOR_ENVOY, MONITOR_STORE, MONITOR_BODIES, MONITOR_TOKEN } = process.env
const ids = JSON.parse(process.env.MONITOR_IDS)
const ask = async (path) => (await fetch(MONITOR_URL + path, { headers: MONITOR_TOKEN ? { authorization: `Bearer ${MONITOR_TOKEN}` } : {} })).json()

// enter opens the page, and logs in where that is asked for.
async function enter(hash, options = {}) {
  const page = await open(hash, { quiet: MONITOR_TOKEN ? [/401/] : [], ...options })
  if (!MONITOR_TOKEN) return page
  await accessible(page, 'log in')
  await page.getByLabel(/^Token/).fill(MONITOR_TOKEN)
  await page.getByRole('button', { name: 'Enter' }).click()
  await page.locator('#nav a').first().waitFor()
  if (hash) await page.evaluate((h) => { location.hash = h }, hash)
  return page
}

// send is a client's request.
const send = (text) => fetch(`${MONITOR_ENVOY}/v1/messages`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ model: 'gemini-3.5-flash', max_tokens: 100, messages: [{ role: 'user', content: text }] }) })

test('requests, live', async () => {
  const page = await enter('#/requests')
  await rows(page)
  await until(page, () => document.getElementById('live').className.includes('is-live'))
  const before = await page.locator('.rows .row').count()
  assert.equal(before, Object.keys(ids).length)
  assert.equal((await send('news')).status, 200)
  await until(page, (n) => document.querySelectorAll('.rows .row').length === n + 1, before)
  await until(page, (store) => document.getElementById('about').textContent.includes(`history in ${store}`), MONITOR_STORE)
  await picture(page, `heald-${MONITOR_STORE}`)
  await accessible(page, 'requests')
  await page.done()
})

test('the filters know what the records say', async () => {
  const facets = await ask('/api/facets')
  const info = await ask('/api/info')
  for (const api of facets.api) assert.ok(info.api.includes(api), `${api} is none of ${info.api}`)
  assert.deepEqual(facets.api, ['chat', 'claude', 'gemini', 'responses'])
  for (const api of facets.api) {
    const { requests } = await ask(`/api/requests?api=${api}`)
    assert.ok(requests.length > 0 && requests.every((r) => r.api === api), api)
  }
  const page = await enter('#/requests?api=gemini')
  await until(page, () => document.querySelectorAll('.rows .row').length === 1)
  await page.done()
})

test('detail: healed, failed, refused, broken', async () => {
  const page = await enter(`#/requests/${ids.healed}`)
  const has = (...texts) => until(page, (list) => list.every((t) => document.querySelector('.detail .story')?.textContent.includes(t)), texts)
  await has('peek_error_event', 'upstream_overloaded', 'the answer was complete')
  assert.equal(await page.locator('.fall .lane').count(), 4)
  await picture(page, `heald-${MONITOR_STORE}-healed`)
  await accessible(page, 'healed')
  const go = (id) => page.evaluate((h) => { location.hash = h }, `#/requests/${id}`)
  await go(ids.failed)
  await has('the client got an error, 400', "the provider's refusal")
  await go(ids.refused)
  await has('no provider was asked')
  await page.locator('.detail .attempt').getByText('Asked upstream').waitFor()
  await go(ids.broken)
  await has('stream_truncated')
  await page.done()
})

test('bodies', async () => {
  const page = await enter(`#/requests/${ids.failed}`)
  await until(page, () => document.querySelector('.detail .story a'))
  assert.equal(await page.locator('#bodies').isVisible(), MONITOR_BODIES !== 'off')
  const button = page.getByRole('button', { name: 'Show prompt and answer' })
  if (MONITOR_BODIES === 'off') {
    assert.equal(await button.count(), 0)
    await page.done()
    return
  }
  assert.ok(!(await page.locator('.detail').textContent()).includes('a prompt that failed'))
  await button.click()
  await page.locator('.kept pre').getByText('a prompt that failed').waitFor()
  await page.locator('.kept pre').getByText("the provider's refusal").waitFor()
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'What the client sent', 'the focus was lost with the button')
  await page.locator('.kept').scrollIntoViewIfNeeded()
  await picture(page, 'heald-bodies')
  await accessible(page, 'bodies')
  await page.evaluate((h) => { location.hash = h }, `#/requests/${ids.healed}`)
  await until(page, () => document.querySelector('.detail .story')?.textContent.includes('the answer was complete'))
  assert.equal(await button.count(), 0)
  await page.done()
})

test('accounts, now and export', async () => {
  const page = await enter('#/accounts')
  await page.locator('.matrix tbody tr', { hasText: 'gemini-1' }).first().waitFor()
  await picture(page, `heald-${MONITOR_STORE}-accounts`)
  await page.evaluate(() => { location.hash = '#/now' })
  await page.locator('.chart canvas').first().waitFor()
  await picture(page, `heald-${MONITOR_STORE}-now`)
  await accessible(page, 'now')
  await page.evaluate(() => { location.hash = '#/export?outcome=failed' })
  await until(page, () => document.querySelector('.sample')?.textContent.includes('failed'))
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: /CSV/ }).or(page.getByRole('button', { name: /CSV/ })).first().click()])
  const text = readFileSync(await download.path(), 'utf8')
  assert.ok(text.includes(ids.failed) && !text.includes(ids.healed), text)
  await page.done()
})

test('on a phone', async () => {
  const page = await enter(`#/requests/${ids.healed}`, { viewport: PHONE, theme: 'dark' })
  await until(page, () => document.querySelector('.story li a'))
  await fits(page, 'detail')
  await picture(page, `heald-${MONITOR_STORE}-narrow`)
  await accessible(page, 'detail')
  await page.done()
})

test('who has to log in can log out', { skip: !MONITOR_TOKEN }, async () => {
  const page = await enter('#/requests', { quiet: [/401/] })
  await rows(page)
  // The session ends while the page is open, as after twelve hours.
  const context = page.context()
  const cookies = await context.cookies()
  assert.deepEqual(cookies.map((c) => [c.name, c.httpOnly, c.sameSite]), [['heald_admin', true, 'Strict']])
  await context.clearCookies()
  await page.locator('.rows .row').first().click()
  await page.getByText('You are logged out.').waitFor()
  await picture(page, 'heald-session-over')
  await accessible(page, 'session over')
  await page.getByRole('link', { name: 'Log in' }).click()
  await page.getByLabel(/^Token/).fill('not the token')
  await page.getByRole('button', { name: 'Enter' }).click()
  await page.getByText('This is not the token.').waitFor()
  await page.getByLabel(/^Token/).fill(MONITOR_TOKEN)
  await page.getByRole('button', { name: 'Enter' }).click()
  await rows(page)
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.getByLabel(/^Token/).waitFor()
  assert.deepEqual(await context.cookies(), [])
  await page.done()
})

test('nobody has to log in where there is no token', { skip: !!MONITOR_TOKEN }, async () => {
  const page = await enter('#/requests')
  await until(page, () => document.getElementById('about').textContent)
  assert.equal(await page.getByRole('button', { name: 'Log out' }).isVisible(), false)
  await page.done()
})
