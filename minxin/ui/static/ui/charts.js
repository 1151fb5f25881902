// A table on the page becomes a picture. The table stays: it is the data, the print and the words.
(() => {
  "use strict";

  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

  /** The look, read from the tokens at the moment of drawing: light, dark and elder alike. */
  function look() {
    const size = parseFloat(getComputedStyle(document.documentElement).fontSize);
    return {
      ink: token("--ink"), soft: token("--ink-soft"), line: token("--line"), sheet: token("--sheet"), paper: token("--paper"), glass: token("--glass-fill"),
      wash: token("--glass-wash"), star: token("--star"), edge: token("--edge"), size: size * 0.8125, font: token("--font"),
      palette: ["--glass-fill", "--edge", "--lamp-green", "--star", "--glass-line", "--ink-soft", "--lamp-red", "--green"].map(token),
    };
  }

  const number = (cell) => {
    const value = Number((cell?.dataset.value ?? cell?.textContent ?? "").replace(/[^\d.-]/g, ""));
    return Number.isFinite(value) ? value : 0;
  };
  const words = (cell) => (cell?.dataset.label ?? cell?.textContent ?? "").trim();

  /** Head and rows of a table; rows marked data-skip (totals) are left out. Columns marked class "n" hold numbers. */
  function read(table) {
    const head = Array.from(table.tHead?.rows[0]?.cells ?? []);
    const rows = Array.from(table.tBodies).flatMap((body) => Array.from(body.rows)).filter((row) => !("skip" in row.dataset));
    const columns = head.map((cell, at) => ({ at, name: words(cell), counts: cell.classList.contains("n") && !("skip" in cell.dataset) }));
    return { columns, numbers: columns.filter((column) => column.counts), rows };
  }

  const href = (row) => row.dataset.href ?? row.querySelector("a[href]")?.href;
  const pretty = (value) => Number(value).toLocaleString("en", { maximumFractionDigits: 2 });

  function axes(data, unit, style, kind) {
    const names = data.rows.map((row) => words(row.cells[0]));
    const flat = kind === "bar" && (names.length > 8 || names.some((name) => name.length > 8));
    const label = { color: style.soft, fontSize: style.size, fontFamily: style.font };
    const names_ = { type: "category", data: names, axisLabel: label, axisLine: { lineStyle: { color: style.edge } }, axisTick: { show: false }, inverse: flat };
    const values = { type: "value", axisLabel: { ...label, formatter: pretty }, splitLine: { lineStyle: { color: style.line } } };
    return {
      grid: { left: 8, right: 24, top: data.numbers.length > 1 ? 48 : 16, bottom: 8, containLabel: true },
      legend: data.numbers.length > 1 ? { top: 0, left: 0, icon: "circle", itemWidth: 10, itemGap: 24, textStyle: { ...label, color: style.ink } } : undefined,
      xAxis: flat ? values : names_, yAxis: flat ? names_ : values,
      series: data.numbers.map((column) => ({
        type: kind, name: column.name, barMaxWidth: 32, symbolSize: 7, lineStyle: { width: 2.5 }, itemStyle: { borderRadius: kind === "bar" ? (flat ? [0, 3, 3, 0] : [3, 3, 0, 0]) : 0 },
        data: data.rows.map((row) => ({ value: number(row.cells[column.at]), href: href(row) })),
      })),
    };
  }

  /** White or black, whichever is read more easily on a ground written #rrggbb. */
  function upon(ground) {
    const [red, green, blue] = [1, 3, 5].map((at) => (parseInt(ground.slice(at, at + 2), 16) / 255) ** 2.2);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? "#000" : "#fff";
  }

  /** Columns before the last number are the levels of the tree, left to right; a branch keeps one colour. */
  function tree(data, style) {
    const value = data.numbers.at(-1);
    const levels = data.columns.filter((column) => column.at < (value?.at ?? 0) && !column.counts);
    const top = [];
    for (const row of data.rows) {
      let here = top;
      let node;
      for (const level of levels) {
        const name = words(row.cells[level.at]);
        if (!name) break;
        node = here.find((one) => one.name === name);
        if (!node) here.push((node = { name, children: [] }));
        here = node.children;
      }
      if (node) { node.value = (node.value ?? 0) + number(row.cells[value.at]); node.href = href(row); }
    }
    const tidy = (nodes, branch) => nodes.map((node, at) => {
      const color = branch ?? style.palette[at % style.palette.length];
      const children = tidy(node.children, color);
      const shown = { name: node.name, href: node.href, itemStyle: { color }, label: { color: upon(color) } };
      return children.length ? { ...shown, children } : { ...shown, value: node.value };
    });
    return tidy(top);
  }

  /** Glass where money runs, dark where it stands, amber where it came back; joints in the order of the table. */
  function pipe(data, style) {
    const value = data.numbers.at(-1);
    const day = upon(style.paper) === "#000";
    const colors = { runs: style.glass, stands: day ? style.ink : style.edge, back: style.star };
    const links = data.rows.map((row) => {
      const tone = row.dataset.tone ?? "runs";
      const [source, target] = [words(row.cells[0]), words(row.cells[1])];
      return { source, target, tone, value: number(row.cells[value.at]), href: href(row), lineStyle: { color: colors[tone], opacity: { runs: day ? 0.26 : 0.42, stands: 0.46, back: 0.5 }[tone] } };
    }).filter((link) => link.value > 0);
    const ends = (name) => links.some((link) => link.source === name);
    const begins = (name) => links.some((link) => link.target === name);
    const names = [...new Set(links.flatMap((link) => [link.source, link.target]))];
    const tone = (name) => (links.find((link) => link.target === name) ?? links.find((link) => link.source === name)).tone;
    const href_ = (name) => links.find((link) => link.target === name)?.href;
    return {
      type: "sankey", links, nodeAlign: "left", layoutIterations: 0, draggable: false, nodeWidth: 7, nodeGap: 30, left: 4, right: 172, top: 12, bottom: 30,
      data: names.map((name) => ({ name, href: href_(name), itemStyle: { color: colors[tone(name)] }, label: { position: ends(name) && begins(name) ? "left" : "right", align: ends(name) && begins(name) ? "right" : "left" } })),
      lineStyle: { curveness: 0.5 }, itemStyle: { borderWidth: 0, borderRadius: 3 }, emphasis: { focus: "adjacency", lineStyle: { opacity: 0.7 } }, blur: { lineStyle: { opacity: 0.1 } },
      label: {
        fontSize: style.size, fontFamily: style.font, lineHeight: style.size * 1.45, distance: 8,
        formatter: (node) => `{name|${node.name}}\n{value|${pretty(node.value)}}`,
        rich: { name: { fontSize: style.size, lineHeight: style.size * 1.45, color: style.ink, fontWeight: 600 }, value: { fontSize: style.size * 0.92, lineHeight: style.size * 1.35, color: style.soft } },
      },
    };
  }

  const makers = {
    bar: (data, unit, style) => axes(data, unit, style, "bar"),
    line: (data, unit, style) => axes(data, unit, style, "line"),
    treemap: (data, unit, style) => ({
      series: [{
        type: "treemap", data: tree(data, style), roam: false, nodeClick: false, breadcrumb: { show: false }, left: 0, right: 0, top: 8, bottom: 8,
        label: { fontSize: style.size, lineHeight: style.size * 1.5, textBorderWidth: 0, formatter: (node) => `${node.name}\n${pretty(node.value)}` }, itemStyle: { borderColor: style.paper, gapWidth: 2, borderWidth: 2 },
        upperLabel: { show: true, height: 24, color: style.ink, fontSize: style.size }, levels: [{ itemStyle: { gapWidth: 8, borderWidth: 0 } }, { itemStyle: { gapWidth: 2 } }],
      }],
    }),
    sunburst: (data, unit, style) => ({
      series: [{ type: "sunburst", data: tree(data, style), radius: ["18%", "92%"], nodeClick: false, itemStyle: { borderColor: style.sheet, borderWidth: 2 }, label: { fontSize: style.size, minAngle: 12, textBorderWidth: 0, width: style.size * 4.5, overflow: "truncate" } }],
    }),
    sankey: (data, unit, style) => ({ series: [pipe(data, style)] }),
    calendar: (data, unit, style) => {
      const value = data.numbers.at(-1);
      const days = data.rows.map((row) => ({ value: [words(row.cells[0].querySelector("time[datetime]") ? { dataset: { label: row.cells[0].querySelector("time").dateTime } } : row.cells[0]), number(row.cells[value.at])], href: href(row) }));
      const dates = days.map((one) => one.value[0]).sort();
      const label = { color: style.soft, fontSize: style.size };
      return {
        visualMap: { min: 0, max: Math.max(1, ...days.map((one) => one.value[1])), show: false, inRange: { color: [style.wash, style.glass] } },
        calendar: { range: [dates[0], dates.at(-1)], left: 40, right: 8, top: 32, cellSize: ["auto", 18], itemStyle: { color: style.sheet, borderColor: style.line }, splitLine: { lineStyle: { color: style.edge } }, dayLabel: { ...label, nameMap: document.documentElement.lang.startsWith("zh") ? "ZH" : "EN" }, monthLabel: { ...label, nameMap: document.documentElement.lang.startsWith("zh") ? "ZH" : "EN" }, yearLabel: { show: false } },
        series: [{ type: "heatmap", coordinateSystem: "calendar", data: days }],
      };
    },
  };

  /** What is under the pointer, in words; drawn on the canvas, since the policy allows no inline style. */
  function hint(style, unit) {
    return {
      renderMode: "richText", confine: true, backgroundColor: style.sheet, borderColor: style.edge, textStyle: { color: style.ink, fontSize: style.size, fontFamily: style.font },
      formatter: (point) => {
        const value = Array.isArray(point.value) ? point.value.at(-1) : point.value;
        const name = point.data?.source ? `${point.data.source} → ${point.data.target}` : Array.isArray(point.value) ? point.value[0] : point.name;
        return `${name}\n${point.seriesName && !point.seriesName.startsWith("series") ? `${point.seriesName}  ` : ""}${pretty(value)} ${unit}`;
      },
    };
  }

  function paint(figure, picture) {
    const style = look();
    const unit = figure.dataset.unit || "";
    const data = read(document.getElementById(figure.dataset.table));
    if (!data.rows.length || !data.numbers.length) { figure.hidden = true; return; }
    picture.setOption({
      animation: !still, color: style.palette, textStyle: { fontFamily: style.font }, tooltip: hint(style, unit),
      ...makers[figure.dataset.chart](data, unit, style),
    }, true);
  }

  function draw(figure) {
    figure.hidden = false;
    if (figure.dataset.chart === "sankey") figure.tabIndex = 0; // it scrolls on a phone: by keys too
    const picture = window.echarts.init(figure.querySelector(".chart-face"), null, { renderer: "canvas" });
    paint(figure, picture);
    picture.on("click", (point) => { if (point.data?.href) location.assign(point.data.href); });
    new ResizeObserver(() => picture.resize()).observe(figure);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => paint(figure, picture));
    addEventListener("beforeprint", () => picture.resize());
  }

  window.minxinCharts = { draw };
})();
