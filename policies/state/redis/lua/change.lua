-- change replaces a document if it still is what the caller has seen.
--
-- KEYS: the pool's documents. ARGV: time, field, what the caller has seen ('' for
-- none), what to put ('+' and the value, or '-' to delete), its life in
-- microseconds, the most documents. A document is the microsecond of its end, a
-- colon, and the value. It returns 1, or 0 and what is there, or -1 if there are
-- too many.
local key, now, field = KEYS[1], clock(), ARGV[2]
local function ended(raw) return tonumber(string.match(raw, '^%d+')) <= now end
local has = redis.call('HGET', key, field)
if has and ended(has) then
  redis.call('HDEL', key, field)
  has = false
end
if (has or '') ~= ARGV[3] then return {0, has or ''} end
if ARGV[4] == '-' then
  redis.call('HDEL', key, field)
  return {1}
end
if not has and redis.call('HLEN', key) >= tonumber(ARGV[6]) then
  local all = redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    if ended(all[i + 1]) then redis.call('HDEL', key, all[i]) end
  end
  if redis.call('HLEN', key) >= tonumber(ARGV[6]) then return {-1} end
end
local life = tonumber(ARGV[5])
redis.call('HSET', key, field, whole(now + life) .. ':' .. string.sub(ARGV[4], 2))
local ms = math.ceil(life / 1000)
if redis.call('PTTL', key) < ms then redis.call('PEXPIRE', key, ms) end
return {1}
