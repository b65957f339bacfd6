// The runs that were, their bytes as a chart, and what failed in them.

const kBars = 40;
const runList = new PagedList('runs', 12, 60);
const failureList = new PagedList('failures', 8, 50);
const openRuns = new Map();  // id -> {data, error} of a run whose failures are shown

// A run that is on has its figures in the status.
function withLiveFigures(run) {
  const live = run.status === 'running' && state.status?.running.find((other) => other.id === run.id);
  return live ? {...run, images: live.images, bytes_down: live.bytes_down, bytes_up: live.bytes_up,
    blobs_mounted: live.blobs_mounted} : run;
}

function makeRun(run) {
  const parts = {
    toggle: make('button', {type: 'button', class: 'toggle', test: 'run-toggle', 'aria-expanded': 'false',
      click: () => toggleRun(run.id)}),
    rule: make('div', {class: 'ref muted'}),
    started: makeTime(),
    took: make('span', {class: 'number'}),
    results: makeResults('run-results'),
    down: makeBytes('↓', 'down'),
    up: makeBytes('↑', 'up'),
    badge: makeBadge('run-status'),
  };
  const row = makeRow({test: 'run-row', 'data-run': run.id},
    ['', parts.toggle, parts.rule],
    ['Started', parts.started],
    ['Took', parts.took],
    ['Images', parts.results],
    ['Bytes', make('div', {class: 'inline'}, parts.down, ' ', parts.up)],
    ['Status', parts.badge]);
  row.parts = parts;
  return row;
}

function badgeOfRun(run) {
  const failed = run.images.failed;
  switch (run.status) {
    case 'running': return ['running', 'Running'];
    case 'complete': return failed > 0 ? ['bad', `${count(failed)} failed`] : ['good', 'Complete'];
    case 'stopped': return ['warn', 'Stopped'];
    default: return ['warn', capital(run.status)];
  }
}

function updateRun(row, stored) {
  const {parts} = row;
  const run = withLiveFigures(stored);
  setText(parts.toggle, `#${run.id} ${titleOfRun(run)}`);
  setAttribute(parts.toggle, 'aria-expanded', String(openRuns.has(run.id)));
  setText(parts.rule, run.rule);
  setHidden(parts.rule, !run.rule);
  setTime(parts.started, run.started);
  const ended = run.ended ? Date.parse(run.ended) : run.status === 'running' ? serverNow() : null;
  setText(parts.took, ended === null ? '–' : duration(ended - Date.parse(run.started)));
  setResults(parts.results, run.images);
  setText(parts.down.parts.text, bytes(run.bytes_down));
  setText(parts.up.parts.text, bytes(run.bytes_up));
  setBadge(parts.badge, ...badgeOfRun(run));
  setAttribute(row, 'data-status', run.status);
}

// The row below an open run.
function makeDetail(run) {
  const parts = {
    text: make('p', {}),
    list: make('ul', {class: 'plain failures', test: 'run-failures'}),
  };
  const row = makeRow({class: 'detail', test: 'run-detail', 'data-run': run.id}, ['', parts.text, parts.list]);
  row.cells[0].colSpan = 6;
  row.parts = parts;
  return row;
}

function updateDetail(row, stored) {
  const {parts} = row;
  const run = withLiveFigures(stored);
  const {data, error} = openRuns.get(run.id);
  const failures = data?.failures ?? [];
  const more = run.images.failed - failures.length;
  const facts = [`Began ${absolute(Date.parse(run.started))}`, run.ended && `ended ${absolute(Date.parse(run.ended))}`,
    `${plural(run.blobs_mounted, 'blob')} mounted`, run.reason && `ended early: ${run.reason}`];
  const told = error || (data === null ? 'Loading…' : failures.length === 0 ? 'No failures.' : `${plural(failures.length, 'failure')}${more > 0 ? ` of ${count(run.images.failed)}` : ''}:`);
  setText(parts.text, `${facts.filter(Boolean).join(', ')}. ${told}`);
  setChildren(parts.list, failures, (failure) => `${failure.target} ${failure.source} ${failure.cause}`, makeFailureItem, () => {});
  setHidden(parts.list, failures.length === 0);
}

function makeFailureItem(failure) {
  const cause = makeCause('run-failure-cause');
  setCause(cause, failure.cause);
  return make('li', {test: 'run-failure'}, ...failureName(failure), cause);
}

// A rule that failed as a whole has no target.
function failureName({target, source}) {
  return target
    ? [make('div', {class: 'ref source'}, target), make('div', {class: 'muted from'}, 'from ', make('span', {class: 'ref'}, source))]
    : [make('div', {class: 'ref source'}, source), make('div', {class: 'muted'}, 'the rule as a whole')];
}

function toggleRun(id) {
  if (openRuns.delete(id)) {
    draw(drawRuns);
  } else {
    openRun(id);
  }
}

async function openRun(id) {
  const shown = openRuns.get(id) ?? {data: null, error: ''};
  openRuns.set(id, shown);
  draw(drawRuns);
  try {
    shown.data = await call(`runs/${id}`);
    shown.error = '';
  } catch (error) {
    shown.error = error.message;
  }
  draw(drawRuns);
}

