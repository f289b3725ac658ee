/** The pages shown when nothing else is configured. No request data in them: nothing to escape. */
function page(title: string, text: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 15vh auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; }
</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p>${text}</p>
</main>
</body>
</html>
`;
}

const PAGES: ReadonlyMap<number, string> = new Map([
  [
    404,
    page('404: Not found', 'Nothing is served at this address. Check it, or start again from the home page.'),
  ],
  [
    503,
    page(
      '503: Service unavailable',
      'The server behind this address does not answer. It may be starting, or it may have stopped: try again in a moment.',
    ),
  ],
]);

const OTHER = page('Something went wrong', 'The request could not be passed on. Try again in a moment.');

export function packagedPage(status: number): string {
  return PAGES.get(status) ?? OTHER;
}
