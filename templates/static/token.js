// Makes and revokes tokens through the REST API.

const form = document.getElementById('request-token-form');
const { api, xsrf } = form.dataset;
const problem = document.getElementById('token-error');
const area = document.getElementById('token-area');
const result = document.getElementById('token-result');
const copy = document.getElementById('token-copy');

async function call(method, path, body) {
  const response = await fetch(`${api}${path}?_xsrf=${encodeURIComponent(xsrf)}`, {
    method,
    headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (response.ok) return response.status === 204 ? undefined : response.json();
  const answer = await response.json().catch(() => ({}));
  throw new Error(answer.message ?? `${response.status} ${response.statusText}`);
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  problem.hidden = true;
  const data = new FormData(form);
  const request = { note: data.get('note') || 'Requested via token page' };
  const expires = data.get('expires_in');
  if (expires) request.expires_in = Number(expires);
  const scopes = data.get('scopes').trim();
  if (scopes) request.scopes = scopes.split(/\s+/);
  try {
    const made = await call('POST', '', request);
    result.textContent = made.token;
    area.hidden = false;
  } catch (error) {
    problem.textContent = error.message;
    problem.hidden = false;
  }
});

// The boxes write into the field, so that what is asked for is always seen.
const field = document.getElementById('token-scopes');
for (const box of document.querySelectorAll('[data-scope]')) {
  box.addEventListener('change', () => {
    const asked = field.value.split(/\s+/).filter((scope) => scope !== '' && scope !== box.value);
    if (box.checked) asked.push(box.value);
    field.value = asked.join(' ');
  });
}

copy.addEventListener('click', async () => {
  await navigator.clipboard.writeText(result.textContent);
  copy.textContent = copy.dataset.copied;
});

/** The last one takes its table along. */
function removeRow(row) {
  const table = row.closest('table');
  const none = table?.closest('section')?.querySelector('[data-none]');
  row.remove();
  if (!none || table.querySelector('.token-row')) return;
  table.hidden = true;
  none.hidden = false;
}

for (const button of document.querySelectorAll('.revoke-token-btn')) {
  button.addEventListener('click', async () => {
    const row = button.closest('.token-row');
    button.disabled = true;
    try {
      await call('DELETE', `/${row.dataset.tokenId}`);
      removeRow(row);
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
      button.disabled = false;
    }
  });
}
