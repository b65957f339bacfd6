// What is under way.

// A registry can have more blobs in flight than anybody reads.
const kMaxBlobs = 24;

function keyOfRunning(run) {
  return run.kind === 'push' ? `push ${run.source} ${run.targets.join()} ${run.started}` : `run ${run.id}`;
}

function keyOfBlob(blob) {
  return `${blob.digest} ${blob.source} ${blob.targets.join()}`;
}

function titleOfRun(run) {
  const names = {start: 'Run at the start', timed: 'Timed run', manual: 'Manual run', rule: 'Run of one rule',
    once: 'Run by command', push: 'Pushed image'};
  return names[run.kind] ?? capital(run.kind);
}

function makeRunning(run) {
  const parts = {
    title: make('h3', {}),
    progress: make('span', {class: 'number', test: 'running-progress'}),
    name: make('p', {class: 'ref'}),
    targets: makeTargets(),
    segments: make('div', {class: 'meter segments', role: 'progressbar', 'aria-valuemin': '0', 'aria-valuemax': '100',
      test: 'running-bar'}),
    results: makeResults('running-results'),
    since: makeTime(),
    down: make('b', {test: 'running-down'}),
    up: make('b', {test: 'running-up'}),
    ahead: make('span', {}),
    work: make('span', {}),
    blobsTitle: make('h4', {}),
    blobs: make('ul', {class: 'blobs plain', tabindex: '0', 'aria-label': 'Blobs in flight'}),
  };
  for (const result of kResults) {
    parts[result] = make('div', {class: 'segment', 'data-result': result});
    parts.segments.append(parts[result]);
  }
  const node = make('li', {class: 'run', test: 'running-run', 'data-kind': run.kind},
    make('div', {class: 'run-head'}, parts.title, parts.progress),
    parts.name, parts.targets, parts.segments,
    make('p', {class: 'line'}, parts.results, make('span', {class: 'muted'}, 'began ', parts.since)),
    make('p', {class: 'line'},
      make('span', {}, makeArrow('↓', 'down'), parts.down), make('span', {}, makeArrow('↑', 'up'), parts.up),
      parts.ahead, parts.work),
    parts.blobsTitle, parts.blobs);
  if (run.id) {
    node.dataset.run = run.id;
  }
  node.parts = parts;
  return node;
}

function setSegments(parts, run) {
  const {total, done} = run.images;
  for (const result of kResults) {
    parts[result].style.width = total > 0 ? `${(100 * run.images[result] / total).toFixed(2)}%` : '0';
  }
  const percent = total > 0 ? Math.floor(100 * done / total) : 0;
  const text = run.expanding ? `${count(done)} of ${count(total)} images found so far`
    : `${count(done)} of ${plural(total, 'image')}${total > 0 ? ` · ${percent} %` : ''}`;
  setText(parts.progress, text);
  setAttribute(parts.segments, 'aria-valuenow', String(percent));
  setAttribute(parts.segments, 'aria-valuetext', text);
  setAttribute(parts.segments, 'aria-label', `Images of ${parts.title.textContent}`);
}

// What is ahead, and for how long when that can be said: not while it still grows.
function textAhead(run, upRate) {
  if (run.bytes_ahead === 0) {
    return '';
  }
  const left = !run.expanding && upRate > 1024 ? `, about ${duration(1000 * Math.max(10, run.bytes_ahead / upRate))} left` : '';
  return `${run.expanding ? 'at least ' : ''}${bytes(run.bytes_ahead)} ahead${left}`;
}

function textOfWork(run) {
  const some = [[run.blobs_copied, 'blob copied', 'blobs copied'], [run.blobs_mounted, 'mounted', 'mounted'],
    [run.requests, 'request', 'requests'], [run.retries, 'retry', 'retries'], [run.throttled, 'throttled', 'throttled']];
  return some.filter(([value]) => value > 0).map((part) => plural(...part)).join(' · ');
}

function updateRunning(node, run) {
  const {parts} = node;
  const key = keyOfRunning(run);
  const upRate = rateOf(key + ' up');
  setText(parts.title, titleOfRun(run) + (run.id ? ` #${run.id}` : ''));
  setText(parts.name, run.rule || run.source);
  setHidden(parts.name, !run.rule && !run.source);
  setTargets(parts.targets, run.targets);
  setSegments(parts, run);
  setResults(parts.results, run.images);
  setTime(parts.since, run.started);
  setText(parts.down, `${bytes(run.bytes_down)} · ${rate(rateOf(key + ' down'))}`);
  setText(parts.up, `${bytes(run.bytes_up)} · ${rate(upRate)}`);
  setText(parts.ahead, textAhead(run, upRate));
  setText(parts.work, textOfWork(run));
  updateBlobs(parts, run, key);
}

function updateBlobs(parts, run, key) {
  const shown = run.blobs.slice(0, kMaxBlobs);
  const more = run.blobs.length - shown.length;
  setText(parts.blobsTitle, run.blobs.length === 0 ? ''
    : `${plural(run.blobs.length, 'blob')} in flight${more > 0 ? `, of which ${kMaxBlobs} are shown` : ''}`);
  setChildren(parts.blobs, shown, keyOfBlob, makeBlob, (node, blob) => updateBlob(node, blob, `${key} ${keyOfBlob(blob)}`));
  // Blobs come and go many times a second; what stands below must not jump each time.
  const rows = Math.max(parts.blobs.rows ?? 0, Math.min(shown.length, 8));
  parts.blobs.rows = rows;
  parts.blobs.style.setProperty('--rows', rows);
  setHidden(parts.blobs, rows === 0);
}

function makeBlob() {
  const parts = {
    digest: make('span', {class: 'ref'}),
    source: make('span', {class: 'ref'}),
    targets: make('span', {class: 'ref'}),
    bar: makeBar(),
    size: make('span', {class: 'number'}),
    rate: make('span', {class: 'number muted', test: 'blob-rate'}),
  };
  const node = make('li', {class: 'blob', test: 'blob'},
    make('div', {class: 'blob-line'}, parts.digest, make('span', {}, parts.size, ' · ', parts.rate)),
    parts.bar,
    make('div', {class: 'way muted'}, parts.source, ' → ', parts.targets));
  node.parts = parts;
  return node;
}

function updateBlob(node, blob, key) {
  const {parts} = node;
  const targets = blob.targets.join(', ');
  const size = `${bytes(blob.done)} of ${bytes(blob.size)}`;
  setAttribute(node, 'data-digest', blob.digest);
  setText(parts.digest, shortDigest(blob.digest));
  setAttribute(parts.digest, 'title', blob.digest);
  setText(parts.source, blob.source);
  setAttribute(parts.source, 'title', blob.source);
  setText(parts.targets, targets);
  setAttribute(parts.targets, 'title', targets);
  setBar(parts.bar, blob.done, blob.size, `Blob ${shortDigest(blob.digest)}`, size);
  setText(parts.size, size);
  setText(parts.rate, rate(rateOf(key)));
}

function drawRunning() {
  const {status} = state;
  if (status === null) {
    return;
  }
  setHidden(byId('running-idle'), status.running.length > 0);
  setText(byId('running-idle'), 'Nothing is running. Pushed images and the next run begin by themselves.');
  setHidden(byId('running-list'), status.running.length === 0);
  setChildren(byId('running-list'), status.running, keyOfRunning, makeRunning, updateRunning);
  setText(byId('nav-running'), status.running.length > 0 ? count(status.running.length) : '');
  if (resources.runs.data?.runs.some((run) => run.status === 'running')) {
    draw(drawRuns);
  }
}
