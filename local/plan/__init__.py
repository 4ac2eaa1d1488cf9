"""``python3 -m local plan``: what so many watches would do and cost, found out in virtual time.

Every watch, every turn: when it is due, what it sees, what `decide` makes of it.  What is real, what is assumed:

* real: the APIs' data, the rules of `core.decide` and `core.rate_limit`, host.json, what each turn asks of storage;
* stated with its source: prices and limits (`prices.py`, `limits.py`);
* assumed, since nobody publishes it: how long jobs take, when they start, how their percentage and status move
  (`workload.py`, `engine.World`).

Nothing is ever late here: turns take no time, and the queue hands a message over the moment it becomes visible.
"""
