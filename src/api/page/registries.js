// The registries and how they fare.

const registryList = new PagedList('registries', 25);
const kConditions = {
  unknown: ['never', 'Not asked yet'], reachable: ['good', 'Reachable'], failing: ['bad', 'Failing'],
  limited: ['warn', 'Limited'], 'circuit open': ['bad', 'Circuit open'], 'given up': ['bad', 'Given up'],
};

function makeRegistry(registry) {
  const parts = {
    badge: makeBadge('registry-condition'),
    until: make('span', {}),
    untilTime: makeTime(),
    cause: makeCause('registry-reason'),
    since: makeTime(),
    answer: makeTime(),
    status: make('span', {class: 'number'}),
    requests: make('span', {class: 'number', test: 'registry-requests'}),
    unanswered: make('span', {class: 'bad-text'}),
  };
  parts.until.append('ends ', parts.untilTime);
  const row = makeRow({test: 'registry-row', 'data-registry': registry.registry},
    ['', make('div', {class: 'ref source'}, registry.registry)],
    ['Condition', make('div', {class: 'inline'}, parts.badge, ' ', parts.until), parts.cause],
    ['Since', parts.since],
    ['Last answer', make('div', {class: 'inline'}, parts.status, ' ', parts.answer)],
    ['Requests', make('div', {class: 'inline'}, parts.requests, ' ', parts.unanswered)]);
  row.parts = parts;
  return row;
}

function updateRegistry(row, registry) {
  const {parts} = row;
  const [kind, word] = kConditions[registry.condition] ?? ['never', capital(registry.condition)];
  setAttribute(row, 'data-condition', registry.condition);
  setBadge(parts.badge, kind, word);
  setHidden(parts.until, !registry.until || Date.parse(registry.until) <= serverNow());
  setTime(parts.untilTime, registry.until);
  setCause(parts.cause, registry.reason);
  setTime(parts.since, registry.since);
  setText(parts.status, registry.last_answer && registry.last_status ? String(registry.last_status) : '');
  setTime(parts.answer, registry.last_answer, 'none');
  setText(parts.requests, count(registry.requests));
  setText(parts.unanswered, registry.unanswered > 0 ? `${count(registry.unanswered)} unanswered` : '');
}

function isInTrouble(registry) {
  return ['failing', 'circuit open', 'given up'].includes(registry.condition);
}

function drawRegistries() {
  const all = resources.registries.data?.registries ?? [];
  setSection('registries', all.length > 0, 'The configuration names no registry.');
  setChildren(byId('registries-rows'), registryList.slice(all), (registry) => registry.registry, makeRegistry, updateRegistry);
  setText(byId('nav-registries'), all.length > 0 ? count(all.length) : '');
}

// Their requests grow without a change of condition.
function refreshRegistries() {
  const {registries} = resources;
  const requests = state.status?.totals.requests;
  if (state.connection === 'connected' && requests !== registries.requestsSeen && performance.now() > registries.notBefore + 4000) {
    want('registries');
  }
}
