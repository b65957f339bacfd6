// The queue of pushed images. It can hold 100,000, so that the API filters and pages.

const kQueuePage = 25;
const queueView = {text: '', state: '', page: 0};
const queuePager = makePager('queue', (step) => setQueueView({page: Math.max(0, queueView.page + step)}));

onFilter('queue-text', (text) => setQueueView({text, page: 0}));
byId('queue-state').addEventListener('change', () => setQueueView({state: byId('queue-state').value, page: 0}));

function setQueueView(change) {
  Object.assign(queueView, change);
  want('queue', true);
}

// One more than is shown tells whether there is a next page.
function queuePath() {
  const parameters = new URLSearchParams({offset: queueView.page * kQueuePage, limit: kQueuePage + 1});
  for (const name of ['state', 'text']) {
    if (queueView[name] !== '') {
      parameters.set(name, queueView[name]);
    }
  }
  return `queue?${parameters}`;
}

function totalOfView(counts) {
  if (queueView.text !== '') {
    return '';
  }
  return count({'': counts.queued + counts.parked, queued: counts.queued, parked: counts.parked}[queueView.state]);
}

function makeQueued(image) {
  const parts = {
    target: make('div', {class: 'ref source'}),
    source: make('span', {class: 'ref'}),
    badge: makeBadge('queue-badge'),
    due: makeTime('queue-due'),
    attempts: make('span', {class: 'number', test: 'queue-attempts'}),
    cause: makeCause('queue-error'),
    origin: make('span', {}),
    queued: makeTime(),
    retry: make('button', {type: 'button', test: 'queue-retry', 'aria-label': `Retry now: ${image.target}`}, 'Retry now'),
    remove: make('button', {type: 'button', test: 'queue-remove', 'aria-label': `Remove: ${image.target}`}, 'Remove'),
  };
  makeAction(parts.retry, 'Retrying…', async () => {
    await call('queue/retry', {target: image.target});
    want('queue', true);
    return `${image.target} is due at once.`;
  });
  makeAction(parts.remove, 'Removing…', async () => {
    await call('queue/remove', {target: image.target});
    want('queue', true);
    return `${image.target} is out of the queue.`;
  }, () => confirmRemoval(image.target));
  const row = makeRow({test: 'queue-row', 'data-target': image.target},
    ['', parts.target, make('div', {class: 'muted from'}, 'from ', parts.source), parts.cause],
    ['State', parts.badge],
    ['Due', parts.due],
    ['Failed attempts', parts.attempts],
    ['Origin', make('div', {class: 'inline'}, parts.origin, ' ', parts.queued)],
    ['', make('div', {class: 'buttons'}, parts.retry, parts.remove)]);
  row.cells[5].className = 'actions';
  row.parts = parts;
  return row;
}

function updateQueued(row, image) {
  const {parts} = row;
  const kinds = {queued: image.attempts > 0 ? 'warn' : 'never', copying: 'running', parked: 'bad'};
  setAttribute(row, 'data-state', image.state);
  setText(parts.target, image.target);
  setText(parts.source, image.source);
  setBadge(parts.badge, kinds[image.state] ?? 'never', capital(image.state));
  const isDue = image.state === 'queued' && Date.parse(image.due) <= serverNow();
  setTime(parts.due, image.state === 'queued' && !isDue ? image.due : null,
    {queued: 'now', copying: 'under way', parked: 'not by itself'}[image.state]);
  setText(parts.attempts, count(image.attempts));
  setText(parts.origin, image.origin);
  setTime(parts.queued, image.queued);
  setCause(parts.cause, image.error);
  setDisabled(parts.retry, image.state === 'copying' ? 'It is being copied' : isDue ? 'It is due already' : '');
}

let answerConfirmation = null;

function confirmRemoval(target) {
  const dialog = byId('confirm');
  setText(byId('confirm-target'), target);
  dialog.showModal();
  byId('confirm-no').focus();
  return new Promise((resolve) => {
    answerConfirmation = resolve;
  });
}

function endConfirmation(answer) {
  answerConfirmation?.(answer);
  answerConfirmation = null;
  byId('confirm').close();
}

byId('confirm-yes').addEventListener('click', () => endConfirmation(true));
byId('confirm-no').addEventListener('click', () => endConfirmation(false));
byId('confirm').addEventListener('close', () => endConfirmation(false));  // the escape key

makeAction(byId('retry-all'), 'Retrying…', async () => {
  const answer = await call('queue/retry', {parked: true});
  want('queue', true);
  return `${plural(answer.retried, 'parked image is', 'parked images are')} due at once.`;
});

function drawQueue() {
  const {data} = resources.queue;
  const images = data?.images ?? [];
  // The last image of the last page has gone.
  if (data !== null && images.length === 0 && queueView.page > 0) {
    setQueueView({page: queueView.page - 1});
    return;
  }
  const isFiltered = queueView.text !== '' || queueView.state !== '';
  setSection('queue', images.length > 0,
    isFiltered ? 'No image in the queue passes the filter.' : 'The queue is empty: no pushed image waits.');
  const shown = images.slice(0, kQueuePage);
  setChildren(byId('queue-rows'), shown, (image) => image.target, makeQueued, updateQueued);
  setPager(queuePager, queueView.page * kQueuePage, shown.length, data ? totalOfView(data.queue) : '',
    images.length > kQueuePage);
  drawQueueCounts();
}

function drawQueueCounts() {
  const counts = state.status?.queue ?? resources.queue.data?.queue;
  if (!counts) {
    return;
  }
  setText(byId('queue-counts'), `${count(counts.queued)} queued (${count(counts.due)} due, ${count(counts.copying)} being copied) · ` +
    `${count(counts.parked)} parked${counts.limit ? ` · room for ${count(counts.limit)}` : ''}`);
  setText(byId('nav-queue'), counts.queued + counts.parked > 0 ? count(counts.queued + counts.parked) : '');
  const button = byId('retry-all');
  button.label = counts.parked > 0 ? `Retry all ${count(counts.parked)} parked` : 'Retry all parked';
  if (!button.isBusy) {
    setText(button, button.label);
  }
  setDisabled(button, counts.parked > 0 ? '' : 'No image is parked');
}
