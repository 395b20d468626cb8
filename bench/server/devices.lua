-- A script of wrk: every request is another device's.
-- wrk -s devices.lua URL -- <target up to the id> <target after it> <first id> <ids> <how many to pass over>
local head, tail, first, count, at

function init(args)
  first, count, at = tonumber(args[3]), tonumber(args[4]), tonumber(args[5])
  local whole = wrk.format("GET", args[1] .. "\0" .. args[2])
  local mark = whole:find("\0", 1, true)
  head, tail = whole:sub(1, mark - 1), whole:sub(mark + 1)
end

function request()
  local id = string.format("86%013d", first + at % count)
  at = at + 1
  return head .. id .. tail
end

-- The last line that wrk prints is for the bench.
function done(summary)
  local errors = summary.errors
  print(string.format(
    '{"requests":%d,"seconds":%f,"bytes":%.0f,"refused":%d,"broken":%d}',
    summary.requests, summary.duration / 1e6, summary.bytes, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout
  ))
end
