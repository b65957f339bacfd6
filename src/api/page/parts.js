// What several sections are made of.

const kResults = ['copied', 'equal', 'filtered', 'failed', 'deferred'];

// A word with a sign before it (page.css), so that colour is never all that tells.
function makeBadge(test) {
  return make('span', {class: 'badge', test});
}

function setBadge(badge, kind, text) {
  setAttribute(badge, 'data-kind', kind);
  setText(badge, text);
}

// A text of at most three lines, which can be opened when that is not all of it.
const causesSeen = new ResizeObserver((entries) => {
  for (const {target} of entries) {
    const {parentElement: cause, scrollHeight, clientHeight} = target;
    if (!cause.classList.contains('open')) {
      setHidden(cause.parts.more, scrollHeight <= clientHeight + 1);
    }
  }
});

function makeCause(test) {
  const text = make('span', {class: 'cause-text', test});
  const more = make('button', {type: 'button', class: 'link', 'aria-expanded': 'false', hidden: ''}, 'Show all');
  const cause = make('div', {class: 'cause'}, text, more);
  more.addEventListener('click', () => {
    const isOpen = cause.classList.toggle('open');
    more.setAttribute('aria-expanded', String(isOpen));
    more.textContent = isOpen ? 'Show less' : 'Show all';
  });
  cause.parts = {text, more};
  return cause;
}

function setCause(cause, text) {
  const shown = text ?? '';
  setHidden(cause, shown === '');
  if (cause.shown !== shown) {
    cause.shown = shown;
    setText(cause.parts.text, shown);
    // Observed anew, because another text can be as high.
    causesSeen.unobserve(cause.parts.text);
    causesSeen.observe(cause.parts.text);
  }
}

// References, one a line; those beyond the first few can be opened.
function makeTargets() {
  return make('div', {class: 'targets'});
}

function setTargets(node, targets) {
  const key = targets.join('\n');
  if (node.shown === key) {
    return;
  }
  node.shown = key;
  const kFew = 3;
  const lineOf = (target) => make('div', {class: 'ref target'}, target);
  const few = targets.length <= kFew + 1 ? targets : targets.slice(0, kFew);
  const rest = targets.slice(few.length);
  node.replaceChildren(...few.map(lineOf));
  if (rest.length > 0) {
    node.append(make('details', {}, make('summary', {}, `${count(rest.length)} more targets`), ...rest.map(lineOf)));
  }
}

function makeBar() {
  const fill = make('div', {class: 'fill'});
  const bar = make('div', {class: 'meter', role: 'progressbar', 'aria-valuemin': '0', 'aria-valuemax': '100'}, fill);
  bar.parts = {fill};
  return bar;
}

function setBar(bar, done, total, label, text) {
  const percent = total > 0 ? Math.min(100, 100 * done / total) : 0;
  bar.parts.fill.style.width = `${percent.toFixed(1)}%`;
  setAttribute(bar, 'aria-valuenow', String(Math.floor(percent)));
  setAttribute(bar, 'aria-label', label);
  setAttribute(bar, 'aria-valuetext', text);
}

// How many images came to what; only what there is.
function makeResults(test) {
  return make('span', {class: 'results', test});
}

function setResults(node, images) {
  const some = kResults.filter((result) => images[result] > 0);
  setChildren(node, some, (result) => result,
    (result) => make('span', {class: 'result', 'data-result': result}),
    (part, result) => setText(part, `${count(images[result])} ${result}`));
  node.classList.toggle('none', some.length === 0);
}

// "↓" means little to those who listen.
function makeArrow(sign, word) {
  return make('span', {}, make('span', {'aria-hidden': 'true'}, sign + ' '), make('span', {class: 'vh'}, word + ' '));
}

function makeBytes(sign, word) {
  const text = make('span', {});
  const node = make('span', {class: 'number'}, makeArrow(sign, word), text);
  node.parts = {text};
  return node;
}

// The buttons below a table. `move(step)` is called with -1 or 1.
function makePager(name, move) {
  const text = make('span', {class: 'muted', test: `${name}-page`});
  const buttons = [[-1, 'Previous', 'previous'], [1, 'Next', 'next']].map(([step, word, hook]) =>
    make('button', {type: 'button', test: `${name}-${hook}`, click() {
      if (!this.reason) {
        move(step);
      }
    }}, word));
  const pager = byId(`${name}-pager`);
  pager.setAttribute('role', 'group');
  pager.setAttribute('aria-label', 'Pages');
  pager.append(buttons[0], text, buttons[1]);
  pager.parts = {text, previous: buttons[0], next: buttons[1]};
  return pager;
}

// `total`: as text, "" = not known.
function setPager(pager, from, shown, total, hasMore) {
  const isOnePage = from === 0 && !hasMore;
  setHidden(pager, isOnePage);
  const of = total && ` of ${total}`;
  setText(pager.parts.text, `${count(from + (shown > 0 ? 1 : 0))}–${count(from + shown)}${of}`);
  setDisabled(pager.parts.previous, from > 0 ? '' : 'This is the first page');
  setDisabled(pager.parts.next, hasMore ? '' : 'This is the last page');
}

// A table whose rows are all here and are shown a page at a time. A `limit` is how many of them the
// API is asked for: it grows when somebody turns to a page beyond.
class PagedList {
  constructor(name, size, limit = 0) {
    this.name = name;
    this.size = size;
    this.limit = limit;
    this.page = 0;
    this.pager = makePager(name, (step) => this.turn(step));
  }

  turn(step) {
    this.page = Math.max(0, this.page + step);
    const needed = (this.page + 2) * this.size;
    if (this.limit > 0 && needed > this.limit) {
      this.limit = Math.min(500, this.limit + 100);
      want(this.name, true);
    }
    draw(resources[this.name].draw);
  }

  // The items of the page, which is the last one when the page is beyond.
  slice(items) {
    this.page = Math.max(0, Math.min(this.page, Math.ceil(items.length / this.size) - 1));
    const from = this.page * this.size;
    const shown = items.slice(from, from + this.size);
    const isAll = this.limit === 0 || items.length < this.limit || this.limit === 500;
    setPager(this.pager, from, shown.length, count(items.length) + (isAll ? '' : '+'), from + shown.length < items.length);
    return shown;
  }
}

// What stands in a section where no table does, and what could not be read.
function setSection(name, hasRows, emptyText) {
  const {error, data} = resources[name];
  setText(byId(`${name}-error`), error && `Not up to date: ${error}`);
  setHidden(byId(`${name}-error`), error === '');
  setText(byId(`${name}-empty`), data === null ? (error ? '' : 'Loading…') : emptyText);
  setHidden(byId(`${name}-empty`), hasRows || (data === null && error !== ''));
  setHidden(byId(`${name}-table`), !hasRows);
}

function onFilter(id, change) {
  let timer = 0;
  byId(id).addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(() => change(byId(id).value.trim()), 200);
  });
}
