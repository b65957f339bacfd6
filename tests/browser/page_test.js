// The page as people see it: in a real Chromium, of a real daemon, between real registries.
'use strict';

const assert = require('node:assert');

const { scenario } = require('./scenario.js');
const { until } = require('./until.js');

// Where the page has what (src/api/page/): `data-test` is its word to tests.
const hook = (name) => `[data-test="${name}"]`;
const row = (name, member, value) => `${hook(name)}[data-${member}=${JSON.stringify(value)}]`;
const kAt = {
  connection: hook('connection'),
  blobBar: `${hook('blob')} [role="progressbar"]`,
  chartBar: hook('chart-bar'),
  failure: (target) => row('failure-row', 'target', target),
  failureCause: hook('failure-cause'),
  failureCount: hook('failure-count'),
  queued: (target) => row('queue-row', 'target', target),
  queueEmpty: hook('queue-empty'),
  queueRetry: hook('queue-retry'),
  registry: (host) => row('registry-row', 'registry', host),
  registryCondition: hook('registry-condition'),
  rule: (rule) => row('rule-row', 'rule', rule),
  ruleCause: hook('rule-cause'),
  ruleResult: hook('rule-result'),
  ruleSync: hook('rule-sync'),
  run: (id) => row('run-row', 'run', String(id)),
  runDetail: (id) => row('run-detail', 'run', String(id)),
  runStatus: hook('run-status'),
  runToggle: hook('run-toggle'),
  running: hook('running-run'),
  syncAll: hook('sync-all'),
  verdict: hook('verdict-title'),
};

const kKiB = 1024;
const kMiB = 1024 * kKiB;
// A rule that nothing ever becomes of.
const kIdle = { images: { '127.0.0.1:9/app:v1': '127.0.0.1:9/copy' } };

async function open(browser, url) {
  await browser.navigate(url);
  await isConnected(browser);
}

function isConnected(browser) {
  return until('the page is connected', async () => (await browser.text(kAt.connection)) === 'Connected');
}

// Waits until the first element of `selector` reads as `pattern` says, and gives its text.
function reads(browser, selector, pattern) {
  return until(`${selector} reads ${pattern}`, async () => {
    const text = await browser.text(selector);
    if (text === null || !pattern.test(text)) {
      throw new Error(`it reads ${JSON.stringify(text)}`);
    }
    return text;
  });
}

scenario('The first content is there at once, and the page is small', {}, async ({ world, browser, t }) => {
  const daemon = await world.daemon([], kIdle);
  const times = [];
  for (let load = 0; load < 3; ++load) {
    await open(browser, daemon.url());
    times.push(await until('something is painted', () => browser.execute(`
      const [navigation] = performance.getEntriesByType('navigation');
      const [paint] = performance.getEntriesByName('first-contentful-paint');
      return paint && {paint: paint.startTime, ready: navigation.domContentLoadedEventEnd};`)));
  }
  const page = (await browser.requests()).find(({ url }) => url === daemon.url());
  const list = (member) => times.map((time) => Math.round(time[member])).join(', ');
  t.diagnostic(`first content after ${list('paint')} ms, document ready after ${list('ready')} ms, ` +
    `${page.size} bytes`);
  // 200 ms is what we want of an idle machine; this one may be busy.
  assert.ok(Math.min(...times.map(({ paint }) => paint)) < 2000, 'the first content came late');
  assert.ok(page.size <= 100 * kKiB, 'the page has grown');
});

