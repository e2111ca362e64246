import { type Html, html } from '../html.js';

/** A line without axes, for the figures on the first screen, which state its values. */
export function sparkline(values: readonly number[]): Html {
  const [width, height, edge] = [120, 28, 3];
  const least = Math.min(...values);
  const span = Math.max(...values) - least;
  const points = values.map((value, index) => {
    const x = edge + (index / Math.max(1, values.length - 1)) * (width - 2 * edge);
    // Without changes, the line is in the middle.
    const y = height - edge - (span === 0 ? 0.5 : (value - least) / span) * (height - 2 * edge);
    return [x.toFixed(1), y.toFixed(1)] as const;
  });
  const [endX, endY] = points.at(-1) ?? ['0', '0'];
  return html`<svg class="spark" viewBox="0 0 ${width} ${height}" aria-hidden="true"><polyline points="${points.map((point) => point.join(',')).join(' ')}"/><circle cx="${endX}" cy="${endY}" r="2.5"/></svg>`;
}

/** A bar from 0 to 100% with a mark at the threshold. */
export function meter(percent: number, threshold: number): Html {
  const width = 120;
  const x = (of: number) => ((Math.min(100, of) / 100) * width).toFixed(1);
  return html`<svg class="meter" viewBox="0 0 ${width} 28" aria-hidden="true"><rect class="track" x="0" y="9" width="${width}" height="10"/><rect class="bar" x="0" y="9" width="${x(percent)}" height="10"/><line x1="${x(threshold)}" x2="${x(threshold)}" y1="3" y2="25"/></svg>`;
}