// Those that were on when they were opened, or are still, may have failed more since.
function refreshOpenRuns(runs) {
  for (const run of runs) {
    const shown = openRuns.get(run.id);
    if (shown && resources.runs.data !== shown.asOf) {
      const isOld = shown.error !== '' || shown.data === null || shown.data.status === 'running';
      const isNew = shown.asOf === undefined;
      shown.asOf = resources.runs.data;
      if (isOld && !isNew) {
        openRun(run.id);
      }
    }
  }
}

function showRun(id) {
  const index = resources.runs.data?.runs.findIndex((run) => run.id === id) ?? -1;
  if (index < 0) {
    toast(`Run #${id} is not among the last ${count(runList.limit)} runs.`, 'note');
    return;
  }
  runList.page = Math.floor(index / runList.size);
  openRun(id);
  drawRuns();
  const button = byId('runs-rows').querySelector(`tr[data-run="${id}"] button`);
  button.scrollIntoView({block: 'center'});
  button.focus({preventScroll: true});
}

function drawRuns() {
  const runs = resources.runs.data?.runs ?? [];
  setSection('runs', runs.length > 0, 'No run yet.');
  refreshOpenRuns(runs);
  const rows = runList.slice(runs).flatMap((run) => openRuns.has(run.id) ? [{run}, {run, isDetail: true}] : [{run}]);
  setChildren(byId('runs-rows'), rows, ({run, isDetail}) => (isDetail ? 'detail ' : 'run ') + run.id,
    ({run, isDetail}) => isDetail ? makeDetail(run) : makeRun(run),
    (row, {run, isDetail}) => isDetail ? updateDetail(row, run) : updateRun(row, run));
  drawChart(runs.slice(0, kBars).map(withLiveFigures).reverse());
}

function makeColumn(run) {
  const parts = {up: make('div', {class: 'up'}), down: make('div', {class: 'down'})};
  const column = make('div', {class: 'column', test: 'chart-bar', 'data-run': run.id, click: () => showRun(run.id)},
    make('div', {class: 'half'}, parts.up), make('div', {class: 'half'}, parts.down));
  column.parts = parts;
  return column;
}

function drawChart(runs) {
  // Both halves have one scale: each is as high as its highest bar.
  const mostOf = (member) => Math.max(1, ...runs.map((run) => run[member]));
  const [mostUp, mostDown] = [mostOf('bytes_up'), mostOf('bytes_down')];
  byId('chart').style.setProperty('--halves', `${mostUp}fr ${mostDown}fr`);
  setHidden(byId('chart-figure'), runs.length < 2);
  setChildren(byId('chart'), runs, (run) => run.id, makeColumn, (column, run) => {
    const height = (value, most) => value > 0 ? `max(2px, ${(100 * value / most).toFixed(1)}%)` : '0';
    column.parts.up.style.height = height(run.bytes_up, mostUp);
    column.parts.down.style.height = height(run.bytes_down, mostDown);
    column.classList.toggle('failed', run.images.failed > 0);
    setAttribute(column, 'title', `Run #${run.id}, ${absolute(Date.parse(run.started))}: ${bytes(run.bytes_up)} up, ` +
      `${bytes(run.bytes_down)} down, ${count(run.images.failed)} failed`);
  });
  if (runs.length > 0) {
    const best = runs.reduce((one, other) => other.bytes_up > one.bytes_up ? other : one);
    const sum = (member) => bytes(runs.reduce((total, run) => total + run[member], 0));
    const text = `Bytes per run, the last of ${plural(runs.length, 'run')} at the right: ${sum('bytes_up')} up (above the line), ` +
      `${sum('bytes_down')} down (below it). Most: ${bytes(best.bytes_up)} up in #${best.id}.`;
    setText(byId('chart-caption'), text);
    setAttribute(byId('chart'), 'aria-label', text);
  }
}

function makeRecentFailure() {
  const parts = {
    name: make('div', {}),
    cause: makeCause('failure-cause'),
    count: make('span', {class: 'number', test: 'failure-count'}),
    run: make('button', {type: 'button', class: 'link', test: 'failure-run', click() {
      showRun(Number(this.dataset.run));
    }}),
    when: makeTime(),
  };
  const row = makeRow({test: 'failure-row'},
    ['', parts.name], ['Cause', parts.cause], ['Failed', parts.count],
    ['Last in', make('div', {class: 'inline'}, parts.run, ' ', parts.when)]);
  row.parts = parts;
  return row;
}

function updateRecentFailure(row, failure) {
  const {parts} = row;
  const key = `${failure.target} ${failure.source}`;
  if (row.shown !== key) {
    row.shown = key;
    parts.name.replaceChildren(...failureName(failure));
    setAttribute(row, 'data-target', failure.target ?? '');
  }
  setCause(parts.cause, failure.cause);
  setText(parts.count, plural(failure.count, 'time'));
  setText(parts.run, `Run #${failure.run}`);
  parts.run.dataset.run = failure.run;
  setTime(parts.when, failure.run_started);
}

function drawFailures() {
  const failures = resources.failures.data?.images ?? [];
  setSection('failures', failures.length > 0, 'Nothing has failed in the runs that are kept.');
  setChildren(byId('failures-rows'), failureList.slice(failures), (failure) => failure.target || `rule ${failure.source}`,
    makeRecentFailure, updateRecentFailure);
  setText(byId('nav-failures'), failures.length > 0 ? count(failures.length) + (failures.length === failureList.limit ? '+' : '') : '');
}
