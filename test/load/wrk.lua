-- Sends the requests of a file in their order: with "once" each a single time, and no more when all are sent; else over and over.
-- The file's first lines are headers, "name: value"; after an empty line each line is a request: method, path and body, with tabs
-- between.

local requests, next, once = {}, 0, false

function init(args)
  local head = true
  once = args[2] == "once"
  for line in io.lines(args[1]) do
    if head then
      local name, value = line:match("^([^:]+): (.*)$")
      if name then wrk.headers[name] = value else head = false end
    else
      local method, path, body = line:match("^([^\t]*)\t([^\t]*)\t(.*)$")
      requests[#requests + 1] = wrk.format(method, path, wrk.headers, body ~= "" and body or nil)
    end
  end
end

function request()
  next = next + 1
  if next >= #requests then
    if once then
      next = #requests
      wrk.thread:stop()
    else
      next = 1
    end
  end
  return requests[next]
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    'result {"requests":%d,"micros":%d,"refused":%d,"failed":%d,"p50":%d,"p99":%d}\n',
    summary.requests, summary.duration, e.status, e.connect + e.read + e.write + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
