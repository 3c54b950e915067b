-- SPDX-License-Identifier: Apache-2.0
-- For wrk, called by bench/programs.py: FILE KIND DEPTH KEY. Sends requests of one kind with the tokens of a file (one a line) in
-- turn, DEPTH of them at once on a connection, and prints what came of it as JSON. All are built before the first one is sent.

local kinds = {
    verify = function(token) return wrk.format("GET", "/api/v1/verify", {["Authorization"] = "Bearer " .. token}) end,
    sessions = function(token) return wrk.format("GET", "/api/v1/sessions", {["Authorization"] = "Bearer " .. token}) end,
    introspect = function(token, key)
        local headers = {["Authorization"] = "Bearer " .. key, ["Content-Type"] = "application/x-www-form-urlencoded"}
        return wrk.format("POST", "/oauth2/introspect", headers, "token=" .. token)
    end,
}

local threads = 0

function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

function init(arguments)
    local build, depth = kinds[arguments[2]], tonumber(arguments[3])
    local single = {}
    for token in io.lines(arguments[1]) do
        single[#single + 1] = build(token, arguments[4])
    end
    requests = {}
    for first = 0, #single - 1 do
        local together = {}
        for i = 0, depth - 1 do together[i + 1] = single[(first * depth + i) % #single + 1] end
        requests[first + 1] = table.concat(together)
    end
    -- Each thread starts elsewhere, so that they do not walk in step.
    next_request = number * 397 % #requests
end

function request()
    next_request = next_request % #requests + 1
    return requests[next_request]
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        '\n{"answers": %d, "seconds": %.6f, "bytes": %d, "not_200": %d, "broken": %d, "p50_us": %d, "p99_us": %d}\n',
        summary.requests, summary.duration / 1e6, summary.bytes, errors.status,
        errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(50), latency:percentile(99)))
end
