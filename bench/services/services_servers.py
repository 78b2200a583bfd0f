# SPDX-License-Identifier: MIT-0
#
# redis and nginx: what each is given to do, when it has freed all of it, and what it has to answer.

import concurrent.futures
import gzip
import os
import random
import signal
import socket
import time
import urllib.request

from services_stage import Broken, digest


class Service:
    """A service, made once for all allocators."""

    name = None
    needs = ()                    # pairs of a command and the Debian package that has it
    user = None                   # who runs it if we are root
    has_linked_allocator = False  # another one than the C library's, for which ours stands in
    note = None                   # what to know about its figures
    is_default = True             # False: runs only when it is named

    def prepare(self, place, is_short):
        """Makes what all runs share in the directory `place`; may run programs, plain."""

    def run(self, stage):
        """One run; Broken if the service does not do as it should."""
        raise NotImplementedError


# ---- redis ----

def redis_command(*words):
    """In the form in which a client sends it."""
    parts = ["*%d" % len(words)]
    for word in words:
        parts += ["$%d" % len(word), word]
    return "\r\n".join(parts) + "\r\n"


class Redis(Service):
    """Values of many sizes, half of them replaced by others; a snapshot by a fork while clients
    write; FLUSHALL. Its own proofs: DEBUG DIGEST, redis-check-rdb, DEBUG RELOAD, redis-benchmark."""

    name = "redis"
    needs = (("redis-server", "redis-server"), ("redis-cli", "redis-tools"),
             ("redis-benchmark", "redis-tools"), ("redis-check-rdb", "redis-tools"))
    # Debian's has jemalloc in it.
    has_linked_allocator = True

    def __init__(self):
        self.place = None
        self.keys = 0

    def prepare(self, place, is_short):
        self.place = place
        self.keys = 15000 if is_short else 70000
        source = random.Random(1)

        def value():
            # Many small ones, few large ones; real ones lie so, too.
            return "v" * int(min(16 * 2 ** source.expovariate(0.25), 60000))

        def file(name):
            return open(os.path.join(place, name), "w", encoding="ascii", newline="")

        with file("fill.txt") as first, file("replace.txt") as second:
            for i in range(self.keys):
                first.write(redis_command("SET", "key:%d" % i, value()))
                if i % 2:
                    second.write(redis_command("SET", "key:%d" % i, value()))
                if i % 4 == 0:
                    first.write(redis_command("HSET", "hash:%d" % (i % 997), "f%d" % i, value()[:300]))
                    first.write(redis_command("ZADD", "sorted", str(source.getrandbits(20)), "m%d" % i))
                    first.write(redis_command("RPUSH", "list:%d" % (i % 89), value()[:100]))

    def pipe(self, stage, name):
        with open(os.path.join(self.place, name), encoding="ascii", newline="") as file:
            said = stage.tool([*self.client(stage), "--pipe"], feed=file.read())
        if "errors: 0" not in said:
            raise Broken("redis-cli --pipe said: " + " ".join(said.split()))

    @staticmethod
    def client(stage):
        return ["redis-cli", "-s", os.path.join(stage.place, "socket")]

    def ask(self, stage, *words, check=None):
        return stage.tool([*self.client(stage), *words], check=check).strip()

    def run(self, stage):
        stage.start(["redis-server", "--port", "0", "--unixsocket", os.path.join(stage.place, "socket"),
                     "--save", "", "--dir", stage.place, "--enable-debug-command", "yes",
                     "--logfile", os.path.join(stage.place, "log.txt")])
        stage.await_ready(lambda: os.path.exists(os.path.join(stage.place, "socket")))
        self.pipe(stage, "fill.txt")
        stage.mark("filled")
        self.pipe(stage, "replace.txt")
        stage.mark("replaced")
        self.ask(stage, "DBSIZE", check="DBSIZE")
        self.ask(stage, "DEBUG", "DIGEST", check="DEBUG DIGEST")
        self.snapshot(stage)
        stage.tool(["redis-benchmark", "-s", os.path.join(stage.place, "socket"), "-q", "-n",
                    "2000" if stage.is_short else "20000", "-r", "10000", "-P", "16", "-d", "200", "-t",
                    "set,get,incr,lpush,rpop,sadd,hset,zadd,lrange_100"])
        stage.mark("loaded")
        self.ask(stage, "FLUSHALL", "SYNC")
        stage.idle()
        self.ask(stage, "DEBUG", "DIGEST", check="DEBUG DIGEST of nothing")
        self.ask(stage, "SHUTDOWN", "NOSAVE")
        stage.wait()

    def snapshot(self, stage):
        """Written by a child, looked at by redis's own checker, and read back by DEBUG RELOAD,
        after which the digest is what it was."""
        self.ask(stage, "BGSAVE")
        end = time.monotonic() + 60
        while "rdb_bgsave_in_progress:0" not in self.ask(stage, "INFO", "persistence"):
            if time.monotonic() > end:
                raise Broken("BGSAVE did not end within 60 s")
            time.sleep(0.05)
        said = stage.tool(["redis-check-rdb", os.path.join(stage.place, "dump.rdb")])
        if "RDB looks OK!" not in said:
            raise Broken("redis-check-rdb said: " + said.strip().split("\n")[-1])
        self.ask(stage, "DEBUG", "RELOAD")
        if digest(self.ask(stage, "DEBUG", "DIGEST")) != digest(stage.checks["DEBUG DIGEST"]):
            raise Broken("DEBUG DIGEST is another one after DEBUG RELOAD")


