// Building and updating the document. Text comes in by text nodes and attributes only, never as
// HTML: names are made by whoever pushes to a registry.

function byId(id) {
  return document.getElementById(id);
}

// `properties`: attributes; a function is a listener ("click"), `test` the hook for tests.
function make(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') {
      node.addEventListener(name, value);
    } else if (name === 'test' && value) {
      node.dataset.test = value;
    } else if (value !== undefined) {
      node.setAttribute(name, value);
    }
  }
  node.append(...children);
  return node;
}

// The setters leave what is right alone: a selection survives, and nothing is laid out again.
function setText(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

function setAttribute(node, name, value) {
  if (value === null || value === '') {
    node.removeAttribute(name);
  } else if (node.getAttribute(name) !== value) {
    node.setAttribute(name, value);
  }
}

function setHidden(node, hidden) {
  if (node.hidden !== hidden) {
    node.hidden = hidden;
  }
}

// Makes the children of `parent` those of `items`, by key. A node that stays is not moved, so that
// focus, selection and what was opened stay too.
function setChildren(parent, items, keyOf, create, update) {
  const old = parent.nodesByKey ?? new Map();
  const fresh = new Map();
  for (const item of items) {
    const key = keyOf(item);
    fresh.set(key, old.get(key) ?? create(item));
  }
  for (const [key, node] of old) {
    if (!fresh.has(key)) {
      node.remove();
    }
  }
  parent.nodesByKey = fresh;
  let place = parent.firstElementChild;
  for (const item of items) {
    const node = fresh.get(keyOf(item));
    if (node === place) {
      place = place.nextElementSibling;
    } else {
      parent.insertBefore(node, place);
    }
    update(node, item);
  }
}

// A time that is told relatively, and goes on by itself (`updateTimes`).
function makeTime(test) {
  return make('time', {test});
}

function setTime(node, iso, absent = '–') {
  if (!iso) {
    delete node.dataset.at;
    node.removeAttribute('datetime');
    node.removeAttribute('title');
    setText(node, absent);
    return;
  }
  if (node.dateTime !== iso) {
    const at = Date.parse(iso);
    node.dateTime = iso;
    node.dataset.at = at;
    node.title = absoluteInFull(at);
  }
  setText(node, relative(Number(node.dataset.at), serverNow()));
}

function updateTimes() {
  const now = serverNow();
  for (const node of document.querySelectorAll('time[data-at]')) {
    setText(node, relative(Number(node.dataset.at), now));
  }
}

// One row of a table; `cells` are [label, ...content], the label is for narrow screens, where each
// cell stands on a line of its own. The roles keep it a table there for those who listen to it.
function makeRow(properties, ...cells) {
  const row = make('tr', {role: 'row', ...properties});
  for (const [label, ...content] of cells) {
    row.append(make('td', label ? {role: 'cell', 'data-label': label} : {role: 'cell'}, ...content));
  }
  return row;
}

// A button that cannot be used now keeps the focus and can say why.
function setDisabled(button, reason) {
  button.reason = reason;
  if (!button.isBusy) {
    setAttribute(button, 'aria-disabled', reason ? 'true' : null);
    setAttribute(button, 'title', reason);
  }
}

// On a click: does `work`, which returns what to tell, and says how that went; `ask` may refuse.
function makeAction(button, pending, work, ask = () => true) {
  button.addEventListener('click', async () => {
    if (button.isBusy) {
      return;
    }
    if (button.reason) {
      toast(sentence(button.reason), 'note');
      return;
    }
    if (!await ask()) {
      return;
    }
    const text = button.textContent;
    button.isBusy = true;
    button.textContent = pending;
    button.setAttribute('aria-disabled', 'true');
    button.setAttribute('aria-busy', 'true');
    try {
      toast(await work(), 'good');
    } catch (error) {
      toast(sentence(error.message), 'bad');
    }
    button.isBusy = false;
    button.removeAttribute('aria-busy');
    setText(button, button.label ?? text);
    setDisabled(button, button.reason ?? '');
  });
}

// What went well goes away by itself, what did not has to be put away.
function toast(text, kind) {
  const close = make('button', {type: 'button', class: 'quiet', 'aria-label': 'Put this message away'}, '×');
  const node = make('div', {class: 'toast', test: 'toast', 'data-kind': kind}, make('span', {}, text), close);
  if (kind === 'bad') {
    node.setAttribute('role', 'alert');
  }
  close.addEventListener('click', () => node.remove());
  const toasts = byId('toasts');
  toasts.append(node);
  while (toasts.children.length > 4) {
    toasts.firstElementChild.remove();
  }
  if (kind !== 'bad') {
    setTimeout(() => node.remove(), 6000);
  }
}

// Everything that is to be drawn is drawn once before the next frame; a hidden page has none.
const drawings = new Set();

function draw(drawing) {
  if (drawings.size === 0) {
    requestAnimationFrame(drawAll);
  }
  drawings.add(drawing);
}

function drawAll() {
  const due = [...drawings];
  drawings.clear();
  for (const drawing of due) {
    try {
      drawing();
    } catch (error) {
      reportError(error);  // one section less is better than none
    }
  }
}
