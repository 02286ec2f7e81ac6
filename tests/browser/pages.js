// SPDX-License-Identifier: GPL-3.0-or-later
// check: timeout=600
/*
 * Every page, in both languages, both colour schemes, at desk and phone width: no finding of axe, no error of the browser, nothing wider than the screen.
 * With SEKISHO_SCREENSHOT=1 it also writes docs/images/console.png; with SEKISHO_SHOTS=FOLDER a picture of every page.
 */
'use strict';

const path = require('path');
const {choose, ok, root, run, signIn, violations} = require('./support/console');

const HASH = 'd4'.repeat(32);
const PAGES = {
	overview: '/', events: '/events?severity=3', event: '/events/a-0001%2F1%2F0%2F901', endpoints: '/endpoints', endpoint: '/endpoints/a-0005',
	endpoint_gaps: '/endpoints/a-0003', assets: '/assets', import: '/assets/import', requests: '/requests', request: '/requests/r-101', decided: '/requests/r-090',
	policies: '/policies', policy: '/policies/' + HASH, enrolment: '/enrolment', sites: '/sites', users: '/users', user: '/users/3', audit: '/audit?verify=1',
	account: '/account', counts: '/counts', error: '/nothing-here',
};
const FORMS = [['en', 'light', 1280], ['ja', 'dark', 1280], ['ja', 'light', 390], ['en', 'dark', 390]];

/* What is folded away is looked at as well. */
async function unfold(page) {
	await page.evaluate(() => document.querySelectorAll('details').forEach((d) => { d.open = true; }));
}

async function look(page, name, form, errors) {
	const about = `${name} (${form.join(', ')})`;
	const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

	if (process.env.SEKISHO_SHOTS)
		await page.screenshot({path: path.join(process.env.SEKISHO_SHOTS, `${form.join('-')}-${name}.png`), fullPage: true});
	await unfold(page);
	const found = await violations(page);
	ok(found.length === 0, `${about}: axe finds nothing`, ...found);
	ok(wide <= 0, `${about}: fits the screen`, `wider by ${wide}`);
	ok(errors.length === 0, `${about}: no error in the browser`, ...errors);
	errors.length = 0;
}

async function walk(served, browser, form) {
	const [language, theme, width] = form;
	const context = await browser.newContext({viewport: {width, height: 900}, locale: language, colorScheme: 'light', timezoneId: 'Asia/Tokyo'});
	const page = await context.newPage(), errors = [];

	page.on('console', (message) => {
		if (message.type() === 'error' && !message.text().includes('404'))
			errors.push(message.text());
	});
	page.on('pageerror', (error) => errors.push(error.message));
	await page.goto(`${served.url}/sign-in?language=${language}`);
	await look(page, 'sign-in', form, errors);
	await signIn(page, served);
	await choose(page, served, {language, theme});
	for (const [name, address] of Object.entries(PAGES)) {
		await page.goto(served.url + address);
		if (name === 'overview')
			await page.waitForSelector('#graph canvas');
		ok(await page.evaluate(() => document.documentElement.lang) === language, `${name}: in ${language}`);
		await look(page, name, form, errors);
	}
	await context.close();
}

async function screenshot(served, browser) {
	const context = await browser.newContext({viewport: {width: 1200, height: 760}, locale: 'en', timezoneId: 'Asia/Tokyo'});
	const page = await context.newPage();

	await signIn(page, served, 'sato');
	await page.waitForSelector('#graph canvas');
	await page.screenshot({path: path.join(root, 'docs/images/console.png')});
	await context.close();
}

run(async (served, browser) => {
	if (process.env.SEKISHO_SCREENSHOT)
		await screenshot(served, browser);
	for (const form of FORMS)
		await walk(served, browser, form);
});
