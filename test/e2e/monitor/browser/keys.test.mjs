// The page without a mouse.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accessible, open, picture, rows, until } from './page.mjs'

const focus = (page) => page.evaluate(() => { const e = document.activeElement; return e.getAttribute('aria-label') || e.textContent.trim() || e.id })

test('all of it by keyboard', async () => {
  const page = await open()
  await rows(page)
  await page.keyboard.press('Tab')
  assert.equal(await focus(page), 'Skip to the content')
  await page.keyboard.press('Enter')
  assert.equal(await focus(page), 'Requests, newest first')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  const chosen = () => page.locator('.row[aria-selected]').getAttribute('aria-rowindex')
  assert.equal(await chosen(), '3')
  await picture(page, 'keys-row')
  const outline = await page.locator('.row[aria-selected]').evaluate((el) => getComputedStyle(el).outlineStyle)
  assert.equal(outline, 'solid', 'the row that has the focus is not marked')
  await page.keyboard.press('PageDown')
  assert.ok(Number(await chosen()) > 15)
  await page.keyboard.press('Home')
  await page.keyboard.press('j')
  assert.equal(await chosen(), '3')
  assert.equal(await page.locator('.grid').getAttribute('aria-activedescendant'), await page.locator('.row[aria-selected]').getAttribute('id'))
  await page.keyboard.press('Enter')
  await page.locator('.story li').first().waitFor()
  assert.match(await focus(page), /healed/)
  const first = page.url()
  await page.keyboard.press('j')
  await until(page, (url) => location.href !== url, first)
  await page.locator('.detail').getByText('signature_repair').first().waitFor()
  await page.keyboard.press('c')
  await page.getByText('Bug report copied').first().waitFor()
  await page.keyboard.press('Escape')
  await page.locator('.detail').waitFor({ state: 'hidden' })
  assert.equal(await focus(page), 'Requests, newest first')
  assert.equal(await chosen(), '4')

  for (const [key, view] of [['2', 'Accounts'], ['3', 'Now'], ['4', 'Export'], ['1', 'Requests']]) {
    await page.keyboard.press(key)
    await until(page, (v) => document.querySelector('#nav [aria-current]')?.textContent === v, view)
  }
  await page.keyboard.press('/')
  await until(page, () => document.activeElement.type === 'search')
  await page.keyboard.type('jp2?')
  await until(page, () => location.hash.includes('q=jp2'))
  await page.keyboard.press('Escape')
  await page.keyboard.press('p')
  await page.getByText('Paused').first().waitFor()
  await page.keyboard.press('t')
  await page.keyboard.press('t')
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark')
  await page.keyboard.press('?')
  await page.getByRole('dialog').getByText('Search').waitFor()
  await picture(page, 'keys-help')
  await accessible(page, 'keys')
  await page.getByLabel('Keys of one character are on').press('Space')
  await page.keyboard.press('Escape')
  await page.keyboard.press('2')
  await new Promise((done) => setTimeout(done, 100))
  assert.match(page.url(), /requests/)
  await page.done()
})

test('a menu by keyboard', async () => {
  const page = await open()
  await rows(page)
  await page.locator('[data-menu=outcome]').focus()
  await page.keyboard.press('Enter')
  await until(page, () => document.activeElement.type === 'checkbox')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Space')
  await until(page, () => location.hash.includes('outcome='))
  await page.keyboard.press('Escape')
  assert.match(await focus(page), /^Outcome/)
  await until(page, () => { // the list has only these now
    const [, outcome] = location.hash.match(/outcome=(\w+)/)
    const shown = [...document.querySelectorAll('.rows .row')]
    return shown.length > 0 && shown.every((row) => row.textContent.includes(outcome))
  })
  await page.keyboard.press('j')
  await page.locator('.grid').focus()
  await page.keyboard.press('Enter')
  await page.locator('.detail').waitFor()
  await page.locator('[data-menu=outcome]').focus()
  await page.keyboard.press('Enter')
  await until(page, () => document.activeElement.type === 'checkbox')
  await page.keyboard.press('Escape')
  await until(page, () => !document.querySelector('.popover'))
  assert.ok(await page.locator('.detail').isVisible(), 'Escape closed the request together with the menu')
  await page.done()
})

test('each thing that can have the focus shows it', async () => {
  const page = await open('#/requests?outcome=failed')
  await rows(page)
  const bare = []
  let times = 0
  for (let first = ''; times < 60; times++) {
    await page.keyboard.press('Tab')
    const at = await page.evaluate(() => {
      const e = document.activeElement
      const look = (x) => getComputedStyle(x).outlineStyle !== 'none'
      return { name: e.getAttribute('aria-label') || e.textContent.trim().slice(0, 40), seen: look(e) || [...e.querySelectorAll('.row')].some(look), body: e === document.body }
    })
    if (at.body || at.name === first) break
    first ||= at.name
    if (!at.seen) bare.push(at.name)
  }
  assert.ok(times > 15, `${times} stops`)
  assert.deepEqual(bare, [])
  await page.done()
})

test('no news in the live region, and motion only where it is wanted', async () => {
  const page = await open()
  await rows(page)
  assert.equal(await page.locator('#says').getAttribute('aria-live'), 'polite')
  const moving = () => page.evaluate(() => document.getAnimations().length)
  assert.equal(await moving(), 0)
  await page.emulateMedia({ reducedMotion: 'no-preference' })
  await until(page, () => document.getAnimations().length > 0)
  await page.done()
})
