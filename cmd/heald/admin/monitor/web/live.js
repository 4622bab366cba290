// The connection for updates: server-sent events, connected again when it breaks.

import { followAddress } from './api.js'

const AGAIN = [1000, 2000, 5000, 10000] // ms until the next try, where the browser gives up

export class Live {
  // on has request(item), lost(n), state('connecting' | 'live' | 'down'), and
  // refused(), called when the server refuses and may say why. again says that a
  // connection came back, so that something may be missing.
  constructor(on) {
    this.on = on
    this.state = ''
    this.tries = 0
  }

  // open follows a query, in place of the one before.
  open(query) {
    this.close()
    this.query = query
    this.been = false
    this.connect()
  }

  connect() {
    this.tell('connecting')
    const source = this.source = new EventSource(followAddress(this.query))
    const mine = (f) => (event) => { if (source === this.source) f(event) }
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

  tell(state) {
    if (state === this.state || (state === 'connecting' && this.state === 'down')) return
    this.state = state
    this.on.state(state)
  }

  close() {
    clearTimeout(this.timer)
    this.source?.close()
    this.source = null
  }
}
