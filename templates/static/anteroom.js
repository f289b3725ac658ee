// What every page does with JavaScript; each page works without it.

const root = document.documentElement;
const THEMES = ['system', 'light', 'dark'];

/** The three-way theme switch, remembered per browser. */
function setUpTheme() {
  const select = document.getElementById('theme');
  if (!select) return;
  const saved = window.localStorage.getItem('anteroom-theme');
  if (THEMES.includes(saved)) select.value = saved;
  select.hidden = false;
  select.addEventListener('change', () => {
    window.localStorage.setItem('anteroom-theme', select.value);
    applyTheme(select.value);
  });
}

function applyTheme(theme) {
  if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
  else delete root.dataset.theme;
}

function setUpPasswordToggle() {
  const input = document.getElementById('password_input');
  const toggle = document.getElementById('password_toggle');
  if (!input || !toggle) return;
  toggle.hidden = false;
  toggle.addEventListener('click', () => {
    const shown = input.type === 'text';
    input.type = shown ? 'password' : 'text';
    toggle.textContent = shown ? toggle.dataset.show : toggle.dataset.hide;
    toggle.setAttribute('aria-pressed', String(!shown));
  });
}

/** A second click on a slow form does nothing. */
function guardForms() {
  for (const form of document.querySelectorAll('form[data-once]')) {
    form.addEventListener('submit', (event) => {
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = 'true';
    });
  }
}

/** Relative times with the exact one on hover. */
function setUpTimes() {
  const format = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: 'auto' });
  const units = [
    ['day', 86400],
    ['hour', 3600],
    ['minute', 60],
    ['second', 1],
  ];
  for (const element of document.querySelectorAll('time[datetime][data-relative]')) {
    const at = new Date(element.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const seconds = (at.getTime() - Date.now()) / 1000;
    const [unit, size] = units.find(([, each]) => Math.abs(seconds) >= each) ?? ['second', 1];
    element.textContent = format.format(Math.round(seconds / size), unit);
    element.title = at.toLocaleString();
  }
}

applyTheme(window.localStorage.getItem('anteroom-theme'));
setUpTheme();
setUpPasswordToggle();
guardForms();
setUpTimes();
// A script of the page has put something new in place.
document.addEventListener('anteroom:content', setUpTimes);
window._jupyterhub_page_loaded = true;
