-- tenant_beat says that a replica lives that holds slots of a tenant or has
-- reserved of its budgets, and gives back the slots that silent ones held.
--
-- KEYS: the tenant. ARGV: time, replica, microseconds after which a replica is
-- dead, the incarnation that this replica knows, what it holds, microseconds of
-- grace, a new name for this heartbeat, how many windows it has reserved of. It
-- returns the incarnation, this replica's share as it is, and what it has reserved
-- as it is: budget, end in ms and amount of each window.
local key, now, replica = KEYS[1], clock(), ARGV[2]
local id, held = redis.call('HGET', key, 'id'), tonumber(ARGV[5])
if not id and held == 0 then return {'', 0} end
local mine = tonumber(redis.call('HGET', key, 'r:' .. replica)) or 0
if id ~= ARGV[4] then
  if not id then
    id = ARGV[4]
    redis.call('HSET', key, 'id', id, 'grace', whole(now + tonumber(ARGV[6])))
    redis.call('EXPIRE', key, 7200)
  end
  share(key, replica, held - mine)
  mine = held
end
local reserved = reapTenant(key, replica, now - tonumber(ARGV[3]))
if mine > 0 or held > 0 or #reserved > 0 or ARGV[8] ~= '0' then
  redis.call('HSET', key, 't:' .. replica, whole(now), 'q:' .. replica, ARGV[7])
else
  redis.call('HDEL', key, 't:' .. replica, 'q:' .. replica)
end
if redis.call('TTL', key) < 7200 then redis.call('EXPIRE', key, 7200) end
return {id, mine, unpack(reserved)}
