// SPDX-License-Identifier: GPL-3.0-or-later
//
// What a person does on the console in the story, done in a real Chromium.
//
//   console.mjs watch URL USER PASSWORD PATH       live events: prints "ready", then "seen MS" (time, ms since 1970) when an event of PATH is shown
//   console.mjs approve URL USER PASSWORD PATH     opens the waiting request for PATH and approves it; the endpoint's page
//                                                  says that its guard runs
//   console.mjs delay MS FILE                      says how long after MS the event in FILE (output of watch) was seen; fails over 1000 ms
//
// Exit code 1 with one line when the console does not show what it should within its time.

import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const LIMIT_MS = 1000
const PATIENCE_MS = 30000

// Without the background flags a browser start would ask hosts of its maker; the sandbox cannot work for root.
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
	'--disable-component-update', '--disable-sync']

async function browse(url, user, password, action) {
	const { chromium } = createRequire(join(process.env.NODE_PATH, 'x'))('playwright-core')
	const profile = await mkdtemp(join(tmpdir(), 'sekisho-story-'))
	const context = await chromium.launchPersistentContext(profile, {
		executablePath: '/usr/bin/chromium', args: FLAGS, headless: true, locale: 'en', viewport: { width: 1280, height: 800 },
	})
	try {
		const page = context.pages()[0] ?? await context.newPage()
		page.setDefaultTimeout(PATIENCE_MS)
		await page.goto(url + '/sign-in')
		await page.fill('#name', user)
		await page.fill('#password', password)
		await Promise.all([page.waitForURL(u => !u.pathname.startsWith('/sign-in')), page.click('form button.main')])
		await action(page)
	} finally {
		await context.close()
		await rm(profile, { recursive: true, force: true })
	}
}

async function watch(url, user, password, path) {
	await browse(url, user, password, async page => {
		await page.goto(url + '/events')
		await page.waitForFunction(() => { const s = document.querySelector('.live-state'); return s && s.textContent === s.dataset.on })
		console.log('ready')
		await page.waitForFunction(p => [...document.querySelectorAll('#live td.path')].some(td => td.textContent.includes(p)), path)
		console.log('seen ' + Date.now())
	})
}

async function approve(url, user, password, path) {
	await browse(url, user, password, async page => {
		await page.goto(url + '/requests')
		await page.click(`tr:has(.path:has-text("${path}")) a[href^="/requests/"]`)
		await page.fill('[name=change]', 'CHG-1187')
		await page.fill('[name=note]', 'checked with the vendor')
		await Promise.all([page.waitForNavigation(), page.click('button[value=approve]')])
		await page.goto(url + '/requests?state=approved')
		await page.waitForSelector(`tr:has(.path:has-text("${path}"))`)
		console.log(`approved in the browser: ${path}`)
		await page.goto(url + '/endpoints')
		await page.click('td a[href^="/endpoints/"]')
		await page.waitForSelector('dt:has-text("Guard") + dd:has-text("running")')
	})
}

function delay(since, file) {
	const seen = /^seen (\d+)$/m.exec(readFileSync(file, 'utf8'))
	if (!seen) throw new Error('the event was not seen on the console')
	const ms = Number(seen[1]) - Number(since)
	console.log(`on the console ${ms} ms after it was tried`)
	if (ms > LIMIT_MS) throw new Error(`later than ${LIMIT_MS} ms`)
}

const actions = { watch, approve, delay }
const [name, ...rest] = process.argv.slice(2)
try {
	await actions[name](...rest)
} catch (error) {
	console.error(`console ${name}: ${String(error.message).split('\n')[0]}`)
	process.exit(1)
}
