-- SPDX-License-Identifier: MIT-0
--
-- sqlite3: 100,000 rows, indexes, joins, text functions, deletion, VACUUM.
PRAGMA cache_size = -20000;
CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT, kind INTEGER, weight REAL);
CREATE TABLE link (source INTEGER, target INTEGER, note TEXT);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
INSERT INTO item SELECT i, printf('item %x %d', i * 7919 % 100003, i % 101), i % 37, i / 7.0 FROM n;
INSERT INTO link SELECT id, id * 31 % 100000 + 1, substr(name, 3) FROM item WHERE id % 2 = 0;
COMMIT;
CREATE INDEX item_name ON item (name);
CREATE INDEX item_kind ON item (kind, weight);
CREATE INDEX link_target ON link (target);
SELECT kind, count(*), round(sum(weight), 3), min(name) FROM item GROUP BY kind ORDER BY kind;
SELECT count(*), round(avg(b.weight), 3) FROM item a JOIN link ON link.source = a.id
  JOIN item b ON b.id = link.target WHERE a.name < b.name;
SELECT substr(group_concat(name, ';'), 1, 200) FROM (SELECT name FROM item ORDER BY name DESC);
SELECT upper(replace(name, 'item', 'thing')) FROM item WHERE name LIKE '%77%' ORDER BY weight LIMIT 20;
DELETE FROM item WHERE kind % 3 = 0;
UPDATE item SET name = name || ' more' WHERE kind % 3 = 1;
VACUUM;
PRAGMA integrity_check;
SELECT count(*), max(name) FROM item;
