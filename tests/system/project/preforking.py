"""A server that forks: the application is imported, and used, before there are processes to serve it."""

import os
import signal
import socket
import sys

import main
import uvicorn

if __name__ == "__main__":
    main.afterword.add_now(main.sleep, 0)
    door = socket.create_server(("127.0.0.1", 0))
    children = []
    for _ in range(int(sys.argv[1])):
        pid = os.fork()
        if not pid:
            uvicorn.Server(uvicorn.Config(main.app, access_log=False)).run([door])
            os._exit(0)
        children.append(pid)
    signal.signal(signal.SIGTERM, lambda *_: [os.kill(pid, signal.SIGTERM) for pid in children])
    print(f"http://127.0.0.1:{door.getsockname()[1]}", flush=True)
    for pid in children:
        os.waitpid(pid, 0)
