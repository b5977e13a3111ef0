// Shows what /stream sends. Everything from a bot is placed as text, never as mark-up.
"use strict";

const $ = (id) => document.getElementById(id);
const bots = new Map();
const drawn = new Map();
let names = [];
let full = null;
let source = null;
let heard = Date.now();

function make(name, classes, ...children) {
  const node = document.createElement(name);
  if (classes) node.className = classes;
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return node;
}

// The name of the bot that is shown in full; empty for all of them.
function wanted() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
}

function tone(text, loses) {
  return text === "unknown" ? "odd" : loses ? "loss" : "gain";
}

// Draws a part anew only when what it shows has changed, so that a selection or a scrolled table stays.
function draw(parent, key, data, build) {
  const text = JSON.stringify(data);
  const known = drawn.get(key);
  if (known && known.text === text && known.node.parentNode === parent) return known.node;
  const node = build(data);
  if (known && known.node.parentNode === parent) known.node.replaceWith(node);
  else parent.append(node);
  drawn.set(key, { text, node });
  return node;
}

function badge(bot) {
  return make("span", `badge ${bot.life}`, bot.life);
}

function netLine(bot) {
  if (!bot.money) return make("p", "dim", "no figures yet");
  const net = make("p", `net ${bot.money.current ? tone(bot.money.net, bot.money.loses) : "odd"}`, bot.money.net);
  if (!bot.money.current && bot.money.net !== "unknown") net.append(make("small", "", " at old prices"));
  return net;
}

function priceLine(bot) {
  const line = make("p", "prices");
  for (const price of bot.prices || []) {
    const age = price.stale ? ` stale${price.age ? `, ${price.age} old` : ""}` : price.age ? ` ${price.age} ago` : "";
    line.append(make("span", price.stale ? "odd" : "", make("b", "", price.symbol), ` ${price.price}`, make("small", "", age)));
  }
  return line;
}

function concernList(bot) {
  const list = make("ul", "notes");
  for (const concern of bot.concerns) list.append(make("li", "note bad", concern.text, concern.at ? make("small", "", ` since ${concern.at}`) : null));
  return list;
}

function card(bot) {
  const node = make("a", `card${bot.needs ? " needs" : ""}`);
  node.href = `#${encodeURIComponent(bot.name)}`;
  node.append(
    make("div", "head", make("h2", "", bot.name), bot.paper ? make("span", "badge paper", "paper") : null, badge(bot)),
    make("p", "dim", [bot.grid, bot.age ? `last word ${bot.age} ago` : ""].filter(Boolean).join(" · ")),
    make("div", "figures", netLine(bot), drawSpark(bot.spark)),
    make("p", "dim", [bot.change ? `today ${bot.change}` : "", standing(bot)].filter(Boolean).join(" · ")),
  );
  if (bot.held) node.append(make("p", "", `holds ${bot.held}`));
  node.append(priceLine(bot), concernList(bot));
  return node;
}

function table(classes, heads, rows) {
  const cell = (name) => ([text, more]) => {
    const node = make(name, more || "", text);
    return node;
  };
  const head = make("tr", "", ...heads.map(cell("th")));
  const body = rows.map(({ classes: rowClasses, cells }) => make("tr", rowClasses || "", ...cells.map(cell("td"))));
  return make("div", "scroll", make("table", classes, make("thead", "", head), make("tbody", "", ...body)));
}

// A cell of the class "all" takes what its row has left.
function spanRest(node, columns) {
  for (const cell of node.querySelectorAll("td.all")) cell.colSpan = columns - cell.cellIndex;
}

function block(title, ...children) {
  return make("section", "block", make("h3", "", title), ...children);
}

function moneyBlock(bot) {
  const parts = make("dl", "parts");
  const money = bot.money;
  const rows = money ? [["realised", money.realised], ["open", money.open], ["charges", money.charges]] : [];
  if (money && money.squared) rows.push(["squared off by the broker, about", money.squared]);
  if (bot.change) rows.push(["today", bot.change]);
  for (const [name, value] of rows) parts.append(make("div", "", make("dt", "", name), make("dd", "", value)));
  const node = block("Net", netLine(bot), parts, priceLine(bot));
  if (bot.losing) node.append(make("p", "note bad", bot.losing));
  return node;
}

function curveBlock({ curve, booked }) {
  if (curve.length + booked.length === 0) return block("The day", make("p", "dim", "Nothing to draw yet."));
  const legend = make("p", "dim legend", make("span", "key", "net"), booked.length ? make("span", "key trips", "finished round trips, summed") : null);
  return block("The day", drawCurve(curve, booked), legend);
}

