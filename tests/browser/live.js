// SPDX-License-Identifier: GPL-3.0-or-later
// check: timeout=180
/*
 * The live view: an event is on the page within a second of the store's push; pausing holds rows back and goes on with them; the page keeps at most 200 rows; the view
 * comes back after the store was away. And the keyboard alone: the skip link, the menu, a search, a decision.
 */
'use strict';

const {ok, run, signIn} = require('./support/console');

async function arrives(page, served) {
	const times = [];

	for (let i = 0; i < 5; i++) {
		const from = Date.now(), {id} = await served.say('push');

		await page.waitForFunction((row) => document.getElementById('e-' + row), id, {timeout: 5000, polling: 20});
		times.push(Date.now() - from);
	}
	console.log(`# from the store's push to the page: ${times.join(', ')} ms`);
	return Math.max(...times);
}

async function liveView(served, browser) {
	const page = await (await browser.newContext({locale: 'en'})).newPage();

	await signIn(page, served);
	await page.goto(served.url + '/events');
	await page.waitForSelector('.live-state.on');
	ok(await arrives(page, served) < 1000, 'an event is on the page within a second');
	ok((await page.locator('#live tbody tr').first().textContent()).includes('/srv/dropped/program-5'), 'the newest is at the top');

	await page.click('.live-pause');
	const {id} = await served.say('push');
	await page.waitForFunction(() => document.querySelector('.live-held').textContent.startsWith('1 '));
	ok(!(await page.evaluate((row) => Boolean(document.getElementById('e-' + row)), id)), 'a paused view holds rows back, and counts them');
	await page.click('.live-pause');
	await page.waitForFunction((row) => document.getElementById('e-' + row), id);
	ok(true, 'going on shows them');

	await Promise.all(Array.from({length: 260}, () => served.say('push')));
	await page.waitForFunction(() => [...document.querySelectorAll('#live .path')].some((cell) => cell.textContent.endsWith('program-266')));
	const rows = await page.locator('#live tbody tr').count();
	ok(rows <= 200, 'the page keeps at most 200 rows', rows);

	await served.say('away');
	await page.waitForSelector('.live-state.off', {timeout: 10000});
	await served.say('back');
	await page.waitForSelector('.live-state.on', {timeout: 30000});
	ok(await arrives(page, served) < 1000, 'the view comes back after the store was away');
	await page.fill('input[name=path]', '/no/such/path');
	await page.click('.filters button.main');
	await page.waitForSelector('#no-events');
	const {id: other} = await served.say('push');
	await page.waitForTimeout(600);
	ok(!(await page.evaluate((row) => Boolean(document.getElementById('e-' + row)), other)), 'a filter holds for the live view too');
}

async function focused(page) {
	return page.evaluate(() => document.activeElement.outerHTML.slice(0, 200));
}

async function tabTo(page, what, most = 60) {
	for (let i = 0; i < most; i++) {
		await page.keyboard.press('Tab');
		if (await page.evaluate((selector) => document.activeElement.matches(selector), what))
			return true;
	}
	return false;
}

async function keyboard(served, browser) {
	const page = await (await browser.newContext({locale: 'en'})).newPage();

	await page.goto(served.url + '/sign-in');
	ok(await tabTo(page, '#name'), 'keyboard: the name is reached', await focused(page));
	await page.keyboard.type('suzuki');
	await page.keyboard.press('Tab');
	await page.keyboard.type('correct horse battery');
	await Promise.all([page.waitForURL(served.url + '/'), page.keyboard.press('Enter')]);
	ok(true, 'keyboard: signed in');
	await page.keyboard.press('Tab');
	ok((await focused(page)).includes('class="skip"'), 'keyboard: the first stop is the skip link', await focused(page));
	const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
	ok(ring !== 'none', 'keyboard: the focus is visible', ring);
	ok(await tabTo(page, '.side a[href="/requests"]'), 'keyboard: the menu is reached');
	await Promise.all([page.waitForURL(/requests$/), page.keyboard.press('Enter')]);
	ok(await tabTo(page, 'a[href="/requests/r-102"]'), 'keyboard: a request is reached');
	await Promise.all([page.waitForURL(/r-102$/), page.keyboard.press('Enter')]);
	ok(await tabTo(page, 'textarea[name=note]'), 'keyboard: the note is reached');
	await page.keyboard.type('Not from the maker.');
	ok(await tabTo(page, 'button[value=reject]'), 'keyboard: the answer is reached');
	await Promise.all([page.waitForURL(/done=rejected/), page.keyboard.press('Enter')]);
	ok((await page.textContent('.notice.good')).includes('Rejected'), 'keyboard: the request is decided');
}

run(async (served, browser) => {
	await liveView(served, browser);
	await keyboard(served, browser);
});
