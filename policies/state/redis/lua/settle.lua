-- settle ends what take has taken, or corrects it before.
--
-- KEYS: the pool's summary, the account, the group. ARGV: time, replica,
-- incarnation, account, group, model, the second in which rates were counted,
-- then what to add to that second's requests and tokens, to the day's requests,
-- the day's end in ms, and what to add to the slots: -1, or 0 for a correction. It
-- returns 0 if the data is not what was taken from.
local now = clock()
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[3] then return 0 end
local told = {}
if ARGV[12] ~= '0' then accountShare(KEYS[1], KEYS[2], ARGV[4], ARGV[2], tonumber(ARGV[12]), told) end
local group, model, second = ARGV[5], ARGV[6], tonumber(ARGV[7])
local requests, tokens, day = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
if group ~= '' and (requests ~= 0 or tokens ~= 0 or day ~= 0) then
  local w, _, field, new = readWindow(KEYS[3], KEYS[1], group, model, now, false)
  if not new then
    for i = #w - 2, HEAD + 1, -3 do
      if math.floor(w[i]) == second then
        requests, tokens = math.max(requests, -w[i + 1]), math.max(tokens, -w[i + 2])
        w[1], w[i + 1] = w[1] + requests, w[i + 1] + requests
        w[2], w[i + 2] = w[2] + tokens, w[i + 2] + tokens
        break
      end
    end
    if w[4] == tonumber(ARGV[11]) then w[3] = math.max(0, w[3] + day) end
    writeWindow(KEYS[3], group, field, w, now, told, false)
  end
end
tell(KEYS[1], told)
return 1
