// The head of the page: is all well, what comes next, what moves.

// What an operator should know at a glance, the worst first: [kind, text, section, filter].
function findIssues() {
  const issues = [];
  const {status} = state;
  const rules = resources.rules.data?.rules ?? [];
  const registries = resources.registries.data?.registries ?? [];
  if (status.problem) {
    issues.push(['bad', 'the queue does not work', 'queue']);
  }
  const failed = rules.filter(hasFailed).length;
  if (failed > 0) {
    issues.push(['bad', `${plural(failed, 'rule')} failing`, 'rules', () => filterBy('rules-state', 'failed', setRuleFilter)]);
  }
  const troubled = registries.filter(isInTrouble).length;
  if (troubled > 0) {
    issues.push(['bad', `${plural(troubled, 'registry', 'registries')} in trouble`, 'registries']);
  }
  const {queued, parked, limit} = status.queue;
  if (parked > 0) {
    issues.push(['warn', `${plural(parked, 'image')} parked`, 'queue', () => filterBy('queue-state', 'parked', (change) => setQueueView({...change, page: 0}))]);
  }
  const limited = registries.filter((registry) => registry.condition === 'limited').length;
  if (limited > 0) {
    issues.push(['warn', `${plural(limited, 'registry', 'registries')} limited`, 'registries']);
  }
  if (limit > 0 && queued + parked >= 0.9 * limit) {
    issues.push(['warn', 'the queue is nearly full', 'queue']);
  }
  return issues;
}

function filterBy(id, value, change) {
  byId(id).value = value;
  change({state: value});
}

function makeIssue([, , section, filter]) {
  const link = make('a', {href: `#${section}`, test: 'issue', click: () => filter?.()});
  const item = make('li', {}, link);
  item.parts = {link};
  return item;
}

function verdictOf(issues) {
  if (state.connection === 'lost') {
    return ['unknown', 'Not connected'];
  }
  const failing = issues.filter(([kind]) => kind === 'bad').length;
  if (failing > 0) {
    return ['bad', 'Needs attention'];
  }
  if (issues.length > 0) {
    return ['warn', 'Mostly well'];
  }
  const {rules, registries} = resources;
  if (rules.data === null || registries.data === null) {
    return ['unknown', 'One moment…'];
  }
  if (!rules.data.rules.some((rule) => rule.last !== null)) {
    return ['unknown', 'No result yet'];
  }
  return ['good', 'All well'];
}

function detailOfVerdict(issues) {
  if (state.connection === 'lost') {
    return `${sentence(state.reason || 'The connection broke')} Trying again; what is shown is from ${absolute(Date.parse(state.status.now))}.`;
  }
  const rules = resources.rules.data?.rules;
  if (!rules || issues.length > 0) {
    return '';
  }
  const never = rules.filter((rule) => rule.last === null).length;
  const ended = rules.length - never;
  const succeeded = rules.length === 0 ? 'The configuration has no rules.'
    : ended === 0 ? 'No rule has ended yet.'
    : ended === 1 ? 'The rule that has run succeeded the last time.' : `All ${count(ended)} rules that have run succeeded the last time.`;
  return `${succeeded}${never > 0 && ended > 0 ? ` ${count(never)} never ended.` : ''} Nothing is parked.`;
}

function drawConnection() {
  const words = {connecting: 'Connecting…', connected: 'Connected', lost: 'Reconnecting…'};
  setText(byId('connection'), words[state.connection]);
  setAttribute(byId('connection'), 'data-state', state.connection);
  setAttribute(byId('connection'), 'title', state.connection === 'lost' ? state.reason : null);
  setAttribute(document.body, 'data-connection', state.connection);
}

function drawVerdict() {
  const issues = findIssues();
  const [kind, title] = verdictOf(issues);
  const texts = issues.map(([, text]) => text);
  setAttribute(byId('verdict'), 'data-state', kind);
  setText(byId('verdict-title'), title);
  setChildren(byId('issues'), issues, ([, text]) => text.replace(/[\d,]+/, ''), makeIssue, (item, [issueKind, text]) => {
    setText(item.parts.link, capital(text));
    setAttribute(item, 'data-kind', issueKind);
  });
  setText(byId('verdict-detail'), detailOfVerdict(issues));
  const {problem} = state.status;
  setHidden(byId('problem'), !problem);
  setText(byId('problem'), problem ? sentence(problem) : '');
  const tab = texts.length > 0 && kind !== 'unknown' ? capital(texts.join(', ')) : title;
  setText(document.querySelector('title'), `${tab} · image-syncer`);
}

function drawFacts() {
  const {status} = state;
  setText(byId('version'), status.version);
  setText(byId('schedule'), capital(status.schedule || 'none'));
  setText(byId('skipped'), status.runs_skipped > 0 ? `${plural(status.runs_skipped, 'run')} skipped: one was on` : '');
  const {queued, copying, parked} = status.queue;
  setText(byId('queue-fact'), `${count(queued)} queued`);
  setText(byId('queue-more'), `${count(copying)} being copied, ${count(parked)} parked`);
  const {totals} = status;
  setText(byId('totals'), `${count(totals.copied)} copied, ${count(totals.failed)} failed`);
  setText(byId('moved'), `${bytes(totals.bytes_down)} down, ${bytes(totals.bytes_up)} up`);
  setText(byId('started'), `started ${relative(Date.parse(status.started), serverNow())}`);
  setAttribute(byId('started'), 'title', absoluteInFull(Date.parse(status.started)));
  setText(byId('footer'), `image-syncer ${status.version}, process ${status.pid}. Times are of this browser's time zone (${zone}).`);
}

// What goes on by itself from one status to the next.
function drawLiveFacts() {
  const {status} = state;
  const next = status.next_run && Date.parse(status.next_run);
  const left = next - serverNow();
  setText(byId('next-run'), next === null ? 'None planned' : left > 0 ? `in ${clock(left)}` : 'due');
  setText(byId('next-run-at'), next === null ? '' : absolute(next));
  setAttribute(byId('next-run-at'), 'title', next === null ? null : absoluteInFull(next));
  setText(byId('rate-down'), `↓ ${rate(rateOf('down'))}`);
  setText(byId('rate-up'), `↑ ${rate(rateOf('up'))}`);
}

function drawOverview() {
  drawConnection();
  if (state.status === null) {
    if (state.connection === 'lost') {
      setText(byId('verdict-title'), 'Not connected');
      setText(byId('verdict-detail'), `${sentence(state.reason || 'The daemon does not answer')} Trying again.`);
    }
    return;
  }
  drawVerdict();
  drawFacts();
  drawLiveFacts();
  drawQueueCounts();
  drawButtons();
}
