// Reading blind: what machines propose or found is not shown on this page, what people said stays. It is the reader's
// choice, said in the status line and in every edit's history; what may be seen at all is the server's to say.

import { state } from "../base/state.js";

/** Of a machine's span these are a person's word on it; a rejected one would still tell where the machine saw something. */
const PERSONS = ["confirmed", "corrected", "ambiguous"];

/** @param {string} status */
export const isPersonsStatus = (status) => PERSONS.includes(status);

/** Whether a span or an event is not shown. @param {import("../base/state.js").Row} row */
export const isHidden = (row) => state.blinded && row.author_kind !== "human" && !isPersonsStatus(row.status);

/** Whether a beat is not shown: a letter would say what the machine took it for, a tick that it is there. @param {import("../base/state.js").Beat} beat */
export const isBeatHidden = (beat) => state.blinded && !beat.touched;