scenario('A run is seen while it is on, and then in the history with its bytes', {}, async ({ world, browser }) => {
  const [source, target] = await world.registries(2);
  await source.push('team/app', 'v1', 16 * kMiB);
  const proxy = await world.slowProxy(source, 512 * kKiB);
  const daemon = await world.daemon([proxy.host, target.host], {
    images: { [`${proxy.host}/team/app:v1`]: `${target.host}/copy` },
  });
  await open(browser, daemon.url());
  await browser.click(kAt.syncAll);

  const filled = async () => Number(await browser.attribute(kAt.blobBar, 'aria-valuenow'));
  const width = () => browser.execute(
    'return document.querySelector(arguments[0]).firstElementChild.getBoundingClientRect().width;', kAt.blobBar);
  const first = await until('the bar of a blob begins', filled);
  const firstWidth = await width();
  await until('the bar has grown', async () => (await filled()) > first && (await width()) > firstWidth);
  assert.match(await browser.text(kAt.running), /Manual run #1/);
  assert.equal(await browser.attribute(kAt.syncAll, 'aria-disabled'), 'true', 'a second run may be asked for');
  await reads(browser, `${kAt.run(1)} ${kAt.runStatus}`, /^Running$/);

  proxy.open();
  await reads(browser, `${kAt.run(1)} ${kAt.runStatus}`, /^Complete$/);
  const row = await browser.text(kAt.run(1));
  assert.match(row, /Manual run/);
  assert.match(row, /1 copied/);
  assert.match(row, /16\.0 MiB[^]*16\.0 MiB/, 'as many bytes down as up');
  assert.ok(await target.has('copy', 'v1'));
  await until('nothing is shown as running', async () => (await browser.texts(kAt.running)).length === 0);
  await reads(browser, kAt.verdict, /^All well$/);

  await browser.click(kAt.syncAll);
  await reads(browser, `${kAt.run(2)} ${kAt.runStatus}`, /^Complete$/);
  assert.match(await browser.text(kAt.run(2)), /1 equal/);
  assert.deepEqual(
    await until('the chart has both runs', async () => {
      const titles = await browser.attributes(kAt.chartBar, 'title');
      return titles.length === 2 && titles.map((title) => /: ([\d.]+ \w+) up/.exec(title)[1]);
    }),
    ['16.0 MiB', '0 B'],
  );
});

scenario('What fails is shown with its cause and how often', {}, async ({ world, browser }) => {
  const [source, target] = await world.registries(2);
  await source.push('team/app', 'v1', kKiB);
  const rule = `${source.host}/team/app:absent`;
  const daemon = await world.daemon([source.host, target.host], {
    images: { [rule]: `${target.host}/copy` },
  });
  await open(browser, daemon.url());
  const at = kAt.failure(`${target.host}/copy:absent`);
  for (const [run, times] of [[1, '1 time'], [2, '2 times']]) {
    await browser.click(kAt.syncAll);
    await reads(browser, `${kAt.run(run)} ${kAt.runStatus}`, /^1 failed$/);
    await reads(browser, `${at} ${kAt.failureCount}`, new RegExp(`^${times}$`));
  }
  const cause = /has no such image/;
  assert.match(await browser.text(`${at} ${kAt.failureCause}`), cause);
  await reads(browser, `${kAt.rule(rule)} ${kAt.ruleResult}`, /^Failed$/);
  assert.match(await browser.text(`${kAt.rule(rule)} ${kAt.ruleCause}`), cause);
  await browser.click(`${kAt.run(1)} ${kAt.runToggle}`);
  await reads(browser, kAt.runDetail(1), new RegExp(`1 failure:[^]*${target.host}/copy:absent`));
  await reads(browser, kAt.verdict, /^Needs attention$/);
});

scenario('The button of a rule starts a run of that rule', {}, async ({ world, browser }) => {
  const [source, target] = await world.registries(2);
  await source.push('team/app', 'v1', kKiB);
  await source.push('team/other', 'v1', kKiB);
  const [one, other] = ['app', 'other'].map((name) => `${source.host}/team/${name}:v1`);
  const daemon = await world.daemon([source.host, target.host], {
    images: { [one]: `${target.host}/app`, [other]: `${target.host}/other` },
  });
  await open(browser, daemon.url());
  await browser.click(`${kAt.rule(other)} ${kAt.ruleSync}`);
  await reads(browser, `${kAt.run(1)} ${kAt.runStatus}`, /^Complete$/);
  assert.match(await browser.text(kAt.run(1)), new RegExp(`Run of one rule[^]*${other}`));
  await reads(browser, `${kAt.rule(other)} ${kAt.ruleResult}`, /^Succeeded$/);
  assert.equal(await browser.text(`${kAt.rule(one)} ${kAt.ruleResult}`), 'Never ended');
  assert.ok(await target.has('other', 'v1'));
  assert.ok(!(await target.has('app', 'v1')), 'the other rule ran, too');
});

scenario('A pushed image is in the queue, and a parked one goes on by its button', {}, async ({ world, browser }) => {
  const [source, target] = await world.registries(2);
  const proxy = await world.slowProxy(source, 512 * kKiB);
  const daemon = await world.daemon([proxy.host, target.host], {
    registry: { reg: [{ sourceName: proxy.host, namespace: 'team', destinationName: target.host }] },
    sync: { maxAttempts: 1 },
    ...kIdle,
  });
  await open(browser, daemon.url());
  await reads(browser, kAt.queueEmpty, /The queue is empty/);
  const at = kAt.queued(`${target.host}/team/app:v1`);
  const isState = (state) => until(`the image is ${state}`,
    async () => (await browser.attribute(at, 'data-state')) === state);

  await daemon.hook(`${proxy.host}/team/app`, 'v1'); // before it is there
  await isState('parked');
  assert.match(await browser.text(at), /hook/);

  await source.push('team/app', 'v1', 8 * kMiB);
  await browser.click(`${at} ${kAt.queueRetry}`);
  await isState('copying');
  await reads(browser, kAt.running, /Pushed image/);
  proxy.open();
  await until('the image has arrived', () => target.has('team/app', 'v1'));
  await reads(browser, kAt.queueEmpty, /The queue is empty/);
});

scenario('The condition of a registry is told in words', {}, async ({ world, browser }) => {
  const [source] = await world.registries(1);
  const dead = await world.deadRegistry();
  await source.push('team/app', 'v1', kKiB);
  const daemon = await world.daemon([source.host, dead], {
    images: { [`${source.host}/team/app:v1`]: `${dead}/copy` },
  });
  await open(browser, daemon.url());
  await reads(browser, `${kAt.registry(dead)} ${kAt.registryCondition}`, /^Not asked yet$/);
  await browser.click(kAt.syncAll);
  await reads(browser, `${kAt.registry(source.host)} ${kAt.registryCondition}`, /^Reachable$/);
  await reads(browser, `${kAt.registry(dead)} ${kAt.registryCondition}`, /^(Failing|Circuit open|Given up)$/);
  await reads(browser, kAt.verdict, /^Needs attention$/);
});

// Chromium logs what cannot be reached.
const kAway = /net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING)/;

