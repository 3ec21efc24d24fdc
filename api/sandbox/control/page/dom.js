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

// problem shows what went wrong, and who saw it go wrong: the user, by a click, or the page, by
// reading again.
function problem(text, seenBy) {
  const place = byID("problem");
  place.textContent = text;
  place.dataset.seenBy = seenBy;
  place.hidden = false;
}

// hideProblem hides what was shown. What the page reads by itself must not hide the result of the
// user's click: there would be no time to read it.
function hideProblem(seenBy) {
  const place = byID("problem");
  if (seenBy === "page" && place.dataset.seenBy === "user") return;
  place.textContent = "";
  place.hidden = true;
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

// onClick and onChange run what asks the sandbox, for the user and for the page. All of it runs
// one after the other, so that an answer that was asked for earlier never hides a later one.
export const onClick = (act) => inTurn(act, "user");
export const onChange = (act) => inTurn(act, "page");

let turn = Promise.resolve();
function inTurn(act, actor) {
  turn = turn.then(() => attempt(act, actor));
  return turn;
}

// attempt runs what may fail and shows the problem if it does.
async function attempt(act, actor) {
  try {
    await act();
    hideProblem(actor);
  } catch (error) {
    problem(error.message, actor);
  }
}
