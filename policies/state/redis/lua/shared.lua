-- What the scripts share; it stands before each of them.
--
-- Times are microseconds of Redis's own clock. ARGV[1] is empty but in tests,
-- which set the time by it. Numbers go into texts by way of whole(): Lua itself
-- would write 14 digits.

local function clock()
  if ARGV[1] ~= '' then return tonumber(ARGV[1]) end
  local t = redis.call('TIME')
  return t[1] * 1000000 + t[2]
end

local function whole(n) return string.format('%.0f', n) end

-- share changes what a replica holds in a hash, and n with it, so that n is the
-- sum of shares after every script. It returns the new n. has is what the hash
-- has of both, if the caller has read it.
local function share(key, replica, by, has)
  local field = 'r:' .. replica
  has = has or redis.call('HMGET', key, 'n', field)
  local n, mine = tonumber(has[1]) or 0, tonumber(has[2]) or 0
  by = math.max(by, -mine)
  if by == 0 then return n end
  if mine + by == 0 then
    redis.call('HDEL', key, field)
    redis.call('HSET', key, 'n', n + by)
  else
    redis.call('HSET', key, 'n', n + by, field, mine + by)
  end
  return n + by
end

-- accountShare is share for an account: a hash of nobody goes, and the pool's
-- summary says how many are in use; what it is to say is added to told, for
-- tell(). Heartbeats prolong a hash's life.
local function accountShare(summary, key, account, replica, by, told, has)
  local n = share(key, replica, by, has)
  if n <= 0 then
    redis.call('DEL', key)
    redis.call('HDEL', summary, 'a:' .. account)
    return
  end
  if n == by then redis.call('EXPIRE', key, 180) end
  told[#told + 1] = 'a:' .. account
  told[#told + 1] = n
end

local function tell(summary, told)
  for i = 1, #told, 1000 do -- unpack takes some thousands at most
    redis.call('HSET', summary, unpack(told, i, math.min(i + 999, #told)))
  end
end

-- A window is what a group has used of a model: requests and tokens of the
-- minute, requests of the day, the day's end in ms, then for each second with
-- requests: when its newest was, its requests, its tokens; oldest first. A second
-- counts until MINUTE after its newest request; that is state.Minute, which the
-- store writes before this script.
--
-- The time is in seconds, to the millisecond and a half one more, by which reading it
-- is exact, and which tells it from the whole seconds that older releases write and
-- read: of these the newest may be as late as the second's end.
local HEAD = 4

local function stamp(now) return math.floor(now / 1000) / 1000 + 0.0005 end

local function endsAt(at)
  local whole = math.floor(at)
  if at == whole then return (whole + 1) * 1000000 + MINUTE end
  return math.floor(at * 1000) * 1000 + MINUTE
end

-- A group has as many windows as mostModels: names of models come from clients.
-- forgetWindows makes room for others, once a second: what is over goes, or else,
-- of windows whose minute is over, mostForgotten with the fewest requests of the
-- day. Names that were invented are asked for a few times; what is refused because
-- a day was forgotten, the provider says.
local mostModels, mostForgotten = 256, 64
local function forgetWindows(key, summary, group, now)
  local second = math.floor(now / 1000000)
  if redis.call('HGET', key, 'f') == whole(second) then return end
  local all, over, old = redis.call('HGETALL', key), {}, {}
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 2) == 'w:' then
      local w = cmsgpack.unpack(all[i + 1])
      if #w == HEAD or endsAt(w[#w - 2]) <= now then
        if w[3] == 0 or w[4] * 1000 <= now then
          over[#over + 1] = {all[i]}
        elseif all[i] ~= 'w:' then
          old[#old + 1] = {all[i], w[3]}
        end
      end
    end
  end
  if #over == 0 then
    table.sort(old, function(a, b) return a[2] < b[2] end)
    for i = 1, math.min(#old, mostForgotten) do over[i] = old[i] end
  end
  for _, w in ipairs(over) do
    redis.call('HDEL', key, w[1])
    redis.call('HDEL', summary, 'g:' .. group .. '\0' .. string.sub(w[1], 3))
  end
  redis.call('HSET', key, 'f', whole(second))
end

-- readWindow returns a window without what has left the minute, the second to
-- count in, the field it stands in, and whether it is new. Where there is no room
-- for more, new models share one; a model that has room then begins with what they
-- have used together, so that it does not use it twice.
local function readWindow(key, summary, group, model, now, take)
  local field = 'w:' .. model
  local packed = redis.call('HGET', key, field)
  if not packed then
    local count = redis.call('HLEN', key)
    if take and count >= mostModels then
      forgetWindows(key, summary, group, now)
      count = redis.call('HLEN', key)
    end
    if not take or count >= mostModels then field = 'w:' end
    packed = redis.call('HGET', key, 'w:')
  end
  local second = math.floor(now / 1000000)
  if not packed then return {0, 0, 0, 0}, second, field, true end
  local w = cmsgpack.unpack(packed)
  if #w > HEAD then second = math.max(second, math.floor(w[#w - 2])) end
  local from = HEAD + 1
  while w[from] and endsAt(w[from]) <= now do
    w[1] = w[1] - w[from + 1]
    w[2] = w[2] - w[from + 2]
    from = from + 3
  end
  if from > HEAD + 1 then w = {w[1], w[2], w[3], w[4], unpack(w, from)} end
  if w[4] * 1000 <= now then w[3] = 0 end
  return w, second, field, false
end

-- writeWindow keeps a window. Its group lives for a day and a bit after the last
-- second with requests.
local function writeWindow(key, group, field, w, now, told, newSecond)
  redis.call('HSET', key, field, cmsgpack.pack(w))
  if newSecond then redis.call('EXPIRE', key, 93600) end
  told[#told + 1] = 'g:' .. group .. '\0' .. string.sub(field, 3)
  told[#told + 1] = string.format('%.0f %.0f %.0f %.0f %.0f', math.floor(now / 1000000), w[1], w[2], w[3], w[4])
end

-- A budget is its running window's end in ms and use, then those of the one
-- before. budgetAt returns it and where the window that ends then has its use;
-- nil if that window is forgotten.
local function readBudget(text)
  if not text then return {0, 0, 0, 0}, true end
  local a, b, c, d = string.match(text, '(%d+) (%d+) (%d+) (%d+)')
  return {tonumber(a), tonumber(b), tonumber(c), tonumber(d)}, false
end

local function budgetAt(b, ends)
  if ends == b[1] then return 2 end
  if ends == b[3] then return 4 end
  return nil
end

-- What a replica has reserved of a budget has the same form; the budget's use has
-- it, too. reserve changes it; nothing is negative, and what is 0 is not kept.
-- Both collect what is to be written, for writeFields: fields with their values,
-- and fields that go.
local function budgetText(b) return string.format('%.0f %.0f %.0f %.0f', b[1], b[2], b[3], b[4]) end

local function reserve(set, gone, field, text, ends, by)
  local v = readBudget(text)
  if by > 0 and ends > v[1] then v = {ends, 0, v[1], v[2]} end
  local at = budgetAt(v, ends)
  if not at or by == 0 then return end
  v[at] = math.max(0, v[at] + by)
  if v[2] == 0 and v[4] == 0 then
    gone[#gone + 1] = field
  else
    set[#set + 1], set[#set + 2] = field, budgetText(v)
  end
end

local function writeFields(key, set, gone)
  if #set > 0 then redis.call('HSET', key, unpack(set)) end
  if #gone > 0 then redis.call('HDEL', key, unpack(gone)) end
end

-- reapTenant gives back the slots that replicas hold of a tenant that have been
-- silent. What they had reserved may have been used, and counts as used from then
-- on. It returns what this replica has reserved: budget, end in ms and amount of
-- each window; and what all that live have, by budget and end as text.
local function reapTenant(key, replica, before)
  local all, dead, mine, reserved = redis.call('HGETALL', key), {}, {}, {}
  for i = 1, #all, 2 do
    local silent = string.match(all[i], '^t:(.*)$')
    if silent and silent ~= replica and tonumber(all[i + 1]) < before then
      share(key, silent, -1e15)
      redis.call('HDEL', key, all[i])
      dead[silent] = true
    end
  end
  for i = 1, #all, 2 do
    local whose, name = string.match(all[i], '^v:([^:]*):(.*)$')
    if dead[whose or ''] then
      redis.call('HDEL', key, all[i])
    elseif whose then
      local v = readBudget(all[i + 1])
      for at = 1, 3, 2 do
        local window = name .. ' ' .. whole(v[at])
        reserved[window] = (reserved[window] or 0) + v[at + 1]
        if whose == replica and v[at + 1] > 0 then
          mine[#mine + 1], mine[#mine + 2], mine[#mine + 3] = name, v[at], v[at + 1]
        end
      end
    end
  end
  return mine, reserved
end
