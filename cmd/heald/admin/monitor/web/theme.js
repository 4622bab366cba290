// The theme, set before anything is drawn: the system's, or the one that was chosen.
(() => {
  const KEY = 'heald.theme'
  const read = () => { try { return localStorage.getItem(KEY) || 'auto' } catch { return 'auto' } }
  const apply = (theme) => {
    if (theme === 'auto') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = theme
    document.dispatchEvent(new Event('theme'))
  }
  window.healdTheme = {
    get: read,
    set(theme) {
      try { localStorage.setItem(KEY, theme) } catch { /* it lasts as long as the page */ }
      apply(theme)
    },
  }
  apply(read())
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => document.dispatchEvent(new Event('theme')))
})()
