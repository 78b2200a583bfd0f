// SPDX-License-Identifier: MIT-0
//
// For `node --test`: parts of node that allocate natively, each against what it has to give.
'use strict';
const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const os = require('os');
const path = require('path');
const test = require('node:test');
const vm = require('vm');
const zlib = require('zlib');

const text = Buffer.from(Array.from({ length: 20000 }, (_, i) => String(i * 7919)).join(','));

for (const [name, pack, unpack] of [
  ['gzip', zlib.gzipSync, zlib.gunzipSync],
  ['deflate', zlib.deflateRawSync, zlib.inflateRawSync],
  ['brotli', (data) => zlib.brotliCompressSync(data, {
    params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 },
  }), zlib.brotliDecompressSync],
]) {
  test(`${name} gives back what it was given`, () => {
    for (let i = 0; i < 10; i++) assert.deepStrictEqual(unpack(pack(text)), text);
  });
}

test('a cipher gives back what it was given', () => {
  const key = Buffer.alloc(32, 1);
  const iv = Buffer.alloc(16, 2);
  const cipher = crypto.createCipheriv('aes-256-gcm', key, iv);
  const packed = Buffer.concat([cipher.update(text), cipher.final()]);
  const back = crypto.createDecipheriv('aes-256-gcm', key, iv).setAuthTag(cipher.getAuthTag());
  assert.deepStrictEqual(Buffer.concat([back.update(packed), back.final()]), text);
});

test('a signature is accepted, and no other', () => {
  const pair = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const sign = crypto.sign('sha256', text, pair.privateKey);
  assert.ok(crypto.verify('sha256', text, pair.publicKey, sign));
  assert.ok(!crypto.verify('sha256', text.subarray(1), pair.publicKey, sign));
});

test('files come back as they were written', async () => {
  const place = fs.mkdtempSync(path.join(os.tmpdir(), 'suite-'));
  const names = Array.from({ length: 50 }, (_, i) => path.join(place, `${i}.txt`));
  await Promise.all(names.map((name) => fs.promises.writeFile(name, text)));
  for (const name of names) assert.deepStrictEqual(await fs.promises.readFile(name), text);
  fs.rmSync(place, { recursive: true });
});

test('contexts come and go', () => {
  for (let i = 0; i < 20; i++) {
    assert.strictEqual(vm.runInNewContext(`Array.from({length: ${i}}, (x, n) => n).length`), i);
  }
});
