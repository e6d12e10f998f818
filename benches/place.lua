-- wrk script: places orders of one line, each with its own idempotency key, over many users and SKUs.
-- The products LOAD-0001 … must exist with stock: `ordain load URL --orders 1` makes them.
--   wrk -t1 -c64 -d10s --latency -s benches/place.lua http://127.0.0.1:8080 -- [SKUS]
local skus = 1000
local run = os.time()
local count = 0

function init(arguments)
  if arguments[1] then skus = tonumber(arguments[1]) end
  math.randomseed(run)
end

function request()
  count = count + 1
  local sku = string.format("LOAD-%04d", count % skus + 1)
  local user = math.random(1, 5000000)
  local body = string.format(
    '{"user_id":"w-%d","currency":"GBP","lines":[{"sku":"%s","quantity":1}]}', user, sku)
  return wrk.format("POST", "/v1/orders", {
    ["Content-Type"] = "application/json",
    ["Idempotency-Key"] = string.format("wrk-%d-%d", run, count),
  }, body)
end

function done(summary, latency, requests)
  local errors = summary.errors
  print(string.format("p50 %.2f ms  p95 %.2f ms  p99 %.2f ms  max %.2f ms  errors %d", latency:percentile(50) / 1000,
    latency:percentile(95) / 1000, latency:percentile(99) / 1000, latency.max / 1000,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
