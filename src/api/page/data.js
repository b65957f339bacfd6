// What the API said, and asking it again when that has changed.

// Without the credentials that an address may hold: fetch refuses them.
const base = location.origin + location.pathname.replace(/[^/]*$/, '') + 'api/v1/';
const kMinGap = 1000;
const kMaxGap = 10000;
const kQuietLimit = 30000;

const state = {
  status: null,
  connection: 'connecting',
  reason: '',      // of a lost connection
  lastHeard: 0,    // performance.now()
  clockOffset: 0,  // of the daemon's clock against this one
};

// `revision`: whose change makes it worth asking again; `path`: asked at the time.
const resources = {
  rules: {revision: 'rules', path: () => 'rules', draw: () => drawRules()},
  queue: {revision: 'queue', path: () => queuePath(), draw: () => drawQueue()},
  runs: {revision: 'runs', path: () => `runs?limit=${runList.limit}`, draw: () => drawRuns()},
  failures: {revision: 'runs', path: () => `images/failed?limit=${failureList.limit}`, draw: () => drawFailures()},
  registries: {revision: 'registries', path: () => 'registries', draw: () => drawRegistries()},
};
for (const resource of Object.values(resources)) {
  Object.assign(resource, {data: null, error: '', isWanted: false, isBusy: false, failures: 0, notBefore: 0, timer: 0});
}

function serverNow() {
  return Date.now() + state.clockOffset;
}

async function call(path, body) {
  const options = {cache: 'no-store', signal: AbortSignal.timeout(30000)};
  if (body) {
    Object.assign(options, {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)});
  }
  let response;
  try {
    response = await fetch(base + path, options);
  } catch {
    throw Object.assign(new Error('The daemon does not answer.'), {isNetwork: true});
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) {
    throw new Error(answer?.error ? `${answer.error} (${response.status})` : `The answer was ${response.status} ${response.statusText}`);
  }
  if (answer === null) {
    throw new Error('The answer is not understood.');
  }
  return answer;
}

// Asks for a resource, at once when a person waits for it. One call at a time for each; what
// changes often or takes long is asked for less often.
function want(name, isUrgent = false) {
  const resource = resources[name];
  resource.isWanted = true;
  if (isUrgent) {
    resource.notBefore = 0;
    clearTimeout(resource.timer);
    resource.timer = 0;
  }
  pump(name);
}

function pump(name) {
  const resource = resources[name];
  if (!resource.isWanted || resource.isBusy || resource.timer !== 0 || document.hidden) {
    return;
  }
  const wait = resource.notBefore - performance.now();
  if (wait <= 0) {
    load(name, resource);
    return;
  }
  resource.timer = setTimeout(() => {
    resource.timer = 0;
    pump(name);
  }, wait);
}

async function load(name, resource) {
  const began = performance.now();
  const path = resource.path();
  resource.isBusy = true;
  resource.isWanted = false;
  // The answer is at least as new as the last status: only a later revision makes it old.
  resource.seen = state.status?.revisions[resource.revision];
  resource.requestsSeen = state.status?.totals.requests;
  try {
    const data = await call(path);
    resource.error = '';
    resource.failures = 0;
    const now = performance.now();
    // Somebody may have asked for another page meanwhile; that has been wanted already.
    const isOfAnother = path !== resource.path();
    if (!isOfAnother) {
      resource.data = data;
    }
    resource.notBefore = isOfAnother ? 0 : now + Math.min(kMaxGap, Math.max(kMinGap, 3 * (now - began)));
  } catch (error) {
    // The head of the page says when nothing answers at all.
    resource.error = error.isNetwork ? '' : error.message;
    resource.isWanted = true;
    resource.notBefore = performance.now() + Math.min(kMaxGap, kMinGap * 2 ** resource.failures++);
  }
  resource.isBusy = false;
  draw(resource.draw);
  draw(drawOverview);
  pump(name);
}

function applyStatus(status) {
  const before = state.status;
  const hasRestarted = before !== null && (before.started !== status.started || before.pid !== status.pid);
  // A page that stays open for months is to be the one of the daemon that it shows.
  if (hasRestarted && before.version !== status.version) {
    location.reload();
    return;
  }
  if (hasRestarted) {
    rates.clear();
  }
  state.status = status;
  state.lastHeard = performance.now();
  state.clockOffset = Date.parse(status.now) - Date.now();
  setConnection('connected');
  sampleRates(status);
  const idsOf = (some) => some?.running.map((run) => run.id).join();
  const runsChanged = idsOf(before) !== idsOf(status);
  for (const [name, resource] of Object.entries(resources)) {
    // Revisions begin anew with the process, so that those of another mean nothing.
    if (hasRestarted) {
      resource.seen = undefined;
      resource.failures = 0;
    }
    const isOld = resource.seen !== status.revisions[resource.revision];
    const mayBeOld = runsChanged && (name === 'rules' || name === 'runs');
    if (isOld || mayBeOld) {
      want(name, hasRestarted);
    }
  }
  draw(drawOverview);
  draw(drawRunning);
  draw(drawButtons);
}

