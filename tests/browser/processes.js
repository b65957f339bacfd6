// Child processes and scratch folders that do not outlive the test.
'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');

// A folder for one test.
class ScratchDir {
  constructor() {
    this.path = fs.mkdtempSync(path.join(os.tmpdir(), 'image-syncer-browser-'));
  }

  file(name) {
    return path.join(this.path, name);
  }

  write(name, content) {
    fs.writeFileSync(this.file(name), content);
    return this.file(name);
  }

  remove() {
    fs.rmSync(this.path, { recursive: true, force: true, maxRetries: 5 });
  }
}

// A program that writes all it says to the file `log`. Killed when this process ends in whatever way.
class Program {
  constructor(command, { log, directory, environment }) {
    this.log = log;
    const out = fs.openSync(log, 'a');
    this.child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...command], {
      cwd: directory,
      env: environment,
      stdio: ['ignore', out, out],
    });
    fs.closeSync(out);
    this.ended = once(this.child, 'exit');
    this.ended.catch(() => {});
  }

  isRunning() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  logged() {
    return fs.readFileSync(this.log, 'utf8');
  }

  // For `until`: waiting for something that has ended is of no use.
  expectRunning(name) {
    if (!this.isRunning()) {
      throw Object.assign(new Error(`${name} has ended: ${this.logged()}`), { isFinal: true });
    }
  }

  // Sends the signal and waits for the end.
  async end(signal = 'SIGTERM') {
    if (this.isRunning()) {
      this.child.kill(signal);
      await this.ended;
    }
  }
}

// A port of loopback that is free now.
async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

// Fails with what to do about it where a program is missing: a test left out would look like success.
function requirePrograms(...names) {
  const folders = (process.env.PATH || '').split(path.delimiter);
  const missing = names.filter(
    (name) => !folders.some((folder) => fs.existsSync(path.join(folder, name))),
  );
  if (missing.length > 0) {
    throw new Error(`not installed: ${missing.join(', ')} (make deps)`);
  }
}

module.exports = { Program, ScratchDir, freePort, requirePrograms };
