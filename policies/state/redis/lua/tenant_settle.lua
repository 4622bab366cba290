-- tenant_settle ends what tenant_take has taken.
--
-- KEYS: the tenant. ARGV: time, replica, the incarnation in which it was taken,
-- 1 if a slot was, the service to add, then for each budget: name, end in ms,
-- what to add to its use, the largest total that this replica remembers of the
-- window, where it goes on from if the data was lost, and what was reserved.
local key = KEYS[1]
if ARGV[4] == '1' and redis.call('HGET', key, 'id') == ARGV[3] then share(key, ARGV[2], -1) end
if ARGV[5] ~= '0' then redis.call('HINCRBY', key, 'vs', ARGV[5]) end
for i = 6, #ARGV, 5 do
  local b, new = readBudget(redis.call('HGET', key, 'b:' .. ARGV[i]))
  local ends = tonumber(ARGV[i + 1])
  if new and ends * 1000 > clock() then b = {ends, tonumber(ARGV[i + 3]), 0, 0} end
  local at = budgetAt(b, ends)
  if at and b[1] > 0 then
    b[at] = math.max(0, b[at] + tonumber(ARGV[i + 2]))
    writeBudget(key, 'b:' .. ARGV[i], b)
  end
  reserve(key, ARGV[2], ARGV[i], ends, -tonumber(ARGV[i + 4]))
end
if redis.call('TTL', key) == -1 then redis.call('EXPIRE', key, 93600) end
return 1
