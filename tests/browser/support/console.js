// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the browser tests share: the console with its sample fab (tests/support/console-serve.py), Chromium, signing in, axe, TAP. A test calls run() with its name
 * and a function; whatever happens, the console and the browser are ended.
 */
'use strict';

const child_process = require('child_process');
const fs = require('fs');
const path = require('path');
const readline = require('readline');

const root = path.resolve(__dirname, '../../..');
const modules = path.join(root, 'build/npm-tests/node_modules');
const {chromium} = require(path.join(modules, 'playwright-core'));
const axe = fs.readFileSync(path.join(modules, 'axe-core/axe.min.js'), 'utf8');
const PASSWORD = 'correct horse battery';

let points = 0, failed = 0;

function ok(good, name, ...notes) {
	points++;
	failed += !good;
	console.log(`${good ? 'ok' : 'not ok'} ${points} - ${name}`);
	if (!good)
		notes.forEach((note) => console.log(String(note).split('\n').map((line) => '# ' + line).join('\n')));
	return good;
}

class Served {
	async start() {
		this.process = child_process.spawn(path.join(root, 'tests/support/console-serve.py'), {stdio: ['pipe', 'pipe', 'inherit']});
		this.lines = readline.createInterface({input: this.process.stdout})[Symbol.asyncIterator]();
		this.port = (await this.next()).port;
		this.url = `http://127.0.0.1:${this.port}`;
	}

	async next() {
		const {value, done} = await this.lines.next();

		if (done)
			throw new Error('the console did not start, or ended');
		return JSON.parse(value);
	}

	async say(word) {
		this.process.stdin.write(word + '\n');
		return this.next();
	}

	async stop() {
		const ended = new Promise((resolve) => this.process.on('exit', resolve));

		this.process.stdin.end();
		await ended;
	}
}

async function signIn(page, served, name = 'root') {
	await page.goto(served.url + '/sign-in');
	await page.fill('#name', name);
	await page.fill('#password', PASSWORD);
	await Promise.all([page.waitForURL(served.url + '/'), page.click('button.main')]);
}

async function choose(page, served, choice) {
	await page.goto(served.url + '/account');
	for (const [name, value] of Object.entries(choice))
		await page.selectOption(`select[name=${name}]`, value);
	await Promise.all([page.waitForNavigation(), page.click('form[action="/account/choice"] button.main')]);
}

/* axe's findings as lines. The page's own policy forbids inline scripts, so axe comes in past it. */
async function violations(page) {
	await page.evaluate(axe);
	const found = await page.evaluate(() => window.axe.run(document, {resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa',
		'best-practice']}));

	return found.violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(' ')}: ${n.failureSummary.split('\n')[1] || v.help}`));
}

async function run(test) {
	const served = new Served();
	let browser = null;

	try {
		await served.start();
		browser = await chromium.launch({executablePath: process.env.SEKISHO_CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox']});
		await test(served, browser);
	} catch (error) {
		ok(false, 'the test ran to its end', error.stack);
	} finally {
		if (browser)
			await browser.close();
		await served.stop();
	}
	console.log(`1..${points}`);
	process.exit(failed ? 1 : 0);
}

module.exports = {PASSWORD, choose, ok, root, run, signIn, violations};
