"""An embedded Azure Functions host for laptops and CI: ``python -m local.host``.  Never deployed.

It does with a function app what the real host does: reads its host.json, serves its HTTP triggers behind keys,
polls, leases, retries and poisons the messages of its queue triggers, and keeps the schedules of its timer triggers.
The functions themselves run in one of two back ends: Microsoft's own worker library where it can be had (Python 3.13),
else the converters of the azure-functions SDK.

The worker is Microsoft's; the host is ours, written to the behaviour of theirs:

* queues: `sdk/storage/Microsoft.Azure.WebJobs.Extensions.Storage.Queues` in Azure/azure-sdk-for-net;
* HTTP, keys, host.json, timeouts: Azure/azure-functions-host 4.1037, and the route builder of
  Azure/azure-webjobs-sdk-extensions;
* timers: `src/WebJobs.Extensions/Extensions/Timers` there too, and atifaziz/NCrontab for their expressions.

Host and functions share one process and one event loop here, so a function that blocks the loop blocks the host.
"""
