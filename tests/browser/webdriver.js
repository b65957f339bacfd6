// A small client of the W3C WebDriver protocol, and of what chromedriver has beside it.
'use strict';

const fs = require('node:fs');

const { Program, ScratchDir, requirePrograms } = require('./processes.js');
const { until } = require('./until.js');

const kElement = 'element-6066-11e4-a52e-4f735466cecf'; // W3C WebDriver, 12.1: its name in JSON

// The sandbox wants more rights than root in a container has, /dev/shm is small there; the rest
// keeps Chromium from asking its maker for things. The pipe ends Chromium together with chromedriver.
const kArguments = [
  '--headless=new',
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-extensions',
  '--disable-sync',
  '--no-first-run',
  '--remote-debugging-pipe',
];

// chromedriver, from which sessions are had.
class Driver {
  static async start() {
    requirePrograms('chromedriver', 'chromium');
    const driver = new Driver();
    driver.scratch = new ScratchDir();
    const home = driver.scratch.path;
    driver.program = new Program(['chromedriver', '--port=0'], {
      log: driver.scratch.file('chromedriver.log'),
      directory: home,
      environment: { PATH: process.env.PATH, HOME: home, TMPDIR: home },
    });
    const port = await until('chromedriver has a port', () => {
      const started = /started successfully on port (\d+)/.exec(driver.program.logged());
      if (!started) {
        driver.program.expectRunning('chromedriver');
      }
      return started && started[1];
    });
    driver.origin = `http://127.0.0.1:${port}`;
    return driver;
  }

  async stop() {
    await this.program.end();
    this.scratch.remove();
  }

  // A browser of its own: no cache, no credentials, no log of another session. `hosts` are names that
  // mean this machine in it.
  async open({ hosts = [] } = {}) {
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
    return new Browser(this, `/session/${sessionId}`);
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
}

// One session.
class Browser {
  constructor(driver, path) {
    this.driver = driver;
    this.path = path;
    this.messages = []; // of the console
    this.exchanges = new Map(); // by Chromium's id of a request
  }

  get(path) {
    return this.driver.call('GET', this.path + path);
  }

  post(path, body) {
    return this.driver.call('POST', this.path + path, body);
  }

  close() {
    return this.driver.call('DELETE', this.path);
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
      if (method === 'Network.requestWillBeSent') {
        const { url, method: verb } = params.request;
        this.exchanges.set(params.requestId, { url, method: verb, status: null, size: 0 });
      }
      const exchange = this.exchanges.get(params.requestId);
      if (exchange && method === 'Network.responseReceived') {
        exchange.status = params.response.status;
      } else if (exchange && method === 'Network.loadingFinished') {
        exchange.size = params.encodedDataLength;
      }
    }
  }

  // Every request that the browser has sent: its URL, its method, the answer's status (null: none)
  // and size in bytes with its headers.
  async requests() {
    await this.gather();
    return [...this.exchanges.values()];
  }

  // What the console shows in red: exceptions, refusals by the content policy, failed requests.
  async errors() {
    await this.gather();
    return this.messages.filter(({ level }) => level === 'SEVERE').map(({ message }) => message);
  }

  // Writes what is to be seen, and the page as it is now, to `name`.png and `name`.html.
  async save(name) {
    fs.writeFileSync(`${name}.png`, Buffer.from(await this.get('/screenshot'), 'base64'));
    const html = await this.execute('return document.documentElement.outerHTML;');
    fs.writeFileSync(`${name}.html`, html);
  }
}

module.exports = { Driver };
