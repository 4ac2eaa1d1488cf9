"""An embedded Azure Functions host for laptops and CI: ``python -m local.host``.  Never deployed.

It runs a function app like the real host: it reads host.json, serves HTTP triggers behind keys, polls, leases, retries
and poisons the messages of queue triggers, and runs timer triggers on schedule.  The functions run in one of two back
ends: Microsoft's own worker library if available (Python 3.13), else the converters of the azure-functions SDK.

It follows Microsoft's host 4.1037 with the Python worker 4.34 and queues extension 5.3.10, as observed when they ran,
and their source:

* queues: `sdk/storage/Microsoft.Azure.WebJobs.Extensions.Storage.Queues` in Azure/azure-sdk-for-net;
* HTTP, keys, host.json, timeouts, worker processes: Azure/azure-functions-host, and the route matcher and Kestrel of
  dotnet/aspnetcore;
* timers: `src/WebJobs.Extensions/Extensions/Timers` in Azure/azure-webjobs-sdk-extensions, and atifaziz/NCrontab for
  their expressions.

It rejects what is unknown about the real host instead of guessing.  Known differences:

* The worker owns the listeners and the port, and runs them on the event loop of the functions: a function that blocks
  the loop blocks everything, and without a worker nothing listens.  The real host then returns 500, or lets callers
  wait; and it fails the invocations of a dead worker, so that their messages come back after visibilityTimeout.  Here
  they come back when their leases end.
* There is one worker, whatever FUNCTIONS_WORKER_PROCESS_COUNT says, and one key for all levels, so nothing returns 403.
* aiohttp reads the requests.  HTTP/1.1 without a Host header returns 400 instead of 500; unknown or lowercase methods
  return 400, where Kestrel passes them to the routes.  As there, a path beyond 8 KB returns 414 and headers beyond
  32 KB return 431; but beyond 128 KB both return 400.  More than 100 headers are accepted, which is untested there.
* A raw `#` in a query belongs to the query, as there; in a path it is rejected, which is untested there.
* The welcome page is one line.  `/admin` only supports calling functions by hand.
"""