// The market's own row stands between the levels where TokenA trades.
function ladderBlock(bot) {
  const rows = [];
  let shown = bot.last_a === null || bot.last_a === undefined;
  const market = () => rows.push({ classes: "market", cells: [["▶"], [bot.last_a.toFixed(2), "num"], [`${bot.prices[0].symbol} now`, "all"]] });
  for (const level of bot.levels) {
    if (!shown && level.at <= bot.last_a) { market(); shown = true; }
    const open = level.open ? String(level.open) : "";
    const cells = [[level.name, level.side === "BUY" ? "buy" : "sell"], [level.entry, "num"], [level.paused ? "paused" : level.state, level.paused ? "odd" : ""], [level.target, "num wide"], [open, "num"]];
    if (bot.hedged) cells.push([level.hedge, "num"], [level.hedge_state, "wide"]);
    rows.push({ classes: `${level.open ? "open" : ""} ${level.state}`.trim(), cells });
    if (level.note) rows.push({ classes: "why", cells: [[""], [level.note, "odd all"]] });
  }
  if (!shown) market();
  const heads = [["level"], ["entry", "num"], ["state"], ["target", "num wide"], ["open", "num"]];
  if (bot.hedged) heads.push(["hedge at", "num"], ["hedge", "wide"]);
  const node = block("Ladder", make("p", "dim", bot.counts.join(" · ")), table("ladder", heads, rows));
  spanRest(node, heads.length);
  return node;
}

function ordersBlock(bot) {
  const heads = [["level"], ["order"], ["side"], ["shares", "num"], ["limit", "num"], ["trigger", "num wide"], ["account", "wide"], ["placed", "wide"], ["number", "wide"]];
  const rows = bot.orders.map((order) => ({ cells: [
    [order.level], [order.role + (order.cancel ? ", being cancelled" : "")], [`${order.side} ${order.symbol}`, order.side === "BUY" ? "buy" : "sell"],
    [order.quantity, "num"], [order.limit, "num"], [order.trigger, "num wide"], [order.account, "wide"], [order.placed, "wide"], [order.id, order.id === "in doubt" ? "odd wide" : "wide"],
  ] }));
  return block(`Working orders (${bot.orders.length})`, rows.length ? table("", heads, rows) : make("p", "dim", "None."));
}

function positionsBlock(bot) {
  const heads = [["account"], ["share"], ["held", "num"], ["at", "num"], ["last", "num wide"], ["gain", "num"]];
  const rows = bot.positions.map((each) => ({ cells: [[each.account], [each.symbol], [each.quantity, "num"], [each.average, "num"], [each.last, "num wide"], [each.gain, `num ${tone(each.gain, each.loses)}`]] }));
  return block("Positions", rows.length ? table("", heads, rows) : make("p", "dim", bot.money ? "Nothing is held." : "What it holds was not told yet."));
}

function healthBlock(bot) {
  const heads = [["account"], ["orders seen", "num"], ["books read", "num"], ["refused", "num"]];
  const rows = [];
  for (const each of bot.accounts) {
    rows.push({ cells: [[each.name], [each.orders, each.missing ? "num odd" : "num"], [String(each.read), "num"], [String(each.refused), "num"]] });
    const trouble = [each.age ? `not seen for ${each.age}` : "", each.fault].filter(Boolean).join(": ");
    if (trouble) rows.push({ classes: "why", cells: [[trouble, "odd all"]] });
  }
  const lines = [`cycle ${bot.cycle}, ${bot.phase}`, bot.feed ? `price feed ${bot.feed}` : "", bot.saves, bot.pid ? `process ${bot.pid}` : "no process", bot.place];
  const node = block("Health", rows.length ? table("", heads, rows) : null, make("p", "dim", lines.filter(Boolean).join(" · ")));
  spanRest(node, heads.length);
  return node;
}

function eventsBlock(events) {
  const list = make("ol", "events");
  for (const event of events) {
    list.append(make("li", event.kind, make("time", "", event.at), make("span", "", event.text), event.net ? make("b", event.net.startsWith("-") ? "loss" : "gain", event.net) : null));
  }
  return block("Events, the latest first", events.length ? list : make("p", "dim", "None today."));
}

// What the badge does not say already.
function standing(bot) {
  const status = bot.status === "Active" || bot.status.toLowerCase() === bot.life ? "" : bot.status;
  return [status, bot.waits ? `waits for ${bot.waits}` : ""].filter(Boolean).join(", ");
}

function headBlock(bot) {
  const back = make("a", "back", "← all bots");
  back.href = "#";
  const facts = [bot.grid, bot.day, bot.ends ? `session ends ${bot.ends}` : "", bot.at ? `last word ${bot.at}` : "", bot.age ? `${bot.age} ago` : ""];
  const node = make("div", "", back, make("div", "head", make("h2", "", bot.name), bot.paper ? make("span", "badge paper", "paper") : null, badge(bot)),
    make("p", "dim", facts.filter(Boolean).join(" · ")), standing(bot) ? make("p", "", standing(bot)) : null);
  if (bot.paused && bot.paused.length) node.append(make("p", "note odd", `Paused by the operator: no new ${bot.paused.join(" and ")} entries.`));
  node.append(concernList(bot));
  return node;
}

