// Real registries, images in them, and a slow way to them.
'use strict';

const { createHash, randomBytes } = require('node:crypto');
const { once } = require('node:events');
const net = require('node:net');

const { Program, ScratchDir, freePort } = require('./processes.js');
const { until } = require('./until.js');

const kManifestType = 'application/vnd.oci.image.manifest.v1+json';
const kStarts = 5; // another program may take a port that was free
const kKiB = 1024;

function digestOf(content) {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

// A docker-registry on a port of its own. `proxied`: reached through a `SlowProxy` as well.
class Registry {
  static async start() {
    for (let attempt = 1; ; ++attempt) {
      const registry = new Registry();
      try {
        await registry.run();
        return registry;
      } catch (error) {
        await registry.stop();
        if (attempt === kStarts) {
          throw error;
        }
      }
    }
  }

  async run() {
    this.scratch = new ScratchDir();
    this.port = await freePort();
    this.host = `127.0.0.1:${this.port}`;
    const name = this.scratch.path;
    const config = {
      version: 0.1,
      log: { level: 'error', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: this.scratch.file('storage') } },
      // The header tells it from whoever else might have the port.
      http: { addr: this.host, secret: 'test', headers: { 'X-Test-Instance': [name] } },
    };
    this.program = new Program(
      ['docker-registry', 'serve', this.scratch.write('config.yml', JSON.stringify(config))],
      { log: this.scratch.file('log'), environment: { PATH: process.env.PATH } },
    );
    await until(`the registry at ${this.host} answers`, async () => {
      this.program.expectRunning('docker-registry');
      const { headers } = await fetch(`http://${this.host}/v2/`);
      return headers.get('X-Test-Instance') === name;
    });
  }

  async stop() {
    await this.program?.end('SIGKILL');
    this.scratch?.remove();
  }

  // Pushes an image with random layers of these sizes, and gives the number of bytes that its blobs
  // have, which is what a copy moves.
  async push(repository, tag, ...sizes) {
    const blob = async (mediaType, content) => {
      await this.pushBlob(repository, content);
      return { mediaType, size: content.length, digest: digestOf(content) };
    };
    const layers = [];
    for (const size of sizes) {
      layers.push(
        await blob('application/vnd.oci.image.layer.v1.tar+gzip', randomBytes(size)),
      );
    }
    const settings = {
      architecture: 'amd64',
      os: 'linux',
      rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    };
    const config = await blob(
      'application/vnd.oci.image.config.v1+json',
      Buffer.from(JSON.stringify(settings)),
    );
    const manifest = { schemaVersion: 2, mediaType: kManifestType, config, layers };
    await this.call(201, `/v2/${repository}/manifests/${tag}`, {
      method: 'PUT',
      headers: { 'Content-Type': kManifestType },
      body: JSON.stringify(manifest),
    });
    return [config, ...layers].reduce((sum, { size }) => sum + size, 0);
  }

  async pushBlob(repository, content) {
    const opened = await this.call(202, `/v2/${repository}/blobs/uploads/`, { method: 'POST' });
    const location = new URL(opened.headers.get('Location'), `http://${this.host}`);
    location.searchParams.set('digest', digestOf(content));
    await this.call(201, location, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/octet-stream' },
      body: content,
    });
  }

  // Whether it has an image under that tag.
  async has(repository, tag) {
    const { status } = await fetch(`http://${this.host}/v2/${repository}/manifests/${tag}`, {
      method: 'HEAD',
      headers: { Accept: kManifestType },
    });
    return status === 200;
  }

  async call(expected, path, options) {
    const url = new URL(path, `http://${this.host}`);
    const response = await fetch(url, options);
    if (response.status !== expected) {
      throw new Error(`${options.method} ${url}: ${response.status}: ${await response.text()}`);
    }
    return response;
  }
}

// Passes connections on to a port; what comes back gets through at `rate` bytes a second, all
// connections together. So a copy takes as long as a test wants to look at it.
class SlowProxy {
  static async start(port, rate) {
    const proxy = new SlowProxy();
    proxy.rate = rate;
    proxy.connections = new Set();
    proxy.server = net.createServer((client) => proxy.accept(client, port)).listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    proxy.host = `127.0.0.1:${proxy.server.address().port}`;
    proxy.budget = 0;
    proxy.last = Date.now();
    proxy.timer = setInterval(() => proxy.move(), 20);
    return proxy;
  }

  // From now on as fast as it can.
  open() {
    this.rate = Infinity;
  }

  accept(client, port) {
    const upstream = net.connect(port, '127.0.0.1');
    const connection = { client, upstream, waiting: [] };
    this.connections.add(connection);
    const end = () => {
      this.connections.delete(connection);
      client.destroy();
      upstream.destroy();
    };
    client.pipe(upstream);
    upstream.on('data', (chunk) => {
      connection.waiting.push(chunk);
      upstream.pause();
    });
    // What waits may still go through.
    upstream.on('end', () => { connection.isEnding = true; });
    for (const socket of [client, upstream]) {
      socket.on('error', end);
    }
    client.on('close', end);
  }

  move() {
    const now = Date.now();
    const earned = this.rate === Infinity ? Infinity : (this.rate * (now - this.last)) / 1000;
    this.last = now;
    this.budget = Math.min(this.budget + earned, Math.max(64 * kKiB, earned));
    for (const { client, upstream, waiting, isEnding } of this.connections) {
      while (waiting.length > 0 && this.budget >= 1 && !client.writableNeedDrain) {
        const chunk = waiting.shift();
        const size = Math.min(chunk.length, Math.floor(this.budget));
        client.write(chunk.subarray(0, size));
        this.budget -= size;
        if (size < chunk.length) {
          waiting.unshift(chunk.subarray(size));
        }
      }
      if (waiting.length === 0) {
        upstream.resume();
        if (isEnding) {
          client.end();
        }
      }
    }
  }

  stop() {
    clearInterval(this.timer);
    this.server.close();
    for (const { client, upstream } of this.connections) {
      client.destroy();
      upstream.destroy();
    }
  }
}

module.exports = { Registry, SlowProxy };
