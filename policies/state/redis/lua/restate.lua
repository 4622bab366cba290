-- restate corrects a replica's share of an account by a difference.
-- KEYS: the pool's summary, the account. ARGV: time, replica, incarnation,
-- account, difference.
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[3] then return 0 end
local told = {}
accountShare(KEYS[1], KEYS[2], ARGV[4], ARGV[2], tonumber(ARGV[5]), told)
tell(KEYS[1], told)
return 1
