"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const read = (id) => JSON.parse(byId(id).textContent);
  const run = read("run-data");
  const days = new Map();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const views = window.tg1Views = {};
  let current = run.first;

  // Rows travel by column, each field's name once.
  const rows = (columns) => {
    const names = Object.keys(columns);
    return names.length ? columns[names[0]].map((_, i) => Object.fromEntries(names.map((n) => [n, columns[n][i]]))) : [];
  };
  const dayOf = (i) => {
    if (!days.has(i)) days.set(i, read(`day-${i}`));
    return days.get(i);
  };
  const cell = (kind, text) => {
    const made = document.createElement(kind);
    made.textContent = text;
    return made;
  };
  const fill = (body, lines) => {
    body.replaceChildren(...lines.map((line) => {
      const tr = document.createElement("tr");
      tr.append(...line.map((text, i) => cell(i ? "td" : "th", text)));
      return tr;
    }));
  };

  // Room for the axis and its labels beside a plot.
  const plotWidth = (box) => Math.max(200, box.clientWidth - 92);
  const spec = (name) => JSON.parse(JSON.stringify(run.specs[dark.matches ? "dark" : "light"][name]));
  const embed = async (id, made) => {
    views[id]?.finalize();
    views[id] = await vegaEmbed(`#${id}`, made, { actions: false, logLevel: 1, renderer: "canvas", tooltip: { theme: "custom" } });
    return views[id];
  };

  const drawDay = async () => {
    performance.mark("draw-begins");
    const day = dayOf(current);
    const made = spec("day");
    const width = plotWidth(byId("chart"));
    made.vconcat.forEach((band) => { band.width = width; });
    made.datasets = Object.fromEntries(Object.entries(day.charts).map(([name, columns]) => [name, rows(columns)]));
    const { view } = await embed("chart", made);
    // A finger points without moving, which is not pointing to Vega.
    view.addEventListener("touchend", (event, item) => {
      const { clientX, clientY } = event.changedTouches[0];
      view.tooltip()(view, { clientX, clientY }, item, item?.tooltip ?? null);
    });
    performance.mark("draw-ends");
    document.documentElement.dataset.drawn = day.date;
    document.documentElement.dataset.drawnMs = Math.round(performance.measure("draw", "draw-begins", "draw-ends").duration);
  };

  const drawDays = async () => {
    if (!byId("days-chart")) return;
    const made = spec("days");
    made.width = plotWidth(byId("days-chart"));
    made.datasets = { days: rows(run.days) };
    const { view } = await embed("days-chart", made);
    view.addEventListener("click", (_, item) => {
      if (item?.datum?.day) show(run.days.day.indexOf(item.datum.day), true);
    });
  };

  const tell = () => {
    const day = dayOf(current);
    byId("day-title").textContent = day.title;
    byId("tiles").replaceChildren(...day.tiles.map(([name, value, remark]) => {
      const div = document.createElement("div");
      const small = cell("dd", remark);
      small.className = "small";
      div.append(cell("dt", name), cell("dd", value), small);
      return div;
    }));
    byId("account").textContent = day.account;
    fill(byId("levels").tBodies[0], day.levels);
    fill(byId("margin").tBodies[0], day.margin);
    byId("attention").hidden = !day.attention.length;
    byId("attention").querySelector("ul").replaceChildren(...day.attention.map((text) => cell("li", text)));
    byId("orders").tBodies[0].replaceChildren();
    tellOrders();
    byId("days")?.querySelectorAll("tbody tr").forEach((tr) => tr.classList.toggle("now", Number(tr.dataset.day) === current));
    if (byId("day")) byId("day").value = String(current);
  };

  const tellOrders = () => {
    const body = byId("orders").tBodies[0];
    if (!byId("all-orders").open || body.rows.length) return;
    const { orders_a: a, orders_b: b } = dayOf(current).charts;
    const all = [...rows(a), ...rows(b)].sort((one, other) => one.t - other.t);
    fill(body, all.map((o) => [o.what, o.placed, o.price, o.filled, o.ended, o.cost, o.number]));
  };

  const show = async (i, scroll) => {
    if (i < 0 || i >= run.count) return;
    current = i;
    tell();
    await drawDay();
    if (scroll) byId("day-title").scrollIntoView({ behavior: "smooth" });
  };

  byId("all-orders").addEventListener("toggle", tellOrders);
  byId("whole").addEventListener("click", drawDay);
  byId("day")?.addEventListener("change", (event) => show(Number(event.target.value)));
  byId("before")?.addEventListener("click", () => show(current - 1));
  byId("after")?.addEventListener("click", () => show(current + 1));
  byId("days")?.addEventListener("click", (event) => {
    const tr = event.target.closest("tr[data-day]");
    if (tr) show(Number(tr.dataset.day), true);
  });
  const redraw = () => { drawDays(); drawDay(); };
  dark.addEventListener("change", redraw);
  let width = innerWidth, later;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    clearTimeout(later);
    later = setTimeout(redraw, 150);
  });

  tell();
  drawDays().then(drawDay);
})();
