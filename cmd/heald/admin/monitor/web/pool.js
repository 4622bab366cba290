// A summary of the report on accounts: which account and model can be used now,
// and if not, until when and why.

// cells is the grid: {models, rows: [{account, state, cells: [state]}]}. A state
// is {kind: 'ready' | 'cooling' | 'out', why, until, probe}.
export function cells(report) {
  const groups = new Map((report.groups || []).map((g) => [`${g.group}\n${g.model}`, g]))
  const backends = new Map((report.backends || []).map((b) => [`${b.backend}\n${b.model}`, b]))
  const models = [...new Set([...(report.groups || []), ...(report.backends || [])].map((x) => x.model)
    .concat((report.accounts || []).flatMap((a) => Object.keys(a.models || {}))))].sort()
  const rows = (report.accounts || []).map((account) => {
    const state = stateOf(account)
    return {
      account,
      state,
      cells: models.map((model) => {
        const group = groups.get(`${account.group}\n${model}`)
        const backend = backends.get(`${account.backend}\n${model}`)
        const own = account.models?.[model]
        const all = [account, own, group, backend].filter(Boolean)
        const worst = all.map(stateOf).sort((a, b) => RANK[b.kind] - RANK[a.kind])[0]
        if (worst.kind === 'ready' && !group && !backend && !own) return null // never asked for
        return { ...worst, group, backend }
      }),
    }
  })
  return { models, rows }
}

const RANK = { ready: 0, cooling: 1, out: 2 }

// BROKEN are the kinds that somebody has to fix, even if heald tries again.
const BROKEN = ['credential', 'money', 'refused', 'forbidden', 'disabled']
// PASSING end by themselves, though nobody knows when.
const PASSING = ['busy', 'capacity', 'outage', 'tenant_slots', 'tenant_waiting', 'tenant_reserved', 'crowded']

// stateOf sorts states: those that end by themselves are cooling.
export function stateOf(u) {
  if (u.usable) return { kind: 'ready', why: '', probe: u.probe }
  const cooling = !BROKEN.includes(u.kind) && (u.until || PASSING.includes(u.kind))
  return { kind: cooling ? 'cooling' : 'out', word: u.kind, why: u.why || u.kind || 'not usable', until: u.until, probe: u.probe }
}

// attention are the things that are not ready, worst first: {what, name, state}. What
// somebody has disabled is as it should be.
export function attention(report) {
  const list = []
  const add = (what, name, u) => { if (!u.usable && u.kind !== 'disabled') list.push({ what, name, state: stateOf(u) }) }
  for (const a of report.accounts || []) {
    add('account', a.id, a)
    if (a.token?.problem && a.usable) list.push({ what: 'token', name: a.id, state: { kind: 'cooling', why: `the next token cannot be fetched: ${a.token.problem}`, until: a.token.expires } })
  }
  for (const g of report.groups || []) add('group', `${g.group} · ${g.model}`, g)
  for (const b of report.backends || []) {
    add('backend', `${b.backend} · ${b.model}`, b)
    if (b.usable && b.breaker !== 'closed') list.push({ what: 'backend', name: `${b.backend} · ${b.model}`, state: { kind: 'cooling', why: `${b.breaker}: other backends are asked first`, probe: b.probe } })
  }
  for (const q of report.queues || []) add('tenant', q.tenant, q)
  return list.sort((a, b) => RANK[b.state.kind] - RANK[a.state.kind])
}

// totals count accounts by their state.
export function totals(rows) {
  const out = { ready: 0, cooling: 0, out: 0 }
  for (const r of rows) out[r.state.kind]++
  return out
}
