-- take_both takes for a tenant and at the first of the places that has room, or
-- nothing at all.
--
-- KEYS: the tenant's, then the places'. ARGV: time, how many of what follows are the
-- tenant's, then the tenant's, then the places'. It returns both answers. If the
-- tenant is refused the places are not looked at; if no place has room the tenant's
-- answer is -2.
local function from(list, first, last) return {unpack(list, first, last)} end

local split = 2 + tonumber(ARGV[2])
local tenant, takeOfTenant = takeTenant(from(KEYS, 1, 1), from(ARGV, 3, split))
if not takeOfTenant then return {tenant, {-1, 0}} end
local places, takePlace = takePlaces(from(KEYS, 2, #KEYS), from(ARGV, split + 1, #ARGV))
if not takePlace then
  tenant[1] = -2
  return {tenant, places}
end
takeOfTenant()
takePlace()
return {tenant, places}
