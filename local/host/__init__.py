"""An embedded Azure Functions host for laptops and CI: ``python -m local.host``.  Never deployed.

It does with a function app what the real host does: reads its host.json, serves its HTTP triggers behind keys,
polls, leases, retries and poisons the messages of its queue triggers, and keeps the schedules of its timer triggers.
The functions themselves run in one of two back ends: Microsoft's own worker library where it can be had (Python 3.13),
else the converters of the azure-functions SDK.

It is written to Microsoft's host 4.1037 with the Python worker 4.34 and queues extension 5.3.10, as they were seen to
behave when they ran, and to their source:

* queues: `sdk/storage/Microsoft.Azure.WebJobs.Extensions.Storage.Queues` in Azure/azure-sdk-for-net;
* HTTP, keys, host.json, timeouts, worker processes: Azure/azure-functions-host, and the route matcher and Kestrel of
  dotnet/aspnetcore;
* timers: `src/WebJobs.Extensions/Extensions/Timers` in Azure/azure-webjobs-sdk-extensions, and atifaziz/NCrontab for
  their expressions.

What is not known of the real host is refused, and not guessed.  These differences are known:

* The worker holds the listeners and the port, and runs them on the event loop of the functions: a function that blocks
  the loop blocks everything, and while there is no worker, nobody listens.  The real host answers with 500 then, or
  lets callers wait; and it fails what a dead worker was at, so that a message comes back after visibilityTimeout, where
  here it comes back when its lease ends.
* There is one worker, whatever FUNCTIONS_WORKER_PROCESS_COUNT says, and one key for all levels, so that nothing is
  answered with 403.
* aiohttp reads the requests.  HTTP/1.1 without a Host header is 400, and not 500; methods that HTTP does not know, or
  in lower case, are 400, where Kestrel lets them reach the routes.  A path beyond 8 KB is 414 and headers beyond 32 KB
  are 431, as there; but beyond 128 KB both are 400, and more than 100 headers are taken, which nobody has tried there.
* A raw `#` in a query belongs to the query, as there; in a path it is refused, which nobody has tried there.
* The welcome page is a line.  Of `/admin`, functions can be called by hand, and no more.
"""