scenario('The page comes back by itself when the daemon does', { tolerated: kAway }, async ({ world, browser }) => {
  const [source, target] = await world.registries(2);
  await source.push('team/app', 'v1', 16 * kMiB);
  const proxy = await world.slowProxy(source, 512 * kKiB);
  const daemon = await world.daemon([proxy.host, target.host], {
    images: { [`${proxy.host}/team/app:v1`]: `${target.host}/copy` },
  });
  await open(browser, daemon.url());
  await browser.execute('window.isSameDocument = true;');
  await browser.click(kAt.syncAll);
  await reads(browser, kAt.running, /1 blob in flight/);

  await daemon.kill();
  await reads(browser, kAt.connection, /^Reconnecting…$/);
  await reads(browser, kAt.verdict, /^Not connected$/);
  proxy.open();
  await daemon.start();
  await isConnected(browser);
  await reads(browser, `${kAt.run(1)} ${kAt.runStatus}`, /^Interrupted$/);
  await until('nothing is shown as running', async () => (await browser.texts(kAt.running)).length === 0);

  await browser.click(kAt.syncAll);
  await reads(browser, `${kAt.run(2)} ${kAt.runStatus}`, /^Complete$/);
  assert.ok(await target.has('copy', 'v1'));
  assert.equal(await browser.execute('return window.isSameDocument;'), true, 'it was loaded anew');
});

