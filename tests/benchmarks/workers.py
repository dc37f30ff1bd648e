"""Serves an application with several uvicorn workers: `python -m tests.benchmarks.workers FACTORY
PORT WORKERS`.

As `convene serve` does, it sends small answers at once; a socket that uvicorn binds itself for
several workers waits 40 ms for each of them.
"""

import socket
import sys

import uvicorn
from uvicorn.supervisors import Multiprocess

if __name__ == "__main__":
    factory, port, workers = sys.argv[1:]
    config = uvicorn.Config(
        factory, factory=True, workers=int(workers), port=int(port), log_level="critical"
    )
    listening = config.bind_socket()
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    Multiprocess(config, [listening]).run()
