-- takePlaces finds the first of the places that has room, and returns what takes
-- there; nothing if none has.
--
-- KEYS: the pool's replicas, its summary, then for each place its account and
-- its group. ARGV: time, replica, incarnation, then for each place: account,
-- slots, group, model, requests, tokens and requests a day (0: no limit), tokens
-- to reserve, the day's end in ms.
--
-- The answer is the place's index, or -1, or -2 if this replica must beat first:
-- the data is not what it knew, or it was thought dead. Then the second in which
-- rates were counted; then a limit and microseconds for each place that was full.
local function takePlaces(KEYS, ARGV)
  local now, replica = clock(), ARGV[2]
  local pool = redis.call('HMGET', KEYS[2], 'id', 'grace', 'lost', 'reserve')
  if pool[1] ~= ARGV[3] or not redis.call('ZSCORE', KEYS[1], replica) then return {-2} end
  local grace, lost = tonumber(pool[2] or 0) > now, tonumber(pool[3] or 0)

  -- part is what of a limit replicas may take that live, while others are gone
  -- that may still work by themselves: "gone all" are numbers of replicas.
  local part = function(limit) return limit end
  if pool[4] then
    local gone, all = string.match(pool[4], '(%d+) (%d+)')
    part = function(limit)
      if limit <= 0 then return limit end
      return math.max(1, limit - tonumber(gone) * math.floor(limit / tonumber(all)))
    end
  end

  local out = {-1, 0}
  for i = 0, (#KEYS - 2) / 2 - 1 do
    local a = 3 + i * 9
    local account, slots, group, model = ARGV[a + 1], part(tonumber(ARGV[a + 2])), ARGV[a + 3], ARGV[a + 4]
    local rpm, tpm, rpd = part(tonumber(ARGV[a + 5])), part(tonumber(ARGV[a + 6])), tonumber(ARGV[a + 7])
    local tokens, dayEnds = tonumber(ARGV[a + 8]), tonumber(ARGV[a + 9])
    -- A request that is larger than a part takes all of it where nothing is used: see
    -- Place.Whole. All of its tokens are counted.
    local need = tokens
    if tokens <= tonumber(ARGV[a + 6]) then need = math.min(tokens, tpm) end
    local accountKey, groupKey = KEYS[3 + i * 2], KEYS[4 + i * 2]

    local limit, wait, w, second, field = nil, 0
    local function refuse(name, microseconds)
      if not limit or microseconds > wait then limit, wait = name, microseconds end
    end
    -- whenEnough is how long until enough old seconds have left the minute.
    local function whenEnough(enough)
      local requests, used = w[1], w[2]
      for j = HEAD + 1, #w, 3 do
        requests, used = requests - w[j + 1], used - w[j + 2]
        if enough(requests, used) then return endsAt(w[j]) - now end
      end
      return 0
    end
    if group ~= '' then
      local new
      w, second, field, new = readWindow(groupKey, KEYS[2], group, model, now, true)
      if new and now < lost + MINUTE then
        -- The data was lost: half of a minute counts as used in that second.
        local at = math.floor(lost / 1000000)
        w = {math.floor(rpm / 2), math.floor(tpm / 2), 0, 0, at, math.floor(rpm / 2), math.floor(tpm / 2)}
      end
      if rpm > 0 and w[1] + 1 > rpm then
        refuse('rpm', whenEnough(function(requests) return requests + 1 <= rpm end))
      end
      if tpm > 0 and w[2] + need > tpm then
        refuse('tpm', whenEnough(function(_, used) return used + need <= tpm end))
      end
      if rpd > 0 and dayEnds <= w[4] and w[3] + 1 > rpd then
        refuse('rpd', w[4] * 1000 - now)
      end
    end
    local has
    if not limit then
      has = redis.call('HMGET', accountKey, 'n', 'r:' .. replica)
      if slots > 0 and (grace or (tonumber(has[1]) or 0) >= slots) then refuse('slots', 0) end
    end

    if not limit then
      out[1], out[2] = i, second or math.floor(now / 1000000)
      return out, function()
        local told = {}
        accountShare(KEYS[2], accountKey, account, replica, 1, told, has)
        if group ~= '' then
          w[1], w[2] = w[1] + 1, w[2] + tokens
          if dayEnds > w[4] then w[3], w[4] = 0, dayEnds end
          w[3] = w[3] + 1
          local last = #w - 2
          local newSecond = last <= HEAD or math.floor(w[last]) ~= second
          if newSecond then
            last = #w + 1
            w[last], w[last + 1], w[last + 2] = second, 0, 0
          end
          w[last] = math.max(w[last], stamp(now))
          w[last + 1], w[last + 2] = w[last + 1] + 1, w[last + 2] + tokens
          writeWindow(groupKey, group, field, w, now, told, newSecond)
        end
        tell(KEYS[2], told)
      end
    end
    out[#out + 1] = limit
    out[#out + 1] = wait
  end
  return out
end
