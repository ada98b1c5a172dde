-- What `wrk` asks and what it says at the end: one line of JSON. With a file as argument it posts: every line of the file
-- is a path and a token; every thread goes round the lines, each from another place. With `keys` after the file, each post has
-- an `Idempotency-Key` of its own.

local threads = 0

function setup(thread)
    thread:set("place", threads)
    threads = threads + 1
end

function init(args)
    if not args[1] then return end
    -- word for word what `bench/run` and the floor know
    local sentence = "What we tried, what came of it, and what we would do again."
    local body = '{"kind":"discussion","title":"What we learned this week","body":"'
        .. string.rep(sentence .. " ", 4) .. sentence .. '"}'
    local requests = {}
    for line in io.lines(args[1]) do
        local path, token = line:match("(%S+) (%S+)")
        local headers = { ["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json" }
        requests[#requests + 1] = wrk.format("POST", path, headers, body)
    end
    local at = place * 29
    request = function()
        at = at + 1
        return requests[at % #requests + 1]
    end
    if args[2] ~= "keys" then return end
    local plain, run = request, os.time()
    request = function()
        local key = string.format("\r\nIdempotency-Key: %d-%d-%d\r\n", run, place, at)
        return (plain():gsub("\r\n", key, 1))
    end
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '{"requests":%d,"micros":%d,"failed":%d,"p50":%d,"p95":%d,"p99":%d}\n',
        summary.requests, summary.duration,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        latency:percentile(50), latency:percentile(95), latency:percentile(99)))
end
