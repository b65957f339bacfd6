// A small client of the W3C WebDriver protocol, and of what chromedriver has beside it.
'use strict';

const fs = require('node:fs');

const { Program, ScratchDir, requirePrograms } = require('./processes.js');
const { until } = require('./until.js');

const kElement = 'element-6066-11e4-a52e-4f735466cecf'; // W3C WebDriver, 12.1: its name in JSON

// The sandbox wants more rights than root in a container has, /dev/shm is small there; the rest
// keeps Chromium from asking its maker for things. The pipe ends Chromium together with chromedriver.
// A page that scrolls smoothly is never where chromedriver is about to click.
const kArguments = [
  '--headless=new',
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-extensions',
  '--disable-sync',
  '--force-prefers-reduced-motion',
  '--no-first-run',
  '--remote-debugging-pipe',
  '--window-size=1280,1000',
];

// A Chromium of its own, with the chromedriver that leads it: no cache, no credentials and no log of
// another one.
class Browser {
  // `hosts` are names that mean this machine in it.
  static async start({ hosts = [] } = {}) {
    requirePrograms('chromedriver', 'chromium');
    const browser = new Browser();
    try {
      await browser.startDriver();
      await browser.startSession(hosts);
    } catch (error) {
      await browser.stop();
      throw error;
    }
    return browser;
  }

  constructor() {
    this.scratch = new ScratchDir();
    this.messages = []; // of the console
    this.exchanges = new Map(); // by Chromium's id of a request
  }

  // chromedriver looks for a free port for IPv6, and ends when the same is taken for IPv4.
  async startDriver() {
    const home = this.scratch.path;
    const start = () =>
      new Program(['chromedriver', '--port=0'], {
        log: this.scratch.file('chromedriver.log'),
        directory: home,
        environment: { PATH: process.env.PATH, HOME: home, TMPDIR: home },
      });
    this.program = start();
    const port = await until('chromedriver has a port', () => {
      const started = /started successfully on port (\d+)/.exec(this.program.logged());
      if (!started && !this.program.isRunning() && this.program.logged().includes('port not available')) {
        this.program = start();
      } else if (!started) {
        this.program.expectRunning('chromedriver');
      }
      return started && started[1];
    });
    this.origin = `http://127.0.0.1:${port}`;
  }

  async startSession(hosts) {
    const names = hosts.map((name) => `MAP ${name} 127.0.0.1`).join(', ');
    const capabilities = {
      browserName: 'chrome',
      'goog:chromeOptions': {
        args: [...kArguments, ...(names ? [`--host-resolver-rules=${names}`] : [])],
        perfLoggingPrefs: { enableNetwork: true, enablePage: false },
      },
      'goog:loggingPrefs': { browser: 'ALL', performance: 'ALL' },
    };
    const { sessionId } = await this.call('POST', '/session', {
      capabilities: { alwaysMatch: capabilities },
    });
    this.path = `/session/${sessionId}`;
  }

  async stop() {
    if (this.path) {
      await this.call('DELETE', this.path);
    }
    await this.program?.end();
    this.scratch.remove();
  }

  async call(method, path, body) {
    const response = await fetch(this.origin + path, {
      method,
      body: method === 'POST' ? JSON.stringify(body || {}) : undefined,
      headers: { 'Content-Type': 'application/json' },
    });
    const { value } = await response.json();
    if (!response.ok) {
      const message = String(value.message).split('\n')[0];
      throw Object.assign(new Error(`${method} ${path}: ${value.error}: ${message}`), {
        isFinal: value.error === 'invalid session id' || value.error === 'session not created',
      });
    }
    return value;
  }

  get(path) {
    return this.call('GET', this.path + path);
  }

  post(path, body) {
    return this.call('POST', this.path + path, body);
  }

  navigate(url) {
    return this.post('/url', { url });
  }

  // The body of a function, run in the page: `arguments` are `values`, what it returns comes back.
  execute(script, ...values) {
    return this.post('/execute/sync', { script, args: values });
  }

  async find(selector) {
    const found = await this.post('/element', { using: 'css selector', value: selector });
    return found[kElement];
  }

  // As a user does: only what is in sight and covered by nothing can be clicked. A page that draws
  // itself anew may take the element away in between; then it is looked for again.
  click(selector) {
    return until(`${selector} can be clicked`, async () => {
      await this.post(`/element/${await this.find(selector)}/click`);
      return true;
    });
  }

  // What a reader sees of the first such element; null where there is none.
  text(selector) {
    return this.execute(
      'const found = document.querySelector(arguments[0]); return found && found.innerText;',
      selector,
    );
  }

  // Of every such element.
  texts(selector) {
    return this.execute(
      'return Array.from(document.querySelectorAll(arguments[0]), (found) => found.innerText);',
      selector,
    );
  }

  // The attribute `name` of every such element.
  attributes(selector, name) {
    return this.execute(
      'return Array.from(document.querySelectorAll(arguments[0]), (found) => found.getAttribute(arguments[1]));',
      selector,
      name,
    );
  }

  // Of the first one; null where there is none.
  async attribute(selector, name) {
    return (await this.attributes(selector, name))[0] ?? null;
  }

  resize(width, height) {
    // A headless window may be narrower than a window with a frame.
    return this.devtools('Emulation.setDeviceMetricsOverride', {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: true,
    });
  }

  // A command of the DevTools protocol.
  devtools(cmd, params) {
    return this.post('/goog/cdp/execute', { cmd, params });
  }

  // Takes over what the browser has logged since the last time.
  async gather() {
    this.messages.push(...(await this.post('/se/log', { type: 'browser' })));
    for (const entry of await this.post('/se/log', { type: 'performance' })) {
      const { method, params } = JSON.parse(entry.message).message;
      const exchange = this.exchanges.get(params.requestId) || { url: null, status: null, size: 0 };
      this.exchanges.set(params.requestId, exchange);
      if (method === 'Network.requestWillBeSent') {
        exchange.url = params.request.url;
        exchange.method = params.request.method;
      } else if (method === 'Network.responseReceivedExtraInfo') {
        exchange.status = params.statusCode; // also of an answer that is kept from the page
      } else if (method === 'Network.loadingFinished') {
        exchange.size = params.encodedDataLength;
      }
    }
  }

  // Every request that the browser has sent: its URL, its method, the answer's status (null: none)
  // and size in bytes with its headers.
  async requests() {
    await this.gather();
    return [...this.exchanges.values()].filter(({ url }) => url !== null);
  }

  // What the console shows in red: exceptions, refusals by the content policy, failed requests.
  async errors() {
    await this.gather();
    return this.messages.filter(({ level }) => level === 'SEVERE').map(({ message }) => message);
  }

  // Writes what is to be seen, and the page as it is now, to `name`.png and `name`.html, and
  // what the console shows to `name`.console.
  async save(name) {
    fs.writeFileSync(`${name}.png`, Buffer.from(await this.get('/screenshot'), 'base64'));
    const html = await this.execute('return document.documentElement.outerHTML;');
    fs.writeFileSync(`${name}.html`, html);
    await this.gather();
    const lines = this.messages.map(({ level, message }) => `${level} ${message}\n`);
    fs.writeFileSync(`${name}.console`, lines.join(''));
  }
}

module.exports = { Browser };
