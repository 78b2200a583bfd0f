// SPDX-License-Identifier: MIT-0
//
// JavaScript: objects, maps, JSON, buffers (which lie outside the JavaScript heap).
'use strict';
let random = 99;
const nextRandom = (limit) => {
  random = (Math.imul(random, 1103515245) + 12345) & 0x7fffffff;
  return (random >>> 8) % limit;
};

const map = new Map();
for (let i = 0; i < 150000; i++) {
  map.set(`key${nextRandom(40000)}`, { i, list: [i, i + 1], text: 'x'.repeat(nextRandom(30)) });
}
const copy = JSON.parse(JSON.stringify([...map]));
console.log(map.size, copy.length, copy[100][0]);

let total = 0;
const kept = [];
for (let i = 0; i < 4000; i++) {
  const buffer = Buffer.alloc(1 + nextRandom(60000), i & 255);
  total += buffer[buffer.length - 1];
  if (i % 50 === 0) kept.push(buffer);
}
console.log(total, Buffer.concat(kept).length);
console.log([...map.keys()].sort().join('').match(/7+8/g).length);
