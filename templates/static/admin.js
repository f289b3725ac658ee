// The tables of administrators: states stay live, questions are asked in a dialog, what failed is said beside its row.
// The hub renders every part; this only puts it in place. The page works without.

const PART = 'x-anteroom-part';
const IDLE_MS = 5000;
const BUSY_MS = 1500;
/** After a failure, at most this long between two attempts. */
const MAX_WAIT_MS = 60_000;

const form = document.getElementById('admin-form');
const rows = document.getElementById('rows');
const outcome = document.getElementById('outcome');
const dialog = document.getElementById('ask');
const problems = new Map();
/** Rows as the hub sent them, by key: what the page did to them since is no news. */
let sent = new Map();
let timer;
let failures = 0;

function parse(html) {
  const template = document.createElement('template');
  template.innerHTML = html;
  return template.content;
}

async function ask(url, init = {}) {
  const response = await fetch(url, { ...init, headers: { [PART]: '1', Accept: 'text/html' } });
  const part = response.headers.get(PART);
  if (part) return { part, content: parse(await response.text()) };
  if (response.redirected) throw new Error(outcome.dataset.lost);
  const answer = new DOMParser().parseFromString(await response.text(), 'text/html');
  const words = answer.querySelector('#main .message, #main .card p, #main h1');
  throw new Error(words?.textContent.trim() || `${response.status} ${response.statusText}`);
}

// Live rows

function keyed(parent) {
  return new Map([...parent.querySelectorAll('tr[data-key]')].map((row) => [row.dataset.key, row]));
}

function textsOf(found) {
  return new Map([...found].map(([key, row]) => [key, row.outerHTML]));
}

/** What had the focus, so that it has it again after its row was replaced. */
function focusIn(row) {
  const active = document.activeElement;
  if (!row.contains(active)) return undefined;
  const same = [...row.querySelectorAll('a, button, input')];
  return { key: row.dataset.key, text: active.textContent, at: same.indexOf(active) };
}

function restoreFocus(row, focus) {
  const candidates = [...row.querySelectorAll('a, button, input')];
  const target =
    candidates.find((each) => each.textContent === focus.text) ?? candidates[focus.at] ?? candidates.at(-1);
  target?.focus();
}

function putRows(content) {
  const incoming = keyed(content);
  const texts = textsOf(incoming);
  const current = keyed(rows);
  const sameUsers = [...incoming.keys()].join('\n') === [...current.keys()].join('\n');
  for (const [key, row] of current) {
    const fresh = incoming.get(key);
    if (!fresh || (sameUsers && texts.get(key) === sent.get(key))) continue;
    const focus = focusIn(row);
    const box = fresh.querySelector('input[name=user]');
    if (box) box.checked = row.querySelector('input[name=user]')?.checked ?? false;
    if (sameUsers) row.replaceWith(fresh);
    if (focus) queueMicrotask(() => restoreFocus(fresh, focus));
  }
  if (!sameUsers) rows.replaceChildren(...incoming.values());
  sent = texts;
  putCount(content);
  showProblems();
  countMarked();
  document.dispatchEvent(new Event('anteroom:content'));
  form.toggleAttribute('data-busy', rows.querySelector('.chip.starting, .chip.stopping') !== null);
}

/** The table of users has a count above it and a word for nobody in its place; the servers of one user have neither. */
function putCount(content) {
  const count = content.querySelector('template[data-count]');
  if (count) document.getElementById('count').textContent = count.content.textContent;
  const none = document.getElementById('none');
  if (!none) return;
  none.hidden = rows.rows.length > 0;
  rows.closest('table').hidden = !none.hidden;
}

async function refresh() {
  window.clearTimeout(timer);
  try {
    const { part, content } = await ask(form.dataset.live);
    if (part === 'rows') putRows(content);
    if (failures > 0) say('');
    failures = 0;
  } catch (error) {
    failures += 1;
    say(error instanceof TypeError ? outcome.dataset.offline : error.message);
    if (error.message === outcome.dataset.lost) return;
  }
  schedule();
}

function schedule() {
  window.clearTimeout(timer);
  if (document.hidden) return;
  const wait = form.hasAttribute('data-busy') ? BUSY_MS : IDLE_MS;
  timer = window.setTimeout(refresh, Math.min(wait * 2 ** failures, MAX_WAIT_MS));
}

