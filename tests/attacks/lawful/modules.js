// SPDX-License-Identifier: GPL-3.0-or-later
// What an application in Node.js uses: a worker, WebAssembly, hashes, compression, another process.
const { execFileSync } = require('child_process');
const crypto = require('crypto');
const zlib = require('zlib');
const { Worker, isMainThread, parentPort } = require('worker_threads');

if (isMainThread) {
	const worker = new Worker(__filename);
	worker.on('message', sum => {
		console.log(sum, crypto.createHash('sha256').update(zlib.gzipSync('x').subarray(10)).digest('hex').slice(0, 8), execFileSync('/usr/bin/uname').toString().trim());
	});
} else {
	const bytes = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 1, 7, 1, 96, 2, 127, 127, 1, 127, 3, 2, 1, 0, 7, 7, 1, 3, 109, 117, 108, 0, 0, 10, 9, 1, 7, 0, 32, 0, 32, 1, 108, 11]);
	WebAssembly.instantiate(bytes).then(built => parentPort.postMessage(built.instance.exports.mul(6, 7)));
}
