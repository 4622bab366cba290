// What all scripts need: a browser, pages that may not complain, and a server that
// does as it is told.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, before } from 'node:test'

const { MONITOR_URL, MONITOR_BROWSER, MONITOR_MODULES, MONITOR_PICTURES } = process.env
const require = createRequire(join(MONITOR_MODULES, 'x.js'))
const { chromium } = require('playwright-core')
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

export const WIDE = { width: 1440, height: 900 }
export const PHONE = { width: 375, height: 812 }

let browser
before(async () => { browser = await chromium.launch({ executablePath: MONITOR_BROWSER, args: ['--hide-scrollbars=false', '--font-render-hinting=none'] }) })
after(() => browser?.close())

// open opens the page at an address behind #. What it writes to the console as an
// error, and any request to another place, fails the test that closes it.
export async function open(hash = '#/requests', { theme = 'light', viewport = WIDE, motion = 'reduce', quiet = [], ...more } = {}) {
  const context = await browser.newContext({ viewport, colorScheme: theme, reducedMotion: motion, timezoneId: 'UTC', locale: 'en-GB', permissions: ['clipboard-read', 'clipboard-write'], deviceScaleFactor: viewport === PHONE ? 2 : 1, ...more })
  const page = await context.newPage()
  const complaints = []
  page.on('console', (m) => { if (['error', 'warning'].includes(m.type()) && !quiet.some((q) => q.test(m.text()))) complaints.push(`${m.text()} ${m.location().url}`) })
  page.on('pageerror', (err) => complaints.push(String(err.stack || err)))
  page.on('request', (r) => { if (!r.url().startsWith(MONITOR_URL) && !r.url().startsWith('data:') && !r.url().startsWith('blob:')) complaints.push(`asked ${r.url()}`) })
  page.done = async () => {
    const pwned = await page.evaluate(() => window.pwned)
    await context.close()
    assert.equal(pwned, undefined, 'a name was run as a script')
    assert.deepEqual(complaints, [])
  }
  await page.goto(`${MONITOR_URL}/${hash}`)
  return page
}

// rows waits until the list has some.
export const rows = (page) => page.locator('.rows .row').first().waitFor()

export const picture = (page, name) => page.screenshot({ path: join(MONITOR_PICTURES, `${name}.png`) })

// accessible fails where axe finds something serious.
export async function accessible(page, what) {
  await page.evaluate(axe)
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }))
  const bad = violations.filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => `${v.id}: ${v.help}\n  ${v.nodes.slice(0, 3).map((n) => `${n.html} ${n.failureSummary}`).join('\n  ')}`)
  for (const v of violations) if (!['serious', 'critical'].includes(v.impact)) console.log(`${what}, ${v.impact}: ${v.id}, ${v.nodes.length} times, as ${v.nodes[0].html.slice(0, 120)}`)
  assert.deepEqual(bad, [], what)
}

// tell changes the server: emit({n, fate}) or set({down, bodies, cut, trouble, over, damaged}).
const tell = (what) => async (params = {}) => {
  const reply = await fetch(`${MONITOR_URL}/fixture/${what}?${new URLSearchParams(params)}`, { method: 'POST' })
  assert.equal(reply.status, 200)
}
export const emit = tell('emit')
export const set = tell('set')

export const ask = async (path) => (await fetch(MONITOR_URL + path)).json()

// until waits for something to become true in the page. What it reads may not be there
// yet.
export async function until(page, f, arg) {
  for (const end = Date.now() + 15000; ;) {
    try {
      return await page.waitForFunction(f, arg, { timeout: Math.max(1, end - Date.now()) })
    } catch (err) {
      if (Date.now() > end || !err.message.includes('Cannot read properties of null')) throw err
      await page.waitForTimeout(50)
    }
  }
}

// fits fails if the page is wider than its window.
export async function fits(page, what) {
  const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
  assert.ok(wide <= room, `${what} is ${wide} wide, and the window ${room}`)
}
