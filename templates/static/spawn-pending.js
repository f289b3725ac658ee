// Follows the progress of a start over SSE; without JavaScript the page refreshes itself by <meta>.

const page = document.getElementById('pending');
const bar = document.getElementById('progress-bar');
const log = document.getElementById('progress-log');
const raw = document.getElementById('progress-raw');
const message = document.getElementById('progress-message');
const started = Date.now();
let last = '';

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
}

function follow() {
  const source = new EventSource(page.dataset.progressUrl);
  source.addEventListener('message', (event) => {
    raw.textContent += `${event.data}\n`;
    const update = JSON.parse(event.data);
    if (typeof update.progress === 'number') bar.value = update.progress;
    if (update.message) {
      message.textContent = update.message;
      addStep(update.message);
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

if (page && bar && log && message) follow();
