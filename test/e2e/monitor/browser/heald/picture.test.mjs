// The picture in README: a failure that heald has healed.

import { test } from 'node:test'
import { open, rows, until } from '../page.mjs'

test('picture', async () => {
  const page = await open(`#/requests/${JSON.parse(process.env.MONITOR_IDS).picture}`, { viewport: { width: 1280, height: 800 } })
  await rows(page)
  await until(page, () => document.querySelector('.story li a'))
  await page.evaluate(() => document.activeElement?.blur())
  await page.screenshot({ path: process.env.MONITOR_PICTURE })
  await page.done()
})
