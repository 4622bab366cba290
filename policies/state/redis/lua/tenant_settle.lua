-- tenant_settle ends what tenant_take has taken.
--
-- KEYS: the tenant. ARGV: time, replica, the incarnation in which it was taken,
-- 1 if a slot was, the service to add, then for each budget: name, end in ms, and
-- what to add to its use.
local key = KEYS[1]
if redis.call('EXISTS', key) == 0 then return 0 end
if ARGV[4] == '1' and redis.call('HGET', key, 'id') == ARGV[3] then share(key, ARGV[2], -1) end
if ARGV[5] ~= '0' then redis.call('HINCRBY', key, 'vs', ARGV[5]) end
for i = 6, #ARGV, 3 do
  local b, new = readBudget(redis.call('HGET', key, 'b:' .. ARGV[i]))
  local at = budgetAt(b, tonumber(ARGV[i + 1]))
  if at and not new then
    b[at] = math.max(0, b[at] + tonumber(ARGV[i + 2]))
    writeBudget(key, ARGV[i], b)
  end
end
return 1
