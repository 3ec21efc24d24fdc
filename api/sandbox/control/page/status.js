export function statusText(exchange) {
  return exchange.status === 0 ? "none" : String(exchange.status);
}

export function statusClass({ status }) {
  if (status >= 200 && status < 300) return "good";
  return status >= 300 && status < 500 ? "poor" : "bad";
}