function showFull() {
  const parent = $("full");
  const name = wanted();
  parent.hidden = !name;
  $("all").hidden = Boolean(name);
  if (!name) { parent.replaceChildren(); return; }
  if (!full || full.name !== name) {
    parent.replaceChildren();
    const back = make("a", "back", "← all bots");
    back.href = "#";
    if (names.length && !names.includes(name)) parent.append(back, make("p", "note odd", `There is no bot of the name ${name}.`));
    return;
  }
  if (parent.dataset.of !== name) { parent.replaceChildren(); parent.dataset.of = name; }
  const told = full.levels !== undefined;
  draw(parent, "head", full, headBlock);
  const columns = draw(parent, "columns", name, () => make("div", "columns"));
  draw(columns, "money", [full.money, full.change, full.losing, full.prices], () => moneyBlock(full));
  if (told) draw(columns, "positions", [full.positions, Boolean(full.money)], () => positionsBlock(full));
  draw(parent, "curve", { curve: full.curve, booked: full.booked, wide: window.innerWidth < 640 }, curveBlock);
  if (told) {
    draw(parent, "ladder", [full.levels, full.last_a, full.counts], () => ladderBlock(full));
    draw(parent, "orders", full.orders, () => ordersBlock(full));
    draw(parent, "health", [full.accounts, full.cycle, full.phase, full.feed, full.saves, full.pid], () => healthBlock(full));
  }
  draw(parent, "events", full.events, eventsBlock);
}

function showAll() {
  const parent = $("all");
  // Who needs a person comes first.
  const order = [...names].sort((one, other) => bots.get(other).needs - bots.get(one).needs);
  const nodes = order.map((name) => {
    const bot = bots.get(name);
    const text = JSON.stringify(bot);
    const known = drawn.get(`card ${name}`);
    if (known && known.text === text) return known.node;
    const node = card(bot);
    drawn.set(`card ${name}`, { text, node });
    return node;
  });
  if (!names.length) nodes.push(make("p", "dim", "No bot has been started in the watched folders yet."));
  if (nodes.length !== parent.children.length || nodes.some((node, index) => parent.children[index] !== node)) parent.replaceChildren(...nodes);
}

function showHead(message) {
  const needing = names.filter((name) => bots.get(name).needs).length;
  const count = `${names.length} ${names.length === 1 ? "bot" : "bots"}`;
  $("count").textContent = needing ? `${count}, ${needing} ${needing === 1 ? "needs" : "need"} you` : `${count}, all well`;
  $("count").className = needing ? "loss" : "gain";
  document.title = needing ? `(${needing}) TG1 watch` : "TG1 watch";
  $("look").textContent = `looked at ${message.at}` + (message.owed ? ` · ${message.owed} alerts wait to be sent` : "");
  $("faults").replaceChildren(...message.faults.map((fault) => make("li", "note odd", fault)));
}

function lost(text) {
  $("lost").textContent = text;
  $("lost").hidden = !text;
  document.body.classList.toggle("stale", Boolean(text));
}

function take(message) {
  heard = Date.now();
  lost(message.late ? `The watch has not looked for ${message.late}: what is shown is old.` : "");
  names = message.names;
  for (const bot of message.bots) bots.set(bot.name, bot);
  for (const name of [...bots.keys()]) if (!names.includes(name)) { bots.delete(name); drawn.delete(`card ${name}`); }
  if (message.full !== undefined) full = message.full;
  showHead(message);
  showAll();
  showFull();
}

function listen() {
  if (source) source.close();
  const name = wanted();
  source = new EventSource(name ? `/stream?bot=${encodeURIComponent(name)}` : "/stream");
  source.onmessage = (event) => take(JSON.parse(event.data));
  source.onerror = () => {
    lost("No connection to the watch: what is shown is old.");
    if (source.readyState === EventSource.CLOSED) setTimeout(again, 3000);
  };
}

// Refused, not interrupted: perhaps the watch has another token by now, and its page asks for it.
async function again() {
  const answer = await fetch("/", { cache: "no-store" }).catch(() => null);
  if (answer && answer.status === 401) location.reload();
  else listen();
}

window.addEventListener("hashchange", () => { full = null; showFull(); listen(); window.scrollTo(0, 0); });
window.addEventListener("resize", () => { if (full) showFull(); });
setInterval(() => { if (Date.now() - heard > 12000) lost("The watch sends nothing: what is shown is old."); }, 1000);
listen();
