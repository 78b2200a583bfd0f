// SPDX-License-Identifier: MIT-0
//
// Bursts of what node takes from malloc: buffers, compression, strings handed over, workers.
'use strict';
const crypto = require('crypto');
const zlib = require('zlib');
const { Worker, isMainThread, workerData, parentPort } = require('worker_threads');

function digest(parts) {
  const hash = crypto.createHash('sha256');
  parts.forEach((part) => hash.update(part));
  return hash.digest('hex').slice(0, 16);
}

// Always the same numbers, on every machine.
function numbers(seed) {
  let state = seed;
  return () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) >>> 8;
}

function burst(seed, count) {
  const next = numbers(seed);
  const blocks = [];
  const texts = new Map();
  for (let i = 0; i < count; i++) {
    const block = Buffer.allocUnsafeSlow(64 + (next() % (i % 50 === 0 ? 60000 : 4000)));
    block.fill(i & 255);
    blocks.push(block);
    texts.set('key ' + i, block.toString('latin1', 0, 40));
  }
  const packed = blocks.filter((_, i) => i % 40 === 0).map((block) => zlib.deflateSync(block));
  const json = JSON.stringify([...texts].slice(0, 2000));
  return [digest(blocks), digest(packed), digest([json])].join(' ');
}

function inWorker(seed) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(__filename, { workerData: seed });
    worker.on('message', resolve);
    worker.on('error', reject);
  });
}

async function main() {
  const rounds = +process.argv[2];
  for (let round = 0; round < rounds; round++) {
    console.log(burst(round + 1, 30000));
    const both = await Promise.all([inWorker(round + 100), inWorker(round + 200)]);
    console.log(both.join('\n'));
  }
  for (let i = 0; i < 3; i++) {
    global.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  console.log('phase freed');
  await new Promise((resolve) => setTimeout(resolve, 1000 * process.argv[3]));
  console.log('phase idle');
  // Still there while it is looked at.
  await new Promise((resolve) => setTimeout(resolve, 300));
}

if (isMainThread) main();
else parentPort.postMessage(burst(workerData, 8000));
