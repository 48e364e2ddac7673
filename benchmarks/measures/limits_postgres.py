"""`python -m benchmarks.measures.limits_postgres SECONDS`: how much a bare PostgreSQL can be told, as one line of JSON."""

import json
import os
import sys

import psycopg  # type: ignore[import-not-found, unused-ignore]

from benchmarks.measures.rate import BATCH, ROW, rate


def main(seconds: float) -> None:
    with psycopg.connect(os.environ["BENCH_POSTGRES"]) as connection:
        connection.execute("CREATE TABLE jobs (key BIGSERIAL PRIMARY KEY, state INTEGER NOT NULL, arguments TEXT NOT NULL)")
        connection.execute("CREATE INDEX ready ON jobs (key) WHERE state = 1")
        connection.commit()

        def insert(rows: int) -> int:
            with connection.cursor() as cursor:
                cursor.executemany("INSERT INTO jobs (state, arguments) VALUES (1, %s)", [(ROW,)] * rows)
            connection.commit()
            return rows

        told = {
            "PostgreSQL commits/s": rate(lambda: insert(1), seconds),
            "PostgreSQL rows/s": rate(lambda: insert(BATCH), seconds),
        }
    print(json.dumps(told))


if __name__ == "__main__":
    main(float(sys.argv[1]))
