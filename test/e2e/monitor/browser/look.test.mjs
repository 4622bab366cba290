// Every view in light and dark, wide and narrow: a picture of each, and nothing
// for axe to find.

import { test } from 'node:test'
import { PHONE, WIDE, accessible, ask, fits, open, picture, rows, set, until } from './page.mjs'

const views = {
  requests: ['#/requests', rows],
  accounts: ['#/accounts', (page) => page.locator('.matrix table').waitFor()],
  now: ['#/now', (page) => page.locator('.chart canvas').nth(5).waitFor()],
  export: ['#/export?outcome=failed', (page) => until(page, () => document.querySelector('.sample').textContent.includes('failed'))],
}

const shapes = { wide: ['light', WIDE], dark: ['dark', WIDE], narrow: ['light', PHONE], 'narrow-dark': ['dark', PHONE] }

for (const [shape, [theme, viewport]] of Object.entries(shapes)) {
  test(shape, async (t) => {
    for (const [view, [hash, ready]] of Object.entries(views)) {
      await t.test(view, async () => {
        const page = await open(hash, { theme, viewport })
        await ready(page)
        await picture(page, `${view}-${shape}`)
        await fits(page, view)
        await accessible(page, `${view} ${shape}`)
        await page.done()
      })
    }
    await t.test('detail', async () => {
      for (const outcome of ['healed', 'failed', 'broken']) {
        const { requests } = await ask(`/api/requests?limit=200${outcome === 'healed' ? '&reason=peek_timeout&outcome=passed' : `&outcome=${outcome}`}`)
        const page = await open(`#/requests/${requests[0].request_id}`, { theme, viewport })
        if (viewport === WIDE) await rows(page)
        await until(page, () => document.querySelector('.story li a'))
        await picture(page, `detail-${outcome}-${shape}`)
        await fits(page, 'detail')
        await accessible(page, `detail ${shape}`)
        await page.done()
      }
    })
  })
}

test('bodies are kept', async () => {
  await set({ bodies: 'failed' })
  const page = await open()
  await rows(page)
  await page.getByText('Bodies are kept.').waitFor()
  await picture(page, 'bodies')
  await accessible(page, 'bodies')
  await page.done()
  await set()
  const other = await open()
  await rows(other)
  await until(other, () => document.getElementById('about').textContent)
  if (await other.locator('#bodies').isVisible()) throw new Error('the banner is shown though bodies are off')
  await other.done()
})

test('the store is in trouble, and is no more', async () => {
  const words = "cannot grow: the disk, or the user's share of it, is full"
  await set({ trouble: words })
  const page = await open()
  await rows(page)
  await page.getByText(/Since .*, requests are not stored\..*is full\. The newest are shown from memory/).waitFor()
  await picture(page, 'trouble')
  await accessible(page, 'trouble')
  await set({ trouble: words, over: 'yes' }) // the page asks again by itself
  await page.getByText(/From .* to .*, requests were not stored: 1,200 records of attempts and requests are missing here\./).waitFor()
  await picture(page, 'trouble-over')
  await accessible(page, 'trouble that is over')
  await set({ trouble: 'is damaged: move it away', damaged: 'yes' })
  await page.getByText('Requests may be missing here. The file of record.store is damaged: move it away.').waitFor()
  await set()
  await page.locator('#trouble').waitFor({ state: 'hidden' })
  await page.done()
})

test('filters are unfolded on a phone', async () => {
  const page = await open('#/requests?outcome=failed&tenant=ads', { viewport: PHONE })
  await rows(page)
  await page.getByRole('button', { name: /^Filters/ }).click()
  await page.getByRole('button', { name: /^Tenant/ }).first().click()
  await page.locator('.popover .value').first().waitFor()
  await picture(page, 'filters-narrow')
  await fits(page, 'filters')
  await accessible(page, 'filters')
  await page.done()
})

test('menu of a filter', async () => {
  const page = await open('#/requests?outcome=passed')
  await rows(page)
  await page.locator('[data-menu=reason]').click()
  await page.locator('.popover .value').first().waitFor()
  await picture(page, 'filters-wide')
  await accessible(page, 'filters')
  await page.done()
})