scenario('With user and password everything works as without', {}, async ({ world, browser }) => {
  const [source, target] = await world.registries(2);
  await source.push('team/app', 'v1', kKiB);
  const daemon = await world.daemon([source.host, target.host], {
    auth: { username: 'bob', password: 'pass-42/word' },
    images: { [`${source.host}/team/app:v1`]: `${target.host}/copy` },
  });
  assert.equal((await fetch(daemon.url())).status, 401, 'no credentials are asked for');
  await open(browser, daemon.url('/', { credentials: 'bob:pass-42%2Fword@' }));
  await browser.click(kAt.syncAll);
  await reads(browser, `${kAt.run(1)} ${kAt.runStatus}`, /^Complete$/);
  const events = (await browser.requests()).filter(({ url }) => url.endsWith('/api/v1/events'));
  assert.deepEqual(events.map(({ status }) => status), [200]);
});

scenario('What others have named is shown as text', {}, async ({ world, browser }) => {
  const hostile = '<img src=x onerror="window.isOwned = 1"><script>window.isOwned = 1</script>';
  const port = await world.site((request, response) => {
    const isPing = request.url === '/v2/';
    response.writeHead(isPing ? 200 : 400, { 'Content-Type': 'application/json' });
    response.end(isPing ? '{}' : JSON.stringify({ errors: [{ code: 'NAME_INVALID', message: hostile }] }));
  });
  const host = `127.0.0.1:${port}`;
  const rules = [`${host}/team/app:v1`, `${host}/team/app:/<img src=x onerror=window.isOwned=1>|^v2/`];
  const daemon = await world.daemon([host], {
    images: { [rules[0]]: `${host}/copy`, [rules[1]]: `${host}/more` },
  });
  await open(browser, daemon.url());
  await browser.click(kAt.syncAll);
  await reads(browser, `${kAt.run(1)} ${kAt.runStatus}`, /failed|Complete/);
  const [cause] = await until('the failure has its cause', async () => {
    const causes = await browser.texts(kAt.failureCause);
    return causes.some((text) => text.includes(hostile)) && causes.filter((text) => text.includes(hostile));
  });
  assert.ok(cause);
  await reads(browser, kAt.rule(rules[1]), /:\/<img src=x onerror=window\.isOwned=1>\|\^v2\//);
  await browser.click(`${kAt.run(1)} ${kAt.runToggle}`);
  await reads(browser, kAt.runDetail(1), /<img src=x/);
  assert.equal(await browser.execute('return document.images.length;'), 0);
  assert.equal(await browser.execute('return window.isOwned;'), null);
});

// Every section has something in it, with names as long as they get.
async function openFullPage(world, browser) {
  const [source] = await world.registries(1);
  const dead = await world.deadRegistry();
  const long = `${'a-team-with-a-name/'.repeat(4)}an-application-with-a-name-longer-than-any-phone-is-wide`;
  await source.push(long, 'v1', kKiB);
  const target = `${source.host}/copies/${long}`;
  const daemon = await world.daemon([source.host, dead], {
    registry: { reg: [{ sourceName: source.host, namespace: 'team', destinationName: `${source.host}/queue/${long}` }] },
    sync: { maxAttempts: 1 },
    images: { [`${source.host}/${long}:v1,absent`]: target },
  });
  await daemon.hook(`${source.host}/team/app`, 'absent');
  for (const run of [1, 2]) {
    await daemon.api('POST', 'runs', {});
    await daemon.ended(run);
  }
  await open(browser, daemon.url());
  await reads(browser, kAt.failure(`${target}:absent`), /2 times/);
  await reads(browser, kAt.queued(`${source.host}/queue/${long}/team/app:absent`), /Parked/);
  await until('the chart is there', async () => (await browser.texts(kAt.chartBar)).length === 2);
}

scenario('The page fits a phone and a screen', {}, async ({ world, browser }) => {
  await openFullPage(world, browser);
  for (const width of [360, 1280]) {
    await browser.resize(width, 740);
    await until('the width is taken', async () => (await browser.execute('return screen.width;')) === width);
    const needed = await browser.execute('return document.documentElement.scrollWidth;');
    assert.ok(needed <= width, `${needed} of ${width} pixels`);
  }
});

scenario('The page is dark where that is wanted', {}, async ({ world, browser }) => {
  const daemon = await world.daemon([], kIdle);
  await open(browser, daemon.url());
  const lightness = async (scheme) => {
    await browser.devtools('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: scheme }],
    });
    return browser.execute(`
      const {backgroundColor, color} = getComputedStyle(document.body);
      return [backgroundColor, color].map((text) => {
        const [red, green, blue] = text.match(/[\\d.]+/g).map(Number);
        return (red + green + blue) / 3 / 255;
      });`);
  };
  const [lightBack, lightText] = await lightness('light');
  const [darkBack, darkText] = await lightness('dark');
  assert.ok(lightBack - lightText > 0.5, `light: ${lightText} on ${lightBack}`);
  assert.ok(darkText - darkBack > 0.5, `dark: ${darkText} on ${darkBack}`);
});

