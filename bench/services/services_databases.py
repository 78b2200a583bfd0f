# SPDX-License-Identifier: MIT-0
#
# MariaDB and PostgreSQL: what each is given to do, when it has freed it, what it has to answer. Both
# begin each run with a copy of a data directory that was made once.

import concurrent.futures
import os
import pwd
import shutil
import signal
import subprocess

from services_servers import Service
from services_stage import LIMIT_S, Broken, as_user


def plain(command, user, cwd):
    """A program that makes what all runs share."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, errors="replace",
                          stdin=subprocess.DEVNULL, check=False, timeout=LIMIT_S, **as_user(user))
    if done.returncode != 0:
        raise Broken("%s: %s" % (os.path.basename(command[0]), done.stderr.strip()[-300:]))


def copy_tree(source, place, user):
    """The data directory, with its owner; cp keeps what is hard to keep otherwise."""
    shutil.rmtree(place, ignore_errors=True)
    subprocess.run(["cp", "-a", source, place], check=True, **as_user(user))


# ---- MariaDB ----

MARIADB_FILL = """
CREATE DATABASE w; USE w;
CREATE TABLE item (id INT AUTO_INCREMENT PRIMARY KEY, kind INT, name VARCHAR(100), note TEXT, KEY (kind));
INSERT INTO item (kind, name, note)
    SELECT seq %% 97, concat('name ', seq), repeat(md5(seq), 4) FROM seq_1_to_%(rows)d;
CREATE TABLE far ENGINE=MyISAM AS SELECT id, note FROM item WHERE kind < 20;
"""
MARIADB_ASK = """
SELECT kind, count(*), md5(group_concat(name ORDER BY name)) FROM item WHERE id % 13 = 3 GROUP BY kind;
SELECT md5(group_concat(a.name, b.note ORDER BY a.id)) FROM item a JOIN item b ON a.kind = b.id
    WHERE a.id < 3000;
