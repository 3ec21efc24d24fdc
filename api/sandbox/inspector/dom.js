// The only way in which this page makes elements. Text becomes text nodes and never HTML, which
// the page's Content-Security-Policy enforces as well.

export const byID = (id) => document.getElementById(id);

// element returns an element with attributes and children. Children are elements and texts;
// null, false and undefined are left out.
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(attribute, "");
    else if (value !== false && value != null) made.setAttribute(attribute, value);
  }
  made.append(...children.flat().filter((child) => child != null && child !== false));
  return made;
}

export function button(text, act, attributes = {}) {
  const made = element("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", act);
  return made;
}

// problem shows what went wrong until something goes right.
export function problem(text) {
  const place = byID("problem");
  place.textContent = text ?? "";
  place.hidden = !text;
}

// ask talks to the sandbox's control surface and returns the JSON of its answer.
export async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error("The sandbox does not answer. See whether it still runs.");
  }
  const body = response.status === 204 ? null : await response.json().catch(() => null);
  if (!response.ok) throw new Error(`The sandbox refused: ${body?.msg ?? response.status}`);
  return body;
}

// inTurn runs what asks the sandbox one after the other, so that an answer that was asked for
// earlier never hides a later one.
let turn = Promise.resolve();
export function inTurn(act) {
  turn = turn.then(() => attempt(act));
  return turn;
}

// attempt runs what may fail and shows the problem if it does.
async function attempt(act) {
  try {
    await act();
    problem(null);
  } catch (error) {
    problem(error.message);
  }
}
