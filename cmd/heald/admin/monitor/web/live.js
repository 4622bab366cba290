// The connection for updates: server-sent events, connected again when it breaks.

import { followAddress } from './api.js'

const AGAIN = [1000, 2000, 5000, 10000] // ms until the next try, where the browser gives up
const PATIENCE = 1000 // ms for a connection to open, before the page is loaded without it
const SILENT = 40000 // ms without a word after which heald hangs: it says at least every 15 s that it is there

export class Live {
  // on has request(item), lost(n), state('connecting' | 'live' | 'down'), and
  // refused(), called when the server refuses and may say why. again says that a
  // connection came back, so that something may be missing.
  constructor(on) {
    this.on = on
    this.state = ''
    this.tries = 0
  }

  // open follows a query, in place of the one before. It returns when heald follows,
  // has refused to, or has been waited for.
  open(query) {
    this.close()
    this.query = query
    this.been = false
    return new Promise((done) => {
      this.began = done
      setTimeout(done, PATIENCE)
      this.connect()
    })
  }

  connect() {
    this.tell('connecting')
    this.source?.close()
    const source = this.source = new EventSource(followAddress(this.query))
    const mine = (f) => (event) => {
      if (source !== this.source) return
      this.heard()
      this.began() // whatever came
      f(event)
    }
    this.heard()
    source.addEventListener('quiet', mine(() => {}))
    source.addEventListener('open', mine(() => {
      this.tries = 0
      this.tell('live')
      if (this.been) this.on.again()
      this.been = true
    }))
    source.addEventListener('request', mine((event) => this.on.request(JSON.parse(event.data))))
    source.addEventListener('lost', mine((event) => this.on.lost(JSON.parse(event.data).lost)))
    source.addEventListener('error', mine(() => {
      this.tell('down')
      this.been = true
      if (source.readyState !== EventSource.CLOSED) return // the browser tries again
      this.on.refused?.()
      this.timer = setTimeout(() => this.connect(), AGAIN[Math.min(this.tries++, AGAIN.length - 1)])
    }))
  }

  // heard puts off the end of patience: a connection may be dead without an error.
  heard() {
    clearTimeout(this.silence)
    this.silence = setTimeout(() => {
      this.tell('down')
      this.been = true
      this.connect()
    }, SILENT)
  }

  tell(state) {
    if (state === this.state || (state === 'connecting' && this.state === 'down')) return
    this.state = state
    this.on.state(state)
  }

  close() {
    clearTimeout(this.timer)
    clearTimeout(this.silence)
    this.source?.close()
    this.source = null
  }
}
