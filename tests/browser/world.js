// Everything that one test needs around the page: registries, the daemon between them, and sites of
// other people. Ends all of it.
'use strict';

const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');

const { Program, ScratchDir, requirePrograms } = require('./processes.js');
const { Registry, SlowProxy } = require('./registry.js');
const { until } = require('./until.js');

// The real program, with `sync.json` in the scratch folder, which is its home too: nobody's
// credentials are a part of the test.
class Daemon {
  constructor(scratch, config) {
    this.scratch = scratch;
    this.config = config;
    this.port = 0;
    this.starts = 0;
  }

  // On the port that it had before.
  async start() {
    const app = { ...this.config.app, port: `127.0.0.1:${this.port}` };
    this.scratch.write('sync.json', JSON.stringify({ ...this.config, app }, null, 2));
    const home = this.scratch.path;
    this.program = new Program([process.env.IMAGE_SYNCER_BINARY, '-c', 'sync.json'], {
      log: this.scratch.file(`log${++this.starts}`),
      directory: home,
      environment: { PATH: process.env.PATH, HOME: home, XDG_RUNTIME_DIR: `${home}/runtime` },
    });
    this.port = await until('the daemon has started', () => {
      const started = / started .*\bport=(\d+)/.exec(this.program.logged());
      if (!started) {
        this.program.expectRunning('image-syncer');
      }
      return started && Number(started[1]);
    });
  }

  // Everything that it has said, over all its starts.
  logged() {
    return Array.from({ length: this.starts }, (_, index) =>
      fs.readFileSync(this.scratch.file(`log${index + 1}`), 'utf8')).join('');
  }

  kill() {
    return this.program.end('SIGKILL');
  }

  // Where a browser finds it, under a name of this machine and with credentials ("user:password@").
  url(path = '/', { credentials = '', name = '127.0.0.1' } = {}) {
    return `http://${credentials}${name}:${this.port}${path}`;
  }

  // Calls it as a script does.
  request(method, path, body) {
    const { username, password } = this.config.auth || {};
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    return fetch(this.url(path), {
      method,
      body: body && JSON.stringify(body),
      headers: {
        ...(body && { 'Content-Type': 'application/json' }),
        ...(username && { Authorization: authorization }),
      },
    });
  }

  // Calls the API.
  async api(method, path, body) {
    const response = await this.request(method, `/api/v1/${path}`, body);
    if (!response.ok) {
      throw new Error(`${method} ${path}: ${response.status}: ${await response.text()}`);
    }
    return response.json();
  }

  // Says that an image was pushed, as a registry's hook does.
  async hook(name, tag) {
    const response = await this.request('GET', `/images/sync/hook?name=${name}&tag=${tag}`);
    if (response.status !== 200) {
      throw new Error(`the hook answered ${response.status}: ${await response.text()}`);
    }
  }

  // The history, once nothing runs and at least so many runs are in it.
  ended(runs) {
    return until(`${runs} runs have ended`, async () => {
      const history = await this.api('GET', 'runs');
      const { running } = await this.api('GET', 'status');
      return history.runs.length >= runs && running.length === 0 && history.runs;
    });
  }
}

class World {
  constructor() {
    requirePrograms('docker-registry', 'setpriv');
    if (!process.env.IMAGE_SYNCER_BINARY) {
      throw new Error('IMAGE_SYNCER_BINARY does not name the program');
    }
    this.scratch = new ScratchDir();
    this.daemons = [];
    this.endings = [];
  }

  registries(number) {
    return Promise.all(Array.from({ length: number }, async () => {
      const registry = await Registry.start();
      this.endings.push(() => registry.stop());
      return registry;
    }));
  }

  async slowProxy(registry, rate) {
    const proxy = await SlowProxy.start(registry.port, rate);
    this.endings.push(() => proxy.stop());
    return proxy;
  }

  // A registry that is away: its port is taken, but whoever comes is cut off without an answer.
  async deadRegistry() {
    const holder = net.createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address();
    this.endings.push(() => holder.close());
    return `127.0.0.1:${port}`;
  }

  // A site whose every answer is what `handler` makes it.
  async site(handler) {
    const server = http.createServer(handler).listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.endings.push(() => {
      server.close();
      server.closeAllConnections();
    });
    return server.address().port;
  }

  // A daemon of this configuration that does nothing by itself; `hosts` are spoken to by plain http.
  async daemon(hosts, config) {
    const registries = Object.fromEntries(hosts.map((host) => [host, { plainHttp: true }]));
    const daemon = new Daemon(this.scratch, {
      registries,
      ...config,
      app: { shutdownGrace: '2s', ...config.app },
      sync: { interval: '24h', runAtStart: false, retryCount: 0, ...config.sync },
    });
    this.daemons.push(daemon);
    this.endings.push(() => daemon.program?.end());
    await daemon.start();
    return daemon;
  }

  async end() {
    for (const ending of this.endings.reverse()) {
      await ending();
    }
    this.scratch.remove();
  }
}

module.exports = { World };
