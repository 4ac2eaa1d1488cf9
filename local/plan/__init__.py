"""``python3 -m local plan``: what so many watches would do and cost, found out in virtual time.

The app's own code is flown: `decide` and `advance` for every turn, and `wake` for every event of the platform, over
the data of `shared.apis`, behind the gates of `shared.engine`.  No rule of the app stands here a second time.  What is
real, what is assumed:

* real: the APIs' data, what a watch does, the rate limit, the grid, host.json, what each turn asks of storage;
* stated with its source: prices and limits (`prices.py`, `limits.py`), what is charged by the month
  (`fixed.py`);
* assumed, since nobody publishes it: how long jobs take, when they start, how their percentage and status move
  (`workload.py`, `engine.World`), and which events of the platform arrive when (`events.py`).

Many watches are sampled: some fly, and each stands for so many (`sample.py`).

Nothing is ever late here: turns take no time, and the queue hands a message over the moment it becomes visible.
"""
