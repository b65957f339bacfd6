// One case: a world and a browser of its own, and what has to hold in each.
'use strict';

const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test } = require('node:test');

const { Browser } = require('./webdriver.js');
const { World } = require('./world.js');

const kOutput = process.env.IMAGE_SYNCER_TEST_OUTPUT || path.join(os.tmpdir(), 'image-syncer-page');

// Saves what there is to see of a failed case, and says where.
async function save(name, t, { world, browser }) {
  if (!browser) {
    return;
  }
  fs.mkdirSync(kOutput, { recursive: true });
  const file = path.join(kOutput, name.replace(/[^A-Za-z0-9]+/g, '-').toLowerCase());
  fs.writeFileSync(`${file}.log`, world.daemons.map((daemon) => daemon.logged()).join(''));
  await browser.save(file);
  for (const message of await browser.errors()) {
    t.diagnostic(`console: ${message}`);
  }
  t.diagnostic(`what was to be seen: ${file}.{png,html,console,log}`);
}

// The page asks nobody but the daemon, and the console stays free of errors but those that `tolerated`
// fits.
async function expectGoodManners({ world, browser }, { tolerated, hasStrangers }) {
  const errors = (await browser.errors()).filter((message) => !tolerated?.test(message));
  assert.deepEqual(errors, [], 'errors in the console');
  const own = world.daemons.map((daemon) => new URL(daemon.url()).origin);
  const strangers = (await browser.requests())
    .map(({ url }) => new URL(url))
    .filter(({ protocol, origin }) => protocol !== 'data:' && !own.includes(origin));
  assert.deepEqual(hasStrangers ? [] : strangers.map(({ href }) => href), [], 'requests to others');
}

// `body` gets `world`, `browser` and the test's context `t`. `options`: `tolerated` errors, whether the
// browser `hasStrangers` to go to, and what `Browser.start` takes.
function scenario(name, options, body) {
  test(name, async (t) => {
    const scene = { t };
    try {
      scene.world = new World();
      scene.browser = await Browser.start(options);
      await body(scene);
      await expectGoodManners(scene, options);
    } catch (error) {
      await save(name, t, scene).catch((reason) => t.diagnostic(`nothing saved: ${reason.message}`));
      throw error;
    } finally {
      await scene.browser?.stop();
      await scene.world?.end();
    }
  });
}

module.exports = { scenario };
