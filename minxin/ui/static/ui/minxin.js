// What the pages gain with script. Everything here is an addition: each page works without it.
(() => {
  "use strict";

  const root = document.documentElement;
  const chinese = root.lang.startsWith("zh");
  const say = (zh, en) => (chinese ? zh : en);
  const all = (selector, from = document) => Array.from(from.querySelectorAll(selector));
  const store = {
    get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
    set: (key, value) => { try { localStorage.setItem(key, value); return true; } catch { return false; } },
    drop: (key) => { try { localStorage.removeItem(key); } catch { /* private mode: nothing was kept */ } },
  };

  /** Say something to everybody: shown at the foot, read by screen readers. */
  function announce(text) {
    const place = document.querySelector("[data-announce]");
    if (!place) return;
    place.textContent = text;
    clearTimeout(announce.timer);
    announce.timer = setTimeout(() => { place.textContent = ""; }, 6000);
  }

  // ---- drafts: what is typed stays in this browser until the receipt page clears it ----------------------------

  const DAYS_KEPT = 7;
  const draftName = (key) => `minxin-draft:${key}`;
  const kept = (control) =>
    control.name && !control.disabled && !control.closest("[data-no-draft]") &&
    !["hidden", "password", "file", "submit", "button"].includes(control.type) && control.name !== "csrfmiddlewaretoken";

  function typed(form) {
    const values = {};
    for (const control of form.elements) {
      if (!kept(control)) continue;
      const value = ["checkbox", "radio"].includes(control.type) ? (control.checked ? control.value : null)
        : control.multiple ? Array.from(control.selectedOptions, (option) => option.value) : control.value;
      if (value !== null) values[control.name] = (values[control.name] || []).concat(value);
    }
    return values;
  }

  function restore(form, values) {
    let changed = false;
    for (const control of form.elements) {
      if (!kept(control) || !(control.name in values)) continue;
      const wanted = values[control.name];
      if (["checkbox", "radio"].includes(control.type)) {
        changed ||= control.checked !== wanted.includes(control.value);
        control.checked = wanted.includes(control.value);
      } else if (control.multiple) {
        for (const option of control.options) option.selected = wanted.includes(option.value);
      } else if (!control.value && wanted[0]) {
        control.value = wanted[0];
        changed = true;
      }
    }
    return changed;
  }

  function keepDraft(form) {
    const name = draftName(form.dataset.draft);
    const read = () => { try { return JSON.parse(store.get(name)); } catch { return null; } };
    const before = read();
    const fresh = before && Date.now() - before.at < DAYS_KEPT * 864e5;
    if (before && !fresh) store.drop(name);
    if (fresh && !form.querySelector("[aria-invalid]") && restore(form, before.values)) offerToClear(form, name);
    let timer;
    const save = () => {
      const values = { ...(read()?.values || {}), ...typed(form) };
      for (const box of form.querySelectorAll("input[type=checkbox]")) if (!typed(form)[box.name]) delete values[box.name];
      store.set(name, JSON.stringify({ at: Date.now(), values }));
    };
    form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(save, 400); });
    form.addEventListener("submit", save);
    addEventListener("pagehide", () => { if (store.get(name) || form.dataset.touched) save(); });
    form.addEventListener("input", () => { form.dataset.touched = "1"; }, { once: true });
  }

  function offerToClear(form, name) {
    const note = document.createElement("div");
    note.className = "notice";
    note.innerHTML = '<div class="notice-text row row-spread"><span></span><button type="button" class="button button-small"></button></div>';
    note.querySelector("span").textContent = say("上次没写完的内容已经放回来了，只存在您这台设备上。", "Your unfinished draft is back. It is kept on this device only.");
    const button = note.querySelector("button");
    button.textContent = say("清空重写", "Start afresh");
    button.addEventListener("click", () => { store.drop(name); form.reset(); note.remove(); all("[data-counter]", form).forEach(countDown); });
    form.prepend(note);
  }

  // ---- forms: one submission at a time, characters left --------------------------------------------------------

  function submitOnce(event) {
    const form = event.target;
    if (event.defaultPrevented || form.method === "dialog" || form.target === "_blank" || form.hasAttribute("data-again")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    const button = event.submitter;
    setTimeout(() => {
      all("button:not([type=button]), input[type=submit]", form).forEach((one) => one.setAttribute("aria-disabled", "true"));
      if (button?.classList.contains("button")) announce(say("正在提交，请稍候", "Sending, one moment"));
    });
    setTimeout(() => release(form), 20000);
  }

  function release(form) {
    delete form.dataset.sent;
    all("[aria-disabled]", form).forEach((one) => one.removeAttribute("aria-disabled"));
  }

  function countDown(counter) {
    const control = document.getElementById(counter.dataset.counter);
    const limit = Number(control?.dataset.limit);
    if (!limit) return;
    const left = limit - Array.from(control.value.replace(/\r\n/g, "\n")).length;
    counter.textContent = (left < 0 ? counter.dataset.over : counter.dataset.left).replace("{n}", Math.abs(left).toLocaleString("en"));
    counter.classList.toggle("is-over", left < 0);
  }

  // ---- dialogs and menus ---------------------------------------------------------------------------------------

  function openDialog(name) {
    const dialog = document.getElementById(name);
    if (!dialog?.showModal) return false;
    dialog.removeAttribute("open");
    dialog.showModal();
    return true;
  }

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener && openDialog(opener.dataset.opens)) event.preventDefault();
    if (event.target.matches("dialog:modal")) event.target.close();
    if (event.target.closest("[data-print]")) print();
    const copy = event.target.closest("[data-copy]");
    if (copy) navigator.clipboard?.writeText(copy.dataset.copy).then(() => announce(say("已复制", "Copied")));
    for (const menu of all("details[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
    const pick = event.target.closest("[data-pick-all]");
    if (pick) all(`input[name="${CSS.escape(pick.dataset.pickAll)}"]`).forEach((box) => { box.checked = pick.checked; });
  });

  // ---- elder mode: read the page aloud -------------------------------------------------------------------------

  function readAloud(button) {
    if (!("speechSynthesis" in window)) return;
    button.hidden = false;
    const label = button.querySelector("span") || button;
    const idle = label.textContent;
    const stop = () => { speechSynthesis.cancel(); label.textContent = idle; button.setAttribute("aria-pressed", "false"); };
    button.addEventListener("click", () => {
      if (speechSynthesis.speaking) return stop();
      const pieces = all("h1, h2, h3, p, li, dt, dd, caption, th, td, label, legend", document.getElementById("main"))
        .filter((part) => part.offsetParent && !part.querySelector("p, li, dd"))
        .map((part) => part.innerText.trim()).filter(Boolean);
      pieces.forEach((text, at) => {
        const words = new SpeechSynthesisUtterance(text);
        words.lang = chinese ? "zh-CN" : "en";
        words.rate = 0.9;
        if (at === pieces.length - 1) words.onend = stop;
        speechSynthesis.speak(words);
      });
      label.textContent = say("停止朗读", "Stop reading");
      button.setAttribute("aria-pressed", "true");
    });
    addEventListener("pagehide", () => speechSynthesis.cancel());
  }

  // ---- the desk by keyboard ------------------------------------------------------------------------------------

  const rows = () => all("[data-desk-list] .rows-link").filter((row) => row.offsetParent);

  function step(by) {
    const list = rows();
    if (!list.length) return;
    const focused = list.indexOf(document.activeElement);
    const at = focused >= 0 ? focused : list.findIndex((row) => row.hasAttribute("aria-current"));
    const next = list[Math.min(list.length - 1, Math.max(0, at + by))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }

  const keys = {
    j: () => step(1),
    k: () => step(-1),
    "/": () => document.querySelector("[data-desk-search], input[type=search]")?.focus(),
    "?": () => openDialog("keys"),
    g: () => document.querySelector(".pane-queues a[aria-current], .pane-queues a")?.focus(),
    a: () => {
      const moves = document.querySelector("[data-moves]");
      (moves?.querySelector("summary, button, input:not([type=hidden]), textarea, a") || moves)?.focus();
      moves?.scrollIntoView({ block: "nearest" });
    },
  };

  function deskKeys(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const here = event.target;
    const typing = here.isContentEditable || here.matches("textarea, select, input:not([type=checkbox], [type=radio], [type=submit], [type=button])");
    if (event.key === "Escape") {
      all("details[data-menu][open]").forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); });
      if (typing) here.blur();
      return;
    }
    if (typing || document.querySelector("dialog:modal")) return;
    const act = keys[event.key];
    if (act) { event.preventDefault(); act(); }
  }

  // ---- long jobs: ask again until done -------------------------------------------------------------------------
  // <div class="progress" data-progress="/desk/jobs/7/"> answers {done, total, sentence, finished, href}

  async function follow(place) {
    const bar = place.querySelector("progress");
    const line = place.querySelector("[data-progress-words]");
    for (let wait = 800; document.contains(place); wait = Math.min(wait * 1.2, 5000)) {
      try {
        const answer = await fetch(place.dataset.progress, { headers: { Accept: "application/json" }, credentials: "same-origin" });
        if (answer.ok) {
          const now = await answer.json();
          if (bar && now.total) { bar.max = now.total; bar.value = now.done; }
          if (line) line.textContent = now.sentence || `${now.done} / ${now.total}`;
          if (now.finished) { if (now.href) location.assign(now.href); else announce(line?.textContent || ""); return; }
        }
      } catch { /* the line is down for a moment: ask again */ }
      await new Promise((done) => { setTimeout(done, wait); });
    }
  }

  // ---- charts: drawn only where a page has one -----------------------------------------------------------------

  const load = (src) => new Promise((done, failed) => {
    const script = document.createElement("script");
    Object.assign(script, { src, onload: done, onerror: failed });
    document.head.append(script);
  });

  async function charts(from) {
    const figures = all("[data-chart]:not([data-drawn])", from);
    if (!figures.length) return;
    figures.forEach((figure) => { figure.dataset.drawn = "1"; });
    if (!window.echarts) await load(figures[0].dataset.echarts);
    if (!window.minxinCharts) await load(figures[0].dataset.drawing);
    figures.forEach((figure) => window.minxinCharts.draw(figure));
  }

  // ---- begin ---------------------------------------------------------------------------------------------------

  function enliven(from) {
    all("form[data-draft]", from).forEach(keepDraft);
    all("[data-counter]", from).forEach((counter) => {
      countDown(counter);
      document.getElementById(counter.dataset.counter)?.addEventListener("input", () => countDown(counter));
    });
    all("[data-read-aloud]", from).forEach(readAloud);
    all("[data-progress]", from).forEach(follow);
    all("form[data-autosubmit]", from).forEach((form) => form.addEventListener("change", () => form.requestSubmit()));
    charts(from).catch(() => { /* no picture: the table is there */ });
  }

  document.addEventListener("submit", submitOnce);
  document.addEventListener("htmx:afterRequest", (event) => { const form = event.target.closest?.("form"); if (form) release(form); });
  document.addEventListener("htmx:load", (event) => { if (event.target !== document.body) enliven(event.target); });
  document.addEventListener("htmx:sendError", () => announce(say("网络断开了，您填的内容还在，请稍后再试", "The line is down. What you typed is kept; try again later")));
  document.addEventListener("htmx:responseError", () => announce(say("没有成功，请刷新页面后再试", "That did not work; reload the page and try again")));
  // A refusal (4xx with a page of sentences) is shown where the answer would have been.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if ([400, 409, 422].includes(event.detail.xhr.status)) { event.detail.shouldSwap = true; event.detail.isError = false; }
  });
  addEventListener("pageshow", (event) => { if (event.persisted) all("form[data-sent]").forEach(release); });
  if (document.body.classList.contains("desk")) document.addEventListener("keydown", deskKeys);
  all("[data-draft-done]").forEach((place) => store.drop(draftName(place.dataset.draftDone)));
  document.querySelector("[data-focus]")?.focus();
  enliven(document);
})();