// A page that makes a browser call the daemon in every way that needs no permission.
const intruder = (origin) => `<!doctype html><title>busy</title><script>
  const ways = [
    fetch('${origin}/api/v1/runs', {method: 'POST', mode: 'no-cors', credentials: 'include', body: '{}'}),
    fetch('${origin}/images/sync/do', {method: 'POST', mode: 'no-cors', credentials: 'include'}),
    new Promise((resolve) => {
      const image = new Image();
      image.onload = image.onerror = resolve;
      image.src = '${origin}/images/sync/do';
    }),
  ];
  Promise.allSettled(ways).then(() => { document.title = 'done'; });
</script>`;

const kAuth = { auth: { username: 'bob', password: 'secret' } };

// Another port of the same host is the same site to a browser: it sends the password that it knows.
for (const [about, name, config] of [
  ['of the same host', '127.0.0.1', kAuth],
  ['of another site', 'localhost', {}],
]) {
  const options = { tolerated: /403 \(Forbidden\)/, hasStrangers: true };
  scenario(`A page ${about} cannot start a run`, options, async ({ world, browser }) => {
    const daemon = await world.daemon([], { ...kIdle, ...config });
    await open(browser, daemon.url('/', { credentials: config.auth ? 'bob:secret@' : '' }));
    const port = await world.site((request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/html' });
      response.end(intruder(daemon.url('')));
    });
    await browser.navigate(`http://${name}:${port}/`);
    await until('the page has tried all', async () => (await browser.get('/title')) === 'done');
    const tries = (await browser.requests())
      .filter(({ url, method }) => method === 'POST' || url.endsWith('/images/sync/do'))
      .map(({ url, method, status }) => `${method} ${new URL(url).pathname} ${status}`);
    assert.deepEqual(tries.sort(), [
      'GET /images/sync/do 403', 'POST /api/v1/runs 403', 'POST /images/sync/do 403',
    ]);
    // Ours is the first run: none was started before it.
    await daemon.api('POST', 'runs', {});
    const ids = await until('the run is in the history', async () => {
      const { runs } = await daemon.api('GET', 'runs');
      return runs.length > 0 && runs.map(({ id }) => id);
    });
    assert.deepEqual(ids, [1]);
  });
}
