"""A worker of PgQueuer: what `pgq run --batch-size 100` is, whose command line does not work with today's Typer."""

import pgqueuer
import uvloop

from benchmarks.subjects.pgqueuer.tasks import main

if __name__ == "__main__":
    uvloop.run(pgqueuer.run(main, batch_size=100))
