-- tenant_restate corrects a replica's share of a tenant by a difference.
-- KEYS: the tenant. ARGV: time, replica, incarnation, difference.
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[3] then return 0 end
share(KEYS[1], ARGV[2], tonumber(ARGV[4]))
if tonumber(ARGV[4]) > 0 then redis.call('HSET', KEYS[1], 't:' .. ARGV[2], whole(clock())) end
return 1
