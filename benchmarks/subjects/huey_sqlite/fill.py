"""That of Huey on Redis."""

import runpy

if __name__ == "__main__":
    runpy.run_module("benchmarks.subjects.huey_redis.fill", run_name="__main__", alter_sys=False)
