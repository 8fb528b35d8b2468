// The only place that talks to the server.

import { reader, say } from "./config.js";

/** A refusal: `status` 0 means that no answer came at all. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} message rule, value and limit
   * @param {any} body
   */
  constructor(status, message, body = null) {
    super(message);
    this.status = status;
    this.body = body;
  }

  /** Whether the same request may succeed later, unchanged. */
  get mayRetry() {
    return this.status === 0 || this.status === 401 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

const TIMEOUT_MS = 15000;

/**
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<Response>}
 */
async function answer(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", signal: AbortSignal.timeout(TIMEOUT_MS), ...options });
  } catch {
    throw new ApiError(0, say("save.offline"));
  }
  if (response.ok) return response;
  const body = await response.json().catch(() => null);
  throw new ApiError(response.status, reasonOf(response.status, body), body);
}

function reasonOf(status, body) {
  if (status === 401) return say("error.session");
  if (typeof body?.message === "string") return body.message;
  if (typeof body?.detail === "string") return body.detail;
  if (Array.isArray(body?.detail)) return body.detail.map((item) => `${item.loc?.slice(1).join(".")}: ${item.msg}`).join("; ");
  return say("error.unknown", { status });
}

/** @param {string} path @param {Object<string, any>} [query] */
export async function getJson(path, query = {}) {
  return (await answer(withQuery(path, query))).json();
}

/**
 * A list that may be longer than a page: goes on behind each page's end until there is no more.
 * @param {string} path @param {Object<string, any>} [query] @returns {Promise<any[]>}
 */
export async function getList(path, query = {}) {
  const entries = [];
  for (let address = withQuery(path, query); address; ) {
    const page = await answer(address);
    entries.push(...(await page.json()));
    address = page.headers.get("Link")?.match(/^<([^>]+)>; rel="next"$/)?.[1];
  }
  return entries;
}

/** @param {string} path @param {Object<string, any>} [query] */
export async function getBinary(path, query = {}) {
  return (await answer(withQuery(path, query))).arrayBuffer();
}

/**
 * @param {"POST" | "PUT" | "PATCH" | "DELETE"} method
 * @param {string} path
 * @param {any} body
 * @param {number | null} [revision] the one that the reader saw
 */
export async function send(method, path, body, revision = null) {
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": reader.csrf };
  if (revision !== null) headers["If-Match"] = `"${revision}"`;
  return (await answer(path, { method, headers, body: JSON.stringify(body) })).json();
}

function withQuery(path, query) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  return given.length ? `${path}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}` : path;
}
