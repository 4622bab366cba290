-- tenant_settle ends what tenant_take has taken, or gives back a part of it before.
--
-- KEYS: the tenant. ARGV: time, replica, the incarnation in which it was taken,
-- 1 if a slot was, the service to add, then for each budget: name, end in ms,
-- what to add to its use, the largest total that this replica remembers of the
-- window, where it goes on from if the data was lost, and what was reserved.
local key, fields = KEYS[1], {'id'}
for i = 6, #ARGV, 5 do
  fields[#fields + 1], fields[#fields + 2] = 'b:' .. ARGV[i], 'v:' .. ARGV[2] .. ':' .. ARGV[i]
end
local has = redis.call('HMGET', key, unpack(fields))
if ARGV[4] == '1' and has[1] == ARGV[3] then share(key, ARGV[2], -1) end
if ARGV[5] ~= '0' then redis.call('HINCRBY', key, 'vs', ARGV[5]) end
local set, gone = {}, {}
for i = 6, #ARGV, 5 do
  local at = 2 + (i - 6) / 5 * 2
  local field, ends, by = fields[at], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  local b, new = readBudget(has[at])
  if new and ends * 1000 > clock() then b = {ends, tonumber(ARGV[i + 3]), 0, 0} end
  local window = budgetAt(b, ends)
  if window and b[1] > 0 and (new or by ~= 0) then
    b[window] = math.max(0, b[window] + by)
    set[#set + 1], set[#set + 2] = field, budgetText(b)
  end
  reserve(set, gone, fields[at + 1], has[at + 1], ends, -tonumber(ARGV[i + 4]))
end
writeFields(key, set, gone)
if redis.call('TTL', key) == -1 then redis.call('EXPIRE', key, 93600) end
return 1