SELECT json_arrayagg(json_object('id', id, 'name', name)) FROM item WHERE kind = 5;
SELECT regexp_replace(name, '([0-9])', '<\\\\1>') FROM item WHERE kind IN (1, 5, 9) AND name LIKE '%7%';
CHECKSUM TABLE item, far;
"""
MARIADB_SLAP = """
SELECT DISTINCT upper(name) FROM item WHERE kind IN (1, 5, 9) AND name LIKE '%7%';
SELECT a.name, b.note FROM item a JOIN item b ON a.kind = b.id WHERE a.id BETWEEN 100 AND 130 ORDER BY b.note;
UPDATE item SET note = concat(left(note, 2000), 'y') WHERE id = floor(1 + rand() * 5000);
SELECT kind, count(*), group_concat(name ORDER BY name) FROM item WHERE id % 13 = 3 GROUP BY kind;
"""


class Mariadb(Service):
    """Tables in memory, filled by clients side by side and dropped; joins, regular expressions, JSON;
    mariadb-slap. Its own proofs: CHECKSUM TABLE, mariadb-check --extended, a log without errors."""

    name = "mariadb"
    needs = (("mariadbd", "mariadb-server"), ("/usr/sbin/mariadbd", "mariadb-server"),
             ("mariadb-install-db", "mariadb-server"), ("mariadb-slap", "mariadb-client"),
             ("mariadb-check", "mariadb-client"))
    user = "mysql"

    def __init__(self):
        self.data = None
        self.is_short = False

    def prepare(self, place, is_short):
        self.data = os.path.join(place, "data")
        self.is_short = is_short
        owner = self.user if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
        plain(["mariadb-install-db", "--no-defaults", "--user=" + owner, "--datadir=" + self.data,
               "--auth-root-authentication-method=normal", "--skip-test-db",
               "--innodb-log-file-size=8M"], self.user, place)

    def ask(self, stage, sql, check=None):
        return stage.tool(["mariadb", "--no-defaults", "--socket=socket", "--user=root", "-N"],
                          check=check, feed=sql)

    def admin(self, stage, program, *words):
        return stage.tool([program, "--no-defaults", "--socket=socket", "--user=root", *words])

    def run(self, stage):
        data = os.path.join(stage.place, "data")
        copy_tree(self.data, data, self.user)
        stage.start([shutil.which("mariadbd") or "/usr/sbin/mariadbd", "--no-defaults",
                     "--datadir=" + data, "--socket=" + os.path.join(stage.place, "socket"),
                     "--skip-networking", "--innodb-buffer-pool-size=16M",
                     "--innodb-log-file-size=8M", "--innodb-flush-log-at-trx-commit=0",
                     "--max-heap-table-size=256M", "--group-concat-max-len=10000000",
                     "--log-error=" + os.path.join(stage.place, "errors.txt")], user=self.user)
        stage.await_ready(lambda: self.answers(stage))
        self.ask(stage, MARIADB_FILL % {"rows": 3000 if self.is_short else 10000})
        self.ask(stage, "USE w;" + MARIADB_ASK, check="queries")
        self.tables_in_memory(stage)
        with open(os.path.join(stage.place, "slap.sql"), "w", encoding="ascii") as file:
            file.write(MARIADB_SLAP)
        self.admin(stage, "mariadb-slap", "--concurrency=8", "--create-schema=w", "--no-drop",
                   "--query=slap.sql", "--delimiter=;",
                   "--number-of-queries=%d" % (160 if self.is_short else 1200))
        stage.mark("loaded")
        self.ask(stage, "USE w; DROP TABLE m0, m1, m2, m3; FLUSH TABLES;")
        stage.idle()
        said = self.admin(stage, "mariadb-check", "--extended", "w")
        if [line.split()[-1] for line in said.strip().split("\n")] != ["OK"] * 2:
            raise Broken("mariadb-check said: " + " ".join(said.split()))
        self.admin(stage, "mariadb-admin", "shutdown")
        stage.wait()
        with open(os.path.join(stage.place, "errors.txt"), encoding="utf-8", errors="replace") as file:
            stage.check("errors in its log", sum("[ERROR]" in line for line in file))

    def answers(self, stage):
        try:
            self.admin(stage, "mariadb-admin", "ping")
            return True
        except Broken:
            return False

    def tables_in_memory(self, stage):
        """Four clients at once, a table each."""
        rows = 4000 if self.is_short else 40000
        sql = ("USE w; CREATE TABLE m%d (id INT PRIMARY KEY, a VARCHAR(700), KEY (a(20))) ENGINE=MEMORY; "
               "INSERT INTO m%d SELECT seq, repeat(md5(seq), 1 + seq %% 20) FROM seq_1_to_%d; "
               "DELETE FROM m%d WHERE id %% 3 = %d; SELECT count(*), sum(length(a)) FROM m%d;")
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(
                lambda i: self.ask(stage, sql % (i, i, rows, i, i % 3, i)), range(4)))
        stage.check("tables in memory", "".join(answers))
        stage.mark("filled")


MARIADB_TEST_PLACE = "/usr/share/mysql/mysql-test"
MARIADB_TESTS = ("alias join subselect type_blob func_gconcat func_json func_str ps union view sp-big "
                 "trigger partition group_by order_by having derived cte_recursive select temp_table create "
                 "alter_table null func_math func_time").split()


class MariadbTest(Service):
    """MariaDB's own test suite, a part of it: servers, clients and the script that drives them all run on
    the allocator. No benchmark: how the tests share two servers differs from run to run."""

    name = "mariadb-test"
    needs = ((MARIADB_TEST_PLACE + "/mariadb-test-run.pl", "mariadb-test"),)
    user = "mysql"
    is_default = False

    def run(self, stage):
        tests = MARIADB_TESTS[:5] if stage.is_short else MARIADB_TESTS
        var = os.path.join(stage.place, "var")
        results = []

        def take(line):
            """Results come in another order each time; the last column is how long it took."""
            if "[ pass ]" in line or "[ fail ]" in line:
                if not results:
                    stage.mark("loaded")
                results.append(line.split()[0] + line[line.index("["):line.index("]")])
            return line if line.startswith("Completed") else None

        lines = stage.follow(
            ["./mariadb-test-run.pl", "--suite=main", "--parallel=2", "--force", "--max-test-fail=0",
             "--retry=0", "--vardir=" + var, "--tmpdir=" + var + "-tmp", *tests], "the end",
            cut=take, user=self.user, cwd=MARIADB_TEST_PLACE)
        stage.check("results", "\n".join(sorted(results)))
        if "successful" not in "".join(lines):
            raise Broken("mariadb-test-run said: " + " ".join(lines).strip())


# ---- PostgreSQL ----

POSTGRES_BIN = "/usr/lib/postgresql/15/bin/"
POSTGRES_SUMS = ("SELECT (SELECT sum(abalance) FROM pgbench_accounts), (SELECT sum(bbalance) FROM "
                 "pgbench_branches), (SELECT sum(tbalance) FROM pgbench_tellers), (SELECT sum(delta) FROM "
                 "pgbench_history)")
POSTGRES_ASK = """
SELECT md5(string_agg(aid || ',' || abalance, ';' ORDER BY aid)) FROM pgbench_accounts;
SELECT jsonb_object_agg(bid, n) FROM (SELECT bid, count(*) AS n FROM pgbench_accounts GROUP BY bid) AS x;
SELECT md5(string_agg(regexp_replace(md5(i::text), '([a-f]+)', '<\\1>', 'g'), ''))
    FROM generate_series(1, 5000) AS i;
