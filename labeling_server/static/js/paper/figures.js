// The Bokeh figures: embedded once, then only their data sources and ranges change.

/* global Bokeh */
import { getJson } from "../base/api.js";

/** @type {Map<string, any>} data source by name */
const sources = new Map();
let isEmbedded = false;
/** @type {Map<string, any>} plot by name */
const plots = new Map();

/** Puts the figures of `labeling_server.figures` into the elements of the same id. */
export async function embedFigures() {
  if (isEmbedded) return;
  Bokeh.set_log_level("warn");
  const items = await getJson("/api/figures");
  for (const [name, item] of Object.entries(items)) {
    const views = await Bokeh.embed.embed_item(item, name);
    const view = Array.isArray(views) ? views[0] : views.roots[0];
    const plot = view.model;
    view.el.inert = true; // the page itself hears keys and pointer: Tab has no business in a picture
    plots.set(name, plot);
    for (const renderer of plot.renderers) sources.set(renderer.data_source.name, renderer.data_source);
  }
  isEmbedded = true;
}

/** Whether there is something to paint on. */
export const hasFigures = () => isEmbedded;

/**
 * Fills a layer. Columns as the layer's glyph names them.
 * @param {string} name
 * @param {Object<string, ArrayLike<any>>} columns
 */
export function setLayer(name, columns) {
  const source = sources.get(name);
  const isEmpty = Object.values(columns)[0].length === 0;
  // an empty layer that stays empty costs nothing
  if (isEmpty && Object.values(source.data)[0].length === 0) return;
  source.data = columns;
}

/**
 * Size and ranges of a figure: heights are pixels from the top.
 * @param {string} name @param {number} width @param {number} height @param {number} from seconds @param {number} to seconds
 */
export function setFrame(name, width, height, from, to) {
  const plot = plots.get(name);
  if (plot.width !== width || plot.height !== height) plot.setv({ width, height });
  if (plot.y_range.start !== height) plot.y_range.setv({ start: height, end: 0 });
  if (plot.x_range.start !== from || plot.x_range.end !== to) plot.x_range.setv({ start: from, end: to });
}

/** A table that rows are pushed to and that becomes the columns of a layer. */
export class Rows {
  /** @param {...string} names */
  constructor(...names) {
    this.names = names;
    this.columns = Object.fromEntries(names.map((name) => [name, []]));
  }

  /** @param {...any} values one a column */
  push(...values) {
    this.names.forEach((name, i) => this.columns[name].push(values[i]));
  }
}

export const segmentRows = () => new Rows("x0", "y0", "x1", "y1", "color");
export const quadRows = () => new Rows("left", "right", "top", "bottom", "color");
export const textRows = () => new Rows("x", "y", "text", "color");
export const lineRows = () => new Rows("xs", "ys", "color");
export const pointRows = () => new Rows("x", "y", "color");
