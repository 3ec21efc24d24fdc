import { ask, byID, element, onChange } from "./dom.js";

export function refreshKeys() {
  return onChange(async () => {
    const { keys } = await ask("keys");
    byID("no-keys").hidden = keys.length > 0;
    byID("key-list").replaceChildren(...keys.map(item));
  });
}

function item(key) {
  const bound = key.subaccount != null ? `subaccount ${key.subaccount}` : key.fcm_subtrader_id;
  return element("li", { class: key.deleted ? "key deleted" : "key" },
    element("div", {}, element("strong", {}, key.name), " ",
      key.deleted && element("span", { class: "status bad" }, "deleted")),
    element("code", {}, key.api_key_id),
    element("div", { class: "muted" },
      [key.key_type, `account ${key.account}`, bound, key.scopes.join(", ") || "no scopes"].filter(Boolean).join(" · ")));
}
