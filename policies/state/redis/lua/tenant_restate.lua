-- tenant_restate corrects a replica's share of a tenant by a difference, and what
-- it has reserved of its budgets.
--
-- KEYS: the tenant. ARGV: time, replica, incarnation, difference of slots, the
-- heartbeat that found it, then for each budget's window: name, end in ms,
-- difference of what is reserved, difference of the use. A correction of budgets
-- that arrives after the next heartbeat is left out: that has found the same.
local key, replica = KEYS[1], ARGV[2]
if redis.call('HGET', key, 'id') ~= ARGV[3] then return 0 end
local by = tonumber(ARGV[4])
share(key, replica, by)
if by > 0 or #ARGV > 5 then redis.call('HSET', key, 't:' .. replica, whole(clock())) end
if #ARGV == 5 or redis.call('HGET', key, 'q:' .. replica) ~= ARGV[5] then return 1 end
for i = 6, #ARGV, 4 do -- of one budget there may be two windows: each is read anew
  local use, reserved, ends = 'b:' .. ARGV[i], 'v:' .. replica .. ':' .. ARGV[i], tonumber(ARGV[i + 1])
  local has, set, gone = redis.call('HMGET', key, use, reserved), {}, {}
  reserve(set, gone, reserved, has[2], ends, tonumber(ARGV[i + 2]))
  local b = readBudget(has[1])
  local at = budgetAt(b, ends)
  if at and ARGV[i + 3] ~= '0' then
    b[at] = math.max(0, b[at] + tonumber(ARGV[i + 3]))
    set[#set + 1], set[#set + 2] = use, budgetText(b)
  end
  writeFields(key, set, gone)
end
return 1