WITH RECURSIVE t(n, s) AS (SELECT 1, '' UNION ALL SELECT n + 1, s || chr(65 + n % 26) FROM t WHERE n < 500)
    SELECT md5(string_agg(s, ',')) FROM t;
"""
POSTGRES_BURST = """
SET work_mem = '256MB'; SET max_parallel_workers_per_gather = 0;
SELECT count(*), sum(length(x)) FROM
    (SELECT md5(i::text) AS k, string_agg(repeat('x', i % 200), '') AS x FROM generate_series(1, {rows}) AS i
     GROUP BY md5(i::text)) AS t;
SELECT cardinality(array_agg(md5(i::text) ORDER BY md5(i::text))) FROM generate_series(1, {rows}) AS i;
\\echo done
"""


class Postgres(Service):
    """pgbench, whose sums must agree; sessions that group and sort within 256 MiB each and then stay
    open, idle. Its own proofs: pg_amcheck, a log without panics. A session is a process."""

    name = "postgres"
    needs = tuple((POSTGRES_BIN + name, "postgresql-15") for name in
                  ("initdb", "postgres", "pg_amcheck")) + (("psql", "postgresql-client-15"),
                                                           ("pgbench", "postgresql-15"))
    user = "postgres"

    def __init__(self):
        self.data = None
        self.rows = 0

    def prepare(self, place, is_short):
        self.data = os.path.join(place, "data")
        self.rows = 15000 if is_short else 150000
        plain([POSTGRES_BIN + "initdb", "-D", self.data, "-U", "postgres", "--locale=C",
               "--no-sync"], self.user, place)

    def psql(self, stage, sql, check=None):
        return stage.tool(["psql", *self.who(stage), "-qAtX", "-v", "ON_ERROR_STOP=1"], check=check,
                          user=self.user, feed=sql).strip()

    @staticmethod
    def who(stage):
        return ["-h", stage.place, "-U", "postgres", "-d", "postgres"]

    def pgbench(self, stage, *words):
        stage.tool([POSTGRES_BIN + "pgbench", *self.who(stage), "-n", *words], user=self.user)

    def run(self, stage):
        data = os.path.join(stage.place, "data")
        copy_tree(self.data, data, self.user)
        stage.start([POSTGRES_BIN + "postgres", "-D", data, "-k", stage.place, "-c",
                     "listen_addresses=", "-c", "shared_buffers=16MB", "-c", "fsync=off"],
                    user=self.user)
        stage.await_ready(lambda: self.answers(stage))
        self.pgbench(stage, "-i", "-q", "-s", "1")
        self.pgbench(stage, "-c", "1", "-t", "300" if stage.is_short else "1500", "--random-seed=7")
        self.psql(stage, POSTGRES_ASK, check="queries")
        self.pgbench(stage, "-c", "8", "-t", "50" if stage.is_short else "300", "-M", "prepared")
        sums = set(self.psql(stage, POSTGRES_SUMS).split("|"))
        stage.check("pgbench's sums agree", len(sums) == 1)
        stage.mark("pgbench")
        sessions = self.burst(stage)
        stage.idle()
        for session in sessions:
            session.communicate("\\q\n", timeout=LIMIT_S)
        stage.tool([POSTGRES_BIN + "pg_amcheck", "-h", stage.place, "-U", "postgres", "-d", "postgres",
                    "--install-missing", "--heapallindexed", "--parent-check"], user=self.user)
        os.kill(stage.process.pid, signal.SIGINT)
        stage.wait()
        with open(os.path.join(stage.place, "words.txt"), encoding="utf-8", errors="replace") as file:
            stage.check("crashes in its log", sum("PANIC" in line or "terminated by signal" in line
                                                  for line in file))

    def answers(self, stage):
        try:
            return self.psql(stage, "SELECT 1") == "1"
        except Broken:
            return False

    def burst(self, stage):
        """Four sessions, which stay open."""
        sessions = []
        for _ in range(4):
            sessions.append(subprocess.Popen(
                ["psql", *self.who(stage), "-qAtX"], cwd=stage.place, text=True, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, **as_user(self.user)))
            sessions[-1].stdin.write(POSTGRES_BURST.format(rows=self.rows))
            sessions[-1].stdin.flush()
        answers = []
        for session in sessions:
            while (line := session.stdout.readline()) not in ("done\n", ""):
                answers.append(line)
        stage.check("sessions", "".join(answers))
        return sessions
