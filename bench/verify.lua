-- SPDX-License-Identifier: Apache-2.0
-- For wrk: asks /api/v1/verify with the tokens of a file (one a line) in turn, and prints what came of it: as JSON for
-- measure.py, and as "result RATE MEDIAN-MS P99-MS WRONG" for run.py. All requests are built before the first one is sent.

local threads = 0

function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

function init(arguments)
    requests = {}
    for token in io.lines(arguments[1]) do
        requests[#requests + 1] = wrk.format("GET", "/api/v1/verify", {["Authorization"] = "Bearer " .. token})
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
    io.write(string.format("result %.3f %.3f %.3f %d\n", summary.requests / (summary.duration / 1e6),
        latency:percentile(50) / 1000, latency:percentile(99) / 1000,
        errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
