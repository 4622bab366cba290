-- takeTenant says whether a tenant has a slot and its budgets have room, and
-- returns what takes and reserves them; nothing if they have not.
--
-- KEYS: the tenant. ARGV: time, replica, the incarnation that this replica knows
-- ('' for none), one to use where there is none, slots (0: no limit), what this
-- replica holds, microseconds after which a replica is dead, microseconds of
-- grace, then for each budget: name, end in ms, limit, amount, and the largest
-- total that this replica remembers of the window.
--
-- The answer is 0, or -1 for no slot, or the number of the budget that has no room;
-- the service; the incarnation; 1 if that budget has room but for what is reserved;
-- then each budget's total.
local function takeTenant(KEYS, ARGV)
  local key, now, replica = KEYS[1], clock(), ARGV[2]
  local slots, held, silent, grace = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
  local fields = {'id', 'vs', 'grace', 'n', 't:' .. replica}
  for i = 9, #ARGV, 5 do
    fields[#fields + 1], fields[#fields + 2] = 'b:' .. ARGV[i], 'v:' .. replica .. ':' .. ARGV[i]
  end
  local has = redis.call('HMGET', key, unpack(fields))
  local id, n = has[1], tonumber(has[4]) or 0
  local lost = ARGV[3] ~= '' and id ~= ARGV[3]
  if not id then
    id = ARGV[4]
    redis.call('HSET', key, 'id', id)
    redis.call('EXPIRE', key, 7200)
  end
  -- The data was lost, or this replica was reaped though it lives: it states what
  -- it holds.
  if lost or (held > 0 and not has[5]) then
    local mine = tonumber(redis.call('HGET', key, 'r:' .. replica)) or 0
    n = share(key, replica, held - mine)
    redis.call('HSET', key, 't:' .. replica, whole(now))
  end
  if lost and not has[3] then -- slots wait for the others to do the same
    has[3] = whole(now + grace)
    redis.call('HSET', key, 'grace', has[3])
  end
  local out = {0, has[2] or '0', id, 0}
  if slots > 0 and n >= slots then
    reapTenant(key, replica, now - silent)
    n = tonumber(redis.call('HGET', key, 'n')) or 0
  end
  if slots > 0 and (n >= slots or tonumber(has[3] or 0) > now) then out[1] = -1 end

  local budgets, over, last = {}, {}, 0
  for i = 9, #ARGV, 5 do
    local ends, limit, amount = tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
    local field = 6 + (i - 9) / 5 * 2
    local b, new = readBudget(has[field])
    if ends > b[1] then b = {ends, 0, b[1], b[2]} end
    local found = budgetAt(b, ends)
    local at = found or 2 -- a clock that is late asks for a window that is over
    if new or lost then b[at] = math.max(b[at], tonumber(ARGV[i + 4])) end
    if lost then redis.call('HSET', key, fields[field], budgetText(b)) end -- only this call knows it
    local by = b[at] + math.max(amount, 1) - limit
    if by > 0 then over[#over + 1] = {(i - 9) / 5 + 1, ARGV[i] .. ' ' .. whole(b[at - 1]), by} end
    budgets[#budgets + 1] = {field, b, at, amount, found and ends}
    last = math.max(last, ends)
  end
  if out[1] == 0 and #over > 0 then
    -- One that is used up is named before one that is only reserved.
    local _, reserved = reapTenant(key, replica, now - silent)
    out[1], out[4] = over[1][1], 1
    for _, o in ipairs(over) do
      if (reserved[o[2]] or 0) < o[3] then
        out[1], out[4] = o[1], 0
        break
      end
    end
  end
  for i, b in ipairs(budgets) do out[4 + i] = b[2][b[3]] end
  if out[1] ~= 0 then return out end
  return out, function()
    if slots > 0 then share(key, replica, 1) end
    local set, gone = {}, {}
    if slots > 0 or #budgets > 0 then set = {'t:' .. replica, whole(now)} end
    for i, b in ipairs(budgets) do
      local field = b[1]
      b[2][b[3]] = b[2][b[3]] + b[4]
      out[4 + i] = b[2][b[3]]
      set[#set + 1], set[#set + 2] = fields[field], budgetText(b[2])
      if b[5] then reserve(set, gone, fields[field + 1], has[field + 1], b[5], b[4]) end
    end
    writeFields(key, set, gone)
    local life = math.max(7200, math.ceil(last / 1000 - now / 1000000) + 3600)
    if redis.call('TTL', key) < life then redis.call('EXPIRE', key, life) end
  end
end
