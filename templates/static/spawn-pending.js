// Follows the progress of a start over SSE; without JavaScript the page refreshes itself by <meta>.

const page = document.getElementById('pending');
const bar = document.getElementById('progress-bar');
const log = document.getElementById('progress-log');
const raw = document.getElementById('progress-raw');
const message = document.getElementById('progress-message');
const title = document.getElementById('pending-title');
const chip = document.getElementById('pending-chip');
const started = Date.now();
let last = '';
/** The step that says the place in the queue: it changes, so that the list stays short. */
let queueStep;

function clock() {
  const seconds = Math.floor((Date.now() - started) / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

function addStep(text) {
  if (text === last) return;
  last = text;
  const item = document.createElement('li');
  const time = document.createElement('time');
  time.textContent = clock();
  const words = document.createElement('span');
  words.textContent = text;
  item.append(time, words);
  log.append(item);
  return words;
}

function showQueued(update) {
  if (queueStep) queueStep.textContent = update.message;
  else queueStep = addStep(update.message);
  show('queued', chip.dataset.place.replace('{place}', update.queue_place));
}

/** A site's own message block may have taken the heading out. */
function show(state, more = '') {
  if (title) title.textContent = title.dataset[state];
  chip.className = `chip ${state}`;
  chip.textContent = `${chip.dataset[state]} ${more}`.trim();
}

function follow() {
  const source = new EventSource(page.dataset.progressUrl);
  source.addEventListener('message', (event) => {
    raw.textContent += `${event.data}\n`;
    const update = JSON.parse(event.data);
    if (typeof update.progress === 'number') bar.value = update.progress;
    if (update.message) {
      message.textContent = update.message;
      if (update.queue_place) showQueued(update);
      else {
        addStep(update.message);
        // "Server requested" comes before the queue, with a progress of 0
        if (update.progress > 0) show('starting');
      }
    }
    if (update.ready) {
      source.close();
      window.location.reload();
    } else if (update.failed) {
      source.close();
      window.location.reload();
    }
  });
  // The browser reconnects by itself; a hub that is back has news or says 400, then a reload shows the truth.
  source.addEventListener('error', () => {
    if (source.readyState === EventSource.CLOSED) window.setTimeout(() => window.location.reload(), 2000);
  });
}

if (page && bar && log && message && chip) follow();
