-- count adds one to a counter; its life begins with the first.
-- KEYS: the counter. ARGV: time (not used), its life in ms.
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return n
