"""What runs a `Network`: one protocol, several engines, the same spikes.

========== ========================== ==========================================================
name       class                      what it is
========== ========================== ==========================================================
``lava``   `lava.LavaEngine`          Lava's CPU simulator, which the others are compared with
``native`` `native.NativeEngine`      ours: bit-exact with Lava, fast, runs all that netx runs
``slayer`` `slayer.SlayerEngine`      training's arithmetic; feed-forward CUBA networks only
========== ========================== ==========================================================

`registry.open_engine` opens one by name, and any other as a class, by import path
``package.module:Class``, or by an entry point of group ``neurodeploy.engines``.

To add one, write a class that is made from a `Network` and follows `base.Engine`: derive it from
`base.BatchRunner` and `base.Closeable`, set ``name`` and ``network``, write ``run_batch``, ``open``
(a `base.Session`) and ``close``, take input through `base.check_input`, and count with
`counts.count`. Nothing has to be registered. One that belongs here goes into the table of
`registry`; ``pytest tests/engines/test_engine.py --engine NAME`` then says whether it follows the
rules.
"""
