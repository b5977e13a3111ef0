// Draws the net over the day. Numbers come as [minute of the day, rupees].
"use strict";

const SVG = "http://www.w3.org/2000/svg";

function svg(name, attributes, text) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

function clock(minute) {
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}

// A step that reads well: 1, 2 or 5 times a power of ten.
function roundStep(span, parts) {
  const raw = span / parts;
  const power = 10 ** Math.floor(Math.log10(raw));
  return power * [1, 2, 5, 10].find((each) => each * power >= raw);
}

function scaleOf(series, width, height, pad) {
  const points = series.flat();
  const minutes = points.map((point) => point[0]);
  const values = points.map((point) => point[1]).concat(0);
  const [first, last] = [Math.min(...minutes), Math.max(...minutes)];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low) * 0.06 || 1;
  const across = Math.max(last - first, 1);
  const [bottom, top] = [low - room, high + room];
  return {
    first, last, low: bottom, high: top,
    x: (minute) => pad.left + ((minute - first) / across) * (width - pad.left - pad.right),
    y: (value) => pad.top + ((top - value) / (top - bottom)) * (height - pad.top - pad.bottom),
  };
}

function path(points, scale) {
  return points.map(([minute, value], index) => `${index ? "L" : "M"}${scale.x(minute).toFixed(1)} ${scale.y(value).toFixed(1)}`).join("");
}

// What was booked stands until the next round trip.
function steps(points, scale) {
  return points.map(([minute, value], index) => index
    ? `H${scale.x(minute).toFixed(1)}V${scale.y(value).toFixed(1)}`
    : `M${scale.x(minute).toFixed(1)} ${scale.y(value).toFixed(1)}`).join("") + `H${scale.x(scale.last).toFixed(1)}`;
}

function drawSpark(points) {
  const [width, height] = [140, 34];
  const node = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "spark", role: "img", "aria-label": "Net over the day" });
  if (points.length < 2) return node;
  const scale = scaleOf([points], width, height, { left: 1, right: 1, top: 2, bottom: 2 });
  node.append(svg("line", { x1: 0, x2: width, y1: scale.y(0), y2: scale.y(0), class: "zero" }));
  node.append(svg("path", { d: path(points, scale), class: points.at(-1)[1] < 0 ? "line loss" : "line gain" }));
  return node;
}

function drawCurve(net, booked) {
  const narrow = window.innerWidth < 640;
  const [width, height] = narrow ? [360, 200] : [920, 230];
  const node = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "curve", role: "img", "aria-label": "Net and booked round trips over the day" });
  const series = [net, booked].filter((points) => points.length);
  if (!series.length) return node;
  const scale = scaleOf(series, width, height, { left: 62, right: 10, top: 8, bottom: 22 });
  const step = roundStep(scale.high - scale.low, 4);
  for (let value = Math.ceil(scale.low / step) * step; value <= scale.high; value += step) {
    const y = scale.y(value);
    node.append(svg("line", { x1: 62, x2: width - 10, y1: y, y2: y, class: Math.abs(value) < step / 2 ? "zero" : "rule" }));
    node.append(svg("text", { x: 56, y: y + 4, "text-anchor": "end" }, (Math.round(value) || 0).toLocaleString("en-IN")));
  }
  const marks = narrow ? 3 : 7;
  const gap = [1, 2, 5, 10, 15, 30, 60, 120, 240].find((each) => each * marks >= scale.last - scale.first) || 240;
  for (let minute = Math.ceil(scale.first / gap) * gap; minute <= scale.last; minute += gap) {
    node.append(svg("text", { x: scale.x(minute), y: height - 5, "text-anchor": "middle" }, clock(minute)));
  }
  if (booked.length) node.append(svg("path", { d: steps(booked, scale), class: "line booked" }));
  if (net.length) {
    node.append(svg("path", { d: path(net, scale), class: "line day" }));
    node.append(svg("circle", { cx: scale.x(net.at(-1)[0]), cy: scale.y(net.at(-1)[1]), r: 3.5, class: "dot day" }));
  }
  return node;
}
