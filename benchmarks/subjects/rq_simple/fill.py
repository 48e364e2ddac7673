"""That of RQ."""

import runpy

if __name__ == "__main__":
    runpy.run_module("benchmarks.subjects.rq.fill", run_name="__main__", alter_sys=False)
