// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What the console does in the browser beyond links and forms: the graph of events over time, and the live view. Everything else works without this file. No text
 * is made here: what a person reads comes from the page.
 */
'use strict';

(function () {
	const ROWS_MAX = 200; // in the live view; older ones leave the page
	const HELD_MAX = 500; // while paused; older ones are forgotten

	/* ---- events over time ---- */

	function colour(name) {
		return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
	}

	function stacked(series) {
		const low = series.low, medium = series.medium.map((v, i) => v + low[i]), high = series.high.map((v, i) => v + medium[i]);
		return [series.times.map((t) => t / 1000), high, medium, low];
	}

	function drawGraph(box, series) {
		const bars = uPlot.paths.bars({size: [0.9, 60]});
		const grid = {stroke: colour('--line'), width: 1}, text = colour('--muted');
		const own = (part) => (u, value, index, at) => at === null || at === undefined ? '–' : part(series, at).toLocaleString();
		const layer = (label, name, part) => ({label, fill: colour(name), stroke: colour(name), width: 0, paths: bars, points: {show: false}, value: own(part)});
		const hourly = box.dataset.hours > 24, half = series.times.length > 1 ? (series.times[1] - series.times[0]) / 2000 : 0;

		box.replaceChildren();
		return new uPlot({
			width: Math.max(260, box.clientWidth), height: 230, cursor: {y: false, drag: {setScale: false}},
			scales: {x: {range: (u, from, to) => [from - half, to + half]}, y: {range: (u, low, high) => [0, Math.max(4, high * 1.08)]}},
			axes: [
				{stroke: text, grid: {show: false}, ticks: grid, font: '12px system-ui',
				 values: (u, times) => times.map((t) => stamp(t, hourly))},
				{stroke: text, grid, ticks: grid, font: '12px system-ui', size: 56},
			],
			series: [
				{value: (u, t) => t ? new Date(t * 1000).toLocaleString(document.documentElement.lang, {month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23'}) : '–', label: box.dataset.time},
				layer(box.dataset.high, '--graph-high', (s, i) => s.high[i]), layer(box.dataset.medium, '--graph-medium', (s, i) => s.medium[i]),
				layer(box.dataset.low, '--graph-low', (s, i) => s.low[i]),
			],
		}, stacked(series), box);
	}

	function stamp(t, days) {
		return new Date(t * 1000).toLocaleString(document.documentElement.lang, days ? {month: 'numeric', day: 'numeric'} : {hour: '2-digit', minute: '2-digit', hourCycle: 'h23'});
	}

	function startGraph(box) {
		let series = null, graph = null;

		box.dataset.hours = new URL(box.dataset.from, location.href).searchParams.get('hours');
		box.setAttribute('role', 'img');
		box.setAttribute('aria-label', box.dataset.label);

		function draw() {
			if (series) {
				if (graph)
					graph.destroy();
				graph = drawGraph(box, series);
			}
		}
		function load() {
			fetch(box.dataset.from, {credentials: 'same-origin'}).then((answer) => answer.ok ? answer.json() : Promise.reject(answer.status)).then((model) => {
				series = model.series;
				draw();
			}).catch(() => {}); // the table below the graph is there
		}
		new ResizeObserver(() => {
			if (graph && Math.abs(graph.width - box.clientWidth) > 2)
				draw();
		}).observe(box);
		matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
		load();
		setInterval(load, 15000);
	}

	/* ---- live view: htmx's SSE extension brings the rows; here they are held while paused, and kept few ---- */

	function startLive(live, bar) {
		const state = bar.querySelector('.live-state'), held = bar.querySelector('.live-held'), pause = bar.querySelector('.live-pause');
		const body = live.querySelector('tbody');
		let waiting = [], paused = false;

		function say(kind) {
			state.textContent = state.dataset[kind];
			state.className = 'live-state ' + kind;
		}
		function known(html) {
			const id = /id="([^"]*)"/.exec(html);

			return id && document.getElementById(id[1]);
		}
		function tidy() {
			const none = document.getElementById('no-events');

			if (none)
				none.remove();
			if (body.rows.length)
				body.rows[0].classList.add('fresh');
			while (body.rows.length > ROWS_MAX)
				body.deleteRow(-1);
		}
		live.addEventListener('htmx:sseBeforeMessage', (event) => {
			if (paused) {
				waiting.push(event.detail.data);
				waiting = waiting.slice(-HELD_MAX);
				held.textContent = waiting.length + ' ' + held.dataset.held;
			}
			if (paused || known(event.detail.data))
				event.preventDefault();
		});
		live.addEventListener('htmx:sseMessage', tidy);
		live.addEventListener('htmx:sseOpen', () => say(paused ? 'paused' : 'on'));
		live.addEventListener('htmx:sseError', () => say('off'));
		pause.addEventListener('click', () => {
			paused = !paused;
			pause.setAttribute('aria-pressed', String(paused));
			pause.textContent = paused ? pause.dataset.resume : pause.dataset.pause;
			say(paused ? 'paused' : 'on');
			if (!paused) {
				waiting.filter((html) => !known(html)).forEach((html) => {
					htmx.swap(body, html, {swapStyle: 'afterbegin'});
					tidy();
				});
				waiting = [];
				held.textContent = '';
			}
		});
		bar.hidden = false;
	}

	function start() {
		const box = document.getElementById('graph'), bar = document.querySelector('.live-bar'), live = document.getElementById('live');

		if (box && !box.dataset.hours && window.uPlot)
			startGraph(box);
		if (bar && live && bar.hidden)
			startLive(live, bar);
	}

	document.addEventListener('DOMContentLoaded', () => {
		start();
		document.body.addEventListener('htmx:afterSwap', (event) => {
			if (event.detail.target.id === 'events')
				start();
		});
		// A session that ended answers with the sign-in page: show it whole, not inside a part of this page.
		document.body.addEventListener('htmx:beforeSwap', (event) => {
			if (event.detail.xhr.responseURL.includes('/sign-in'))
				location.reload();
		});
	});
})();
