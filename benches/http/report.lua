-- A line for the script `run`: requests, requests a second, p50 and p99 in microseconds, errors.
function done(summary, latency, requests)
    local errors = summary.errors
    local all_errors = errors.connect + errors.read + errors.write + errors.status + errors.timeout
    io.write(string.format("report: %d %.1f %d %d %d\n", summary.requests,
        summary.requests / summary.duration * 1e6, latency:percentile(50), latency:percentile(99), all_errors))
end