// Marks

function boxes() {
  return [...document.querySelectorAll('#rows input[name=user]')];
}

function countMarked() {
  const marked = document.getElementById('marked');
  if (!marked) return;
  const all = boxes();
  const count = all.filter((box) => box.checked).length;
  for (const box of all) box.closest('tr').classList.toggle('marked', box.checked);
  marked.textContent = count > 0 ? marked.dataset.text.replace('{count}', count) : '';
  for (const button of document.querySelectorAll('[data-bulk]')) button.disabled = count === 0;
  const whole = document.querySelector('#mark-all input');
  whole.checked = count > 0 && count === all.length;
  whole.indeterminate = count > 0 && count < all.length;
}

function setUpMarks() {
  const whole = document.getElementById('mark-all');
  if (!whole) return;
  whole.hidden = false;
  whole.querySelector('input').addEventListener('change', (event) => {
    for (const box of boxes()) box.checked = event.target.checked;
    countMarked();
  });
  rows.addEventListener('change', countMarked);
  countMarked();
}

// Actions

function say(text) {
  outcome.replaceChildren();
  if (text) {
    const line = document.createElement('p');
    line.className = 'message';
    line.textContent = text;
    outcome.append(line);
  }
}

/** Beside each row what could not be done with it, until the next action. */
function showProblems() {
  for (const old of rows.querySelectorAll('.problem[data-said]')) old.remove();
  for (const [target, text] of problems) {
    const place = [...rows.querySelectorAll('[data-target]')].findLast(
      (each) => each.dataset.target === target,
    );
    if (!place) continue;
    const line = document.createElement('p');
    line.className = 'problem';
    line.dataset.said = '';
    line.textContent = text;
    (place.matches('tr') ? place.querySelector('th, td:not(.mark)') : place).append(line);
  }
}

function question(content) {
  dialog.replaceChildren(content);
  dialog.querySelector('[data-cancel]').addEventListener('click', (event) => {
    event.preventDefault();
    dialog.close();
  });
  dialog.querySelector('form').addEventListener('submit', act);
  dialog.showModal();
  // Nothing is lost by an accidental Enter.
  dialog.querySelector('[data-cancel]').focus();
}

async function act(event) {
  event.preventDefault();
  const { submitter, currentTarget: source } = event;
  const body = new URLSearchParams(new FormData(source, submitter));
  const pressed = submitter ?? source;
  if (pressed.getAttribute('aria-disabled') === 'true') return;
  pressed.setAttribute('aria-disabled', 'true');
  pressed.setAttribute('aria-busy', 'true');
  problems.clear();
  showProblems();
  say('');
  // A start is seen while the hub still waits for it.
  const soon = window.setTimeout(refresh, 300);
  try {
    const { part, content } = await ask(source.action, { method: 'POST', body });
    if (part === 'confirm') question(content);
    else {
      if (dialog.open) dialog.close();
      outcome.replaceChildren(content);
      for (const line of outcome.querySelectorAll('li[data-target]')) {
        problems.set(line.dataset.target, line.querySelector('span').textContent);
      }
      showProblems();
      // The page of whom there is no more.
      const next = new URL(body.get('next'), window.location);
      if (problems.size === 0 && next.pathname !== window.location.pathname)
        return window.location.assign(next);
      if (source.closest('dialog')) outcome.focus();
    }
  } catch (error) {
    if (dialog.open) dialog.close();
    say(error instanceof TypeError ? outcome.dataset.offline : error.message);
  } finally {
    window.clearTimeout(soon);
    pressed.removeAttribute('aria-disabled');
    pressed.removeAttribute('aria-busy');
  }
  return refresh();
}

if (form && rows) {
  sent = textsOf(keyed(rows));
  setUpMarks();
  dialog.addEventListener('close', () => dialog.replaceChildren());
  form.addEventListener('submit', act);
  for (const other of document.querySelectorAll('form[data-live-form]'))
    other.addEventListener('submit', act);
  document.addEventListener('visibilitychange', () =>
    document.hidden ? window.clearTimeout(timer) : refresh(),
  );
  schedule();
}
