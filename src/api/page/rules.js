// The rules, and what they came to.

const ruleList = new PagedList('rules', 25);
const ruleFilter = {text: '', state: ''};

onFilter('rules-text', (text) => setRuleFilter({text: text.toLowerCase()}));
byId('rules-state').addEventListener('change', () => setRuleFilter({state: byId('rules-state').value}));

function setRuleFilter(change) {
  Object.assign(ruleFilter, change);
  ruleList.page = 0;
  draw(drawRules);
}

function stateOfRule(rule) {
  if (rule.is_running) {
    return 'running';
  }
  return rule.last === null ? 'never' : rule.last.succeeded ? 'good' : 'failed';
}

function passesRuleFilter(rule) {
  const {text, state: wanted} = ruleFilter;
  const hasState = wanted === '' || wanted === stateOfRule(rule) || (wanted === 'failed' && hasFailed(rule));
  return hasState && (text === '' || rule.rule.toLowerCase().includes(text) ||
    rule.targets.some((target) => target.toLowerCase().includes(text)));
}

function hasFailed(rule) {
  return rule.last !== null && !rule.last.succeeded;
}

// A pushed image is no run: it keeps nobody from starting one.
function isRunOn() {
  return state.status?.running.some((run) => run.kind !== 'push') ?? false;
}

function reasonAgainstRun() {
  if (state.connection !== 'connected') {
    return 'The daemon is not connected';
  }
  return isRunOn() ? 'A run is on: the next can start when it has ended' : '';
}

function makeRule(rule) {
  const parts = {
    source: make('div', {class: 'ref source'}),
    targets: makeTargets(),
    badge: makeBadge('rule-result'),
    ended: makeTime(),
    cause: makeCause('rule-cause'),
    success: makeTime('rule-success'),
    button: make('button', {type: 'button', test: 'rule-sync'}, 'Sync now'),
  };
  makeAction(parts.button, 'Starting…', async () => {
    await call('runs', {rule: rule.rule});
    return `The run of ${rule.rule} has started.`;
  });
  const row = makeRow({test: 'rule-row', 'data-rule': rule.rule},
    ['', parts.source, parts.targets],
    ['Last result', make('div', {class: 'inline'}, parts.badge, ' ', parts.ended), parts.cause],
    ['Last success', parts.success],
    ['', parts.button]);
  row.cells[3].className = 'actions';
  row.parts = parts;
  return row;
}

function updateRule(row, rule) {
  const {parts} = row;
  const {last} = rule;
  const kind = stateOfRule(rule);
  setAttribute(row, 'data-state', kind);
  setText(parts.source, rule.rule);
  setTargets(parts.targets, rule.targets);
  const words = {running: 'Running', never: 'Never ended', good: 'Succeeded', failed: 'Failed'};
  setBadge(parts.badge, kind === 'failed' ? 'bad' : kind, words[kind]);
  setTime(parts.ended, kind === 'running' ? null : last?.ended, '');
  setCause(parts.cause, hasFailed(rule) ? last.failure_cause : '');
  setTime(parts.success, last?.last_success, 'never');
  setAttribute(parts.button, 'aria-label', `Sync now: ${rule.rule}`);
  setDisabled(parts.button, reasonAgainstRun());
}

function drawRules() {
  const all = resources.rules.data?.rules ?? [];
  const passing = all.filter(passesRuleFilter);
  setSection('rules', passing.length > 0,
    all.length === 0 ? 'The configuration has no rules.' : 'No rule passes the filter.');
  setChildren(byId('rules-rows'), ruleList.slice(passing), (rule) => rule.number + rule.rule, makeRule, updateRule);
  setText(byId('nav-rules'), all.length > 0 ? count(all.length) : '');
}

// The buttons that depend on what is running.
function drawButtons() {
  const reason = reasonAgainstRun();
  setDisabled(byId('sync-all'), reason);
  for (const row of byId('rules-rows').children) {
    setDisabled(row.parts.button, reason);
  }
}