function setConnection(connection, reason = '') {
  if (state.connection !== connection || state.reason !== reason) {
    state.connection = connection;
    state.reason = reason;
    draw(drawOverview);
  }
}

// The events. We connect again by ourselves, because a browser gives up for good when the answer is
// an error, which a daemon that ends may well give.
let events = null;
let retryDelay = 0;
let retryTimer = 0;

function connect() {
  clearTimeout(retryTimer);
  events?.close();
  state.lastHeard = performance.now();
  const source = new EventSource(base + 'events');
  events = source;
  source.addEventListener('status', (event) => {
    if (source === events) {
      retryDelay = 0;
      applyStatus(JSON.parse(event.data));
    }
  });
  source.addEventListener('error', () => {
    if (source === events) {
      connectLater();
    }
  });
}

function connectLater() {
  events?.close();
  events = null;
  setConnection('lost', state.reason);
  clearTimeout(retryTimer);
  retryDelay = Math.min(kMaxGap, Math.max(500, 2 * retryDelay));
  retryTimer = setTimeout(reconnect, retryDelay);
}

// An event source does not tell why it failed; a plain call does.
async function reconnect() {
  clearTimeout(retryTimer);
  try {
    const status = await call('status');
    applyStatus(status);
    connect();
  } catch (error) {
    setConnection('lost', error.message);
    connectLater();
  }
}

// A connection can die without a word (a laptop slept, a proxy forgot it), and nothing is told
// while nothing changes: so ask now and then.
async function checkConnection() {
  if (document.hidden || events === null || performance.now() - state.lastHeard < kQuietLimit) {
    return;
  }
  state.lastHeard = performance.now();
  try {
    const asked = events;
    const status = await call('status');
    if (asked === events && status.now !== state.status?.now) {
      applyStatus(status);
    }
  } catch (error) {
    setConnection('lost', error.message);
    connectLater();
  }
}

function onVisible() {
  if (document.hidden) {
    return;
  }
  if (events === null) {
    retryDelay = 0;
    reconnect();
  }
  state.lastHeard = Math.min(state.lastHeard, performance.now() - kQuietLimit);
  checkConnection();
  Object.keys(resources).forEach(pump);
}

// Rates, from the differences of successive statuses, smoothed over about three seconds.
const rates = new Map();

// `age`: for how many seconds it has been going on, where that is known, for a rate at first sight.
function sampleRate(kept, key, value, at, age = 0) {
  const last = rates.get(key);
  if (last && at === last.at) {
    kept.set(key, last);
    return;
  }
  const sample = {value, at, heard: performance.now(), rate: age > 0.2 ? value / age : 0, isFirst: true};
  if (last && value >= last.value && at > last.at) {
    const seconds = (at - last.at) / 1000;
    const weight = last.isFirst ? 1 : 1 - Math.exp(-seconds / 3);
    sample.rate = last.rate + ((value - last.value) / seconds - last.rate) * weight;
    sample.isFirst = false;
  }
  kept.set(key, sample);
}

// What has not moved for a while is not told again, so its rate ends by itself.
function rateOf(key) {
  const sample = rates.get(key);
  return sample && performance.now() - sample.heard < 4000 ? sample.rate : 0;
}

function sampleRates(status) {
  const at = Date.parse(status.now);
  const kept = new Map();
  sampleRate(kept, 'down', status.totals.bytes_down, at);
  sampleRate(kept, 'up', status.totals.bytes_up, at);
  for (const run of status.running) {
    const key = keyOfRunning(run);
    sampleRate(kept, key + ' down', run.bytes_down, at);
    sampleRate(kept, key + ' up', run.bytes_up, at);
    for (const blob of run.blobs) {
      sampleRate(kept, `${key} ${keyOfBlob(blob)}`, blob.done, at, blob.age);
    }
  }
  rates.clear();
  kept.forEach((sample, key) => rates.set(key, sample));
}