# ---- nginx ----

NGINX_CONFIGURATION = """
worker_processes 2;
pid {place}/pid;
error_log {place}/errors.txt warn;
events {{ worker_connections 2048; }}
http {{
    access_log off;
    client_body_temp_path {place}/t1; proxy_temp_path {place}/t2; fastcgi_temp_path {place}/t3;
    uwsgi_temp_path {place}/t4; scgi_temp_path {place}/t5;
    proxy_max_temp_file_size 0;
    proxy_buffers 64 16k; proxy_buffer_size 16k; proxy_busy_buffers_size 32k;
    gzip on; gzip_comp_level 6; gzip_types *; gzip_min_length 100; gzip_proxied any;
    types {{ text/html html; }}
    server {{ listen 127.0.0.1:{back}; root {files}; gzip off; sendfile off; }}
    server {{ listen 127.0.0.1:{front} sndbuf=8k; location / {{ proxy_pass http://127.0.0.1:{back}; }} }}
}}
"""


def free_ports(count):
    """Ports that nobody has at the moment."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Nginx(Service):
    """A proxy that compresses: clients that read nothing while their answers wait in its buffers;
    then all of them read; ab; a reload, after which new workers answer and the old ones have ended
    well."""

    name = "nginx"
    needs = (("nginx", "nginx"), ("ab", "apache2-utils"))

    def __init__(self):
        self.files = None
        self.clients = 0

    def prepare(self, place, is_short):
        self.files = place
        self.clients = 40 if is_short else 250
        source = random.Random(2)
        os.chmod(place, 0o755)
        for i in range(40):
            words = ["%x" % source.getrandbits(4 * source.randint(1, 12)) for _ in range(40000)]
            with open(os.path.join(place, "%d.html" % i), "w", encoding="ascii") as file:
                file.write("<p>" + " ".join(words))

    def run(self, stage):
        back, port = free_ports(2)
        path = os.path.join(stage.place, "nginx.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(NGINX_CONFIGURATION.format(place=stage.place, files=self.files, front=port,
                                                  back=back))
        command = ["nginx", "-p", stage.place, "-c", path, "-e", os.path.join(stage.place, "errors.txt")]
        stage.tool([*command, "-t"])
        stage.start([*command, "-g", "daemon off;"])
        stage.await_ready(lambda: can_connect(port))
        waiting = [self.ask(port, i) for i in range(self.clients)]
        time.sleep(0.3 if stage.is_short else 1.0)
        stage.mark("waiting")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(read_body, waiting))
        stage.check("bodies", "".join(digest(body) for body in answers))
        self.bench(stage, port)
        stage.idle()
        self.reload(stage, port)
        os.kill(stage.process.pid, signal.SIGQUIT)
        stage.wait()
        stage.check("complaints", self.complaints(stage))

    @staticmethod
    def ask(port, number):
        """A client that asks, and does not read. Little fits into the sockets, so the answer waits
        in the server."""
        one = socket.socket()
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.settimeout(60)
        one.connect(("127.0.0.1", port))
        one.sendall(b"GET /%d.html HTTP/1.0\r\nHost: x\r\n%s\r\n" % (
            number % 40, b"Accept-Encoding: gzip\r\n" if number % 3 == 0 else b""))
        return one

    @staticmethod
    def bench(stage, port):
        said = stage.tool(["ab", "-q", "-k", "-c", "64", "-n", "300" if stage.is_short else "2000", "-H",
                           "Accept-Encoding: gzip", "http://127.0.0.1:%d/7.html" % port])
        if "Failed requests:        0" not in said or "Non-2xx" in said:
            raise Broken("ab had requests that failed")

    @staticmethod
    def reload(stage, port):
        """New workers, and then an answer; the old ones are awaited by nginx itself."""
        old = set(stage.sampler.seen)
        os.kill(stage.process.pid, signal.SIGHUP)
        end = time.monotonic() + 60
        while True:
            stage.sampler.seen.clear()
            stage.sampler.now()
            now = set(stage.sampler.seen)
            if len(now) == 3 and now & old == {stage.process.pid}:
                break
            if time.monotonic() > end:
                raise Broken("60 s after a reload the old workers are still there")
            time.sleep(0.05)
        with urllib.request.urlopen("http://127.0.0.1:%d/3.html" % port, timeout=60) as answer:
            stage.check("body after reload", digest(answer.read()))
        stage.mark("reloaded")

    @staticmethod
    def complaints(stage):
        """Lines of the log that tell of a worker that crashed, or worse."""
        with open(os.path.join(stage.place, "errors.txt"), encoding="utf-8", errors="replace") as file:
            return sum("[alert]" in line or "[crit]" in line or "[emerg]" in line for line in file)


def can_connect(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def read_body(one):
    """What a client that asked gets, unpacked."""
    parts = []
    with one:
        while part := one.recv(65536):
            parts.append(part)
    head, _, body = b"".join(parts).partition(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n")[0]:
        raise Broken("nginx answered " + head.split(b"\r\n")[0].decode(errors="replace"))
    return gzip.decompress(body) if b"Content-Encoding: gzip" in head else body
