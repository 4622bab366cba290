-- leave gives back all that a replica holds in the pool.
-- KEYS: the pool's replicas, its summary, then accounts. ARGV: time, replica,
-- then each account's name.
local told = {}
for i = 3, #KEYS do
  accountShare(KEYS[2], KEYS[i], ARGV[i], ARGV[2], -1e15, told)
end
tell(KEYS[2], told)
return redis.call('ZREM', KEYS[1], ARGV[2])
