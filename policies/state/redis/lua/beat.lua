-- beat says that a replica lives, and gives back what silent ones held.
--
-- KEYS: the pool's replicas, its summary, then accounts. ARGV: time, replica, the
-- incarnation that this replica knows ('' for none), one to use where there is
-- none, how many replicas it knew, microseconds after which a replica is dead,
-- microseconds of grace, the keys' beginning for accounts, then for each account
-- its name and how many slots this replica holds.
--
-- It returns the incarnation, how many replicas live, 1 if this replica's shares
-- were set because it or the data was lost, then the share of each account as it is.
local now, replica, known = clock(), ARGV[2], ARGV[3]
local pool = redis.call('HMGET', KEYS[2], 'id', 'grace', 'expect', 'lost', 'swept', 'silent', 'reserve')
local id = pool[1]
if not id then
  id = ARGV[4]
  redis.call('HSET', KEYS[2], 'id', id)
end
local lost = known ~= '' and id ~= known
if known ~= '' and (lost or not pool[1]) then
  lost = true
  if not pool[4] then
    -- Nobody knows what the others hold: until they have said so, or until the
    -- grace ends, no slot is given away.
    redis.call('HSET', KEYS[2], 'lost', whole(now), 'grace', whole(now + tonumber(ARGV[7])), 'expect', ARGV[5])
    pool[2], pool[3], pool[4] = whole(now + tonumber(ARGV[7])), ARGV[5], whole(now)
  end
end
-- A replica that was reaped has no shares, and take refuses it until it beats:
-- what it holds is set at once, before the others may have its part again.
local set = lost or (known ~= '' and not redis.call('ZSCORE', KEYS[1], replica))
redis.call('ZADD', KEYS[1], whole(now), replica)
local live = redis.call('ZCARD', KEYS[1])
-- Not at once when all are back: what they take by themselves at that moment they
-- say in a second heartbeat.
if pool[2] and (now >= tonumber(pool[2])
  or (live >= tonumber(pool[3]) and (tonumber(pool[3]) == 1 or now >= tonumber(pool[4]) + tonumber(ARGV[7]) / 4))) then
  redis.call('HDEL', KEYS[2], 'grace')
end
redis.call('EXPIRE', KEYS[1], 93600)
redis.call('EXPIRE', KEYS[2], 93600)

-- Replicas that are gone may work by themselves: those that were reaped, and
-- after a loss those that have not come back. take leaves them their part.
local silent = tonumber(pool[6] or 0)
local function reserve()
  local gone = silent
  if pool[3] then
    if now < tonumber(pool[4]) + tonumber(ARGV[8]) then
      gone = gone + math.max(0, tonumber(pool[3]) - live)
    else
      redis.call('HDEL', KEYS[2], 'expect')
    end
  end
  if gone > 0 then
    redis.call('HSET', KEYS[2], 'reserve', whole(gone) .. ' ' .. whole(gone + live), 'silent', silent)
  elseif pool[7] then
    redis.call('HDEL', KEYS[2], 'reserve', 'silent')
  end
end

local out, told = {id, live, set and 1 or 0}, {}
for i = 3, #KEYS do
  local account, held = ARGV[10 + (i - 3) * 2], tonumber(ARGV[11 + (i - 3) * 2])
  local mine = tonumber(redis.call('HGET', KEYS[i], 'r:' .. replica)) or 0
  if set then
    accountShare(KEYS[2], KEYS[i], account, replica, held - mine, told)
    mine = held
  elseif mine > 0 then
    redis.call('EXPIRE', KEYS[i], 180)
  end
  out[#out + 1] = mine
end

local dead = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. whole(now - tonumber(ARGV[6])))
local every = tonumber(ARGV[8])
if every == 0 or every > 60000000 then every = 60000000 end
if silent > 0 and every > 15000000 then every = 15000000 end -- one of them may be gone for long enough
local sweep = now - tonumber(pool[5] or 0) > every
  or redis.call('HDEL', KEYS[2], 'gone:' .. replica) == 1
if #dead == 0 and not sweep then
  tell(KEYS[2], told)
  reserve()
  return out
end
redis.call('HSET', KEYS[2], 'swept', whole(now))
for _, replica in ipairs(dead) do
  redis.call('ZREM', KEYS[1], replica)
  if tonumber(ARGV[8]) > 0 then redis.call('HSET', KEYS[2], 'gone:' .. replica, whole(now)) end
end
tell(KEYS[2], told)
local summary = redis.call('HGETALL', KEYS[2])
silent, told = 0, {}
for i = 1, #summary, 2 do
  local kind, name = string.match(summary[i], '^(%a+):(.*)$')
  if kind == 'a' then
    for _, replica in ipairs(dead) do
      told = {} -- only the last one says what is left
      accountShare(KEYS[2], ARGV[9] .. name, name, replica, -1e15, told)
    end
    tell(KEYS[2], told)
    told = {}
    if redis.call('EXISTS', ARGV[9] .. name) == 0 then redis.call('HDEL', KEYS[2], summary[i]) end
  elseif kind == 'g' and tonumber(string.match(summary[i + 1], '^%d+')) * 1000000 < now - 93600e6 then
    redis.call('HDEL', KEYS[2], summary[i])
  elseif kind == 'gone' then
    if tonumber(summary[i + 1]) + tonumber(ARGV[8]) <= now then
      redis.call('HDEL', KEYS[2], summary[i])
    else
      silent = silent + 1
    end
  end
end
live = redis.call('ZCARD', KEYS[1])
out[2] = live
reserve()
return out
