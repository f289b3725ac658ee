/** A table of samples as CSV and as a picture, and whether a column of it is flat. */

/** @param samples objects with the same members, one a second */
export function csv(samples) {
  const names = Object.keys(samples[0]);
  return `${[names, ...samples.map((sample) => names.map((name) => sample[name]))].map((row) => row.join(',')).join('\n')}\n`;
}

/**
 * Compares the first and the last third of what follows the settling, each by its lowest tenth: for a heap what it
 * holds once it has been swept.
 * @returns both numbers, and whether the last is no more than `factor` times the first and `slack`
 */
export function flatness(values, settled, factor, slack) {
  const rest = values.slice(settled);
  const third = Math.max(1, Math.floor(rest.length / 3));
  const [first, last] = [trough(rest.slice(0, third)), trough(rest.slice(-third))];
  return { first, last, flat: last <= first * factor + slack };
}

function trough(values) {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 10)];
}

const WIDTH = 900;
const HEIGHT = 150;
const LEFT = 60;
const COLOURS = ['#2563eb', '#d97706', '#059669', '#7c3aed', '#dc2626'];

/**
 * One strip a group of columns, each with its own scale from zero.
 * @param groups title → names of columns
 */
export function svg(samples, groups, title) {
  const strips = Object.entries(groups).map(([name, columns], index) =>
    strip(samples, name, columns, 40 + index * (HEIGHT + 40)),
  );
  const height = 50 + strips.length * (HEIGHT + 40);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH + LEFT + 20} ${height}" font-family="sans-serif" font-size="12">
<title>${title}</title>
<rect width="100%" height="100%" fill="white"/>
<text x="${LEFT}" y="20" font-size="14">${title}</text>
${strips.join('\n')}
</svg>
`;
}

function strip(samples, name, columns, top) {
  const most = Math.max(1, ...samples.flatMap((sample) => columns.map((column) => sample[column])));
  const seconds = samples.at(-1).second;
  const lines = columns.map((column, index) => {
    const points = samples.map((sample) => {
      const x = LEFT + (sample.second / seconds) * WIDTH;
      const y = top + HEIGHT - (sample[column] / most) * HEIGHT;
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    });
    const colour = COLOURS[index % COLOURS.length];
    return `<polyline fill="none" stroke="${colour}" points="${points.join(' ')}"/>
<text x="${LEFT + 150 + index * 130}" y="${top - 6}" fill="${colour}">${column}</text>`;
  });
  return `<text x="${LEFT}" y="${top - 6}">${name}</text>
<rect x="${LEFT}" y="${top}" width="${WIDTH}" height="${HEIGHT}" fill="none" stroke="#ccc"/>
<text x="${LEFT - 6}" y="${top + 10}" text-anchor="end">${Math.round(most)}</text>
<text x="${LEFT - 6}" y="${top + HEIGHT}" text-anchor="end">0</text>
<text x="${LEFT + WIDTH}" y="${top + HEIGHT + 14}" text-anchor="end">${seconds} s</text>
${lines.join('\n')}`;
}
