// Opens the passport of a number, searches, switches language, and underlines bound numbers. No request leaves the folder:
// passports are scripts beside the pages, because pages opened from a disk may load those and nothing else.
// The files of this folder become one script, in one function: what is shared by all pages stands here.
  const packs = {}, waiting = {};
  let counted = null;
  let all = { a: [], p: [], c: [], l: [], page: {}, words: {}, i: {}, why: [], of: [] }, place = new Map(), shown = [], opener = null;
  const root = document.documentElement;
  const remembered = (() => { try { return localStorage.getItem("frs-language"); } catch { return null; } })();
  const words = root.dataset.words, only = root.dataset.only;
  let language = only || new URLSearchParams(location.search).get("lang") || remembered || words;
  root.dataset.language = root.lang = language;

  const say = (danish, english) => (language === "en" ? english : danish);
  const element = (name, content, attributes = {}) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    for (const part of [content].flat()) if (part !== null && part !== undefined) made.append(part);
    return made;
  };
  const tableOf = (index) => Number(/^t(\d+)-/.exec(all.a[index])[1]);
  const hrefOf = (index) => `${all.page[tableOf(index)]}.html#${all.a[index]}`;
  // What a page says once stands for every language; else it is a pair, Danish first.
  const said = (text) => (Array.isArray(text) ? say(...text) : text);
  // Numbers are written as in the first language of the study; another one has decimal mark and thousands the other way round.
  const NUMBER = /(?<![\w.,])(?:\d{1,3}(?:[.,]\d{3})+(?:[.,]\d+)?|\d*[.,]\d+)(?!\w|[.,]\d)/g;
  const turned = (text, into) => text.replace(NUMBER, (one) => one.replace(/[.,]/g, (mark) => (mark === "." ? "," : ".")))
    .replace(/(\d)\u00a0?%/g, into === "da" ? "$1\u00a0%" : "$1%");
  const number = (text) => (text && language !== words ? turned(String(text), language) : text);
  const count = (value) => String(value).replace("-", "−").replace(/\B(?=(\d{3})+$)/g, language === "da" ? "." : ",");
  // What the study says, as content and attributes of an element: where it has one language only, with its name.
  const inOwn = (text, attributes = {}) => [said(text), Array.isArray(text) || language === words ? attributes : { ...attributes, lang: words }];
  const MEASURES = {
    count: ["antal", "count"], answers: ["svar", "answers"],
    case_percent: ["% af skemaerne", "% of the forms"],
    percent: ["procent", "percent"], valid_percent: ["procent af besvarede", "percent of answered"],
    cumulative_percent: ["kumuleret procent", "cumulative percent"], row_percent: ["% af rækken", "% of the row"],
    column_percent: ["% af kolonnen", "% of the column"], mean: ["gennemsnit", "mean"],
    sd: ["standardafvigelse", "standard deviation"], min: ["mindste", "smallest"], max: ["største", "largest"],
    q1: ["1. kvartil", "1st quartile"], median: ["median", "median"], q3: ["3. kvartil", "3rd quartile"],
    total_percent: ["% af alle", "% of all"], gamma: ["gamma", "gamma"], ase: ["ASE", "ASE"], t: ["T", "T"], p: ["p", "p"],
    n: ["N", "N"], partial_gamma: ["partiel gamma", "partial gamma"],
  };
  const TOTALS = { "Total valid": ["Besvaret i alt", "All answered"], Missing: ["Ubesvaret", "Blank"], Total: ["I alt", "Total"] };
  const labelsOf = (index) => {
    const coordinates = all.c[index].map((at) => all.l[at]);
    const measure = coordinates.pop();
    return [...coordinates.filter(Boolean).map((label) => (TOTALS[label] ? say(...TOTALS[label]) : said(label))), say(...MEASURES[measure])].join(" · ");
  };
  const MATH = "http://www.w3.org/1998/Math/MathML";
  const math = (name, ...parts) => {
    const made = document.createElementNS(MATH, name);
    made.append(...parts);
    return made;
  };
  const printed = (index) => (all.p[index] === "ikke beregnelig" ? say(all.p[index], "not computable") : number(all.p[index]));
  // Limits of the figure with a sign where it is a share, or why there are none; empty where it is no estimate.
  const limitsOf = (index) => {
    const own = all.i[index];
    if (!own) return "";
    if (own.length === 1) return all.why[own[0]][0] && say(`Intet interval, fordi ${all.why[own[0]][0]}`, `No interval, because ${all.why[own[0]][1]}`);
    return `${number(own[0])} ${say("til", "to")} ${number(own[1])}${/percent$/.test(measureOf(index)) ? (language === "da" ? "\u00a0%" : "%") : ""}`;
  };
  const CONFIDENCE = ["95-procent-sikkerhedsinterval", "95% confidence interval"], FEW = ["bygger på få skemaer", "rests on few forms"];
  const measureOf = (index) => all.l[all.c[index][3]];

  // Data -----------------------------------------------------------------------------------------------------------
  function index(content) {
    all = { ...all, ...content };
    place = new Map(content.a.map((name, at) => [name, at]));
  }
  function pack(name, content) {
    packs[name] = content;
    (waiting[name] || []).forEach((ready) => ready());
    delete waiting[name];
  }
  function load(name) {
    if (packs[name]) return Promise.resolve();
    return new Promise((ready) => {
      if (!waiting[name]) document.head.append(element("script", [], { src: `passports-${name}.js` }));
      (waiting[name] = waiting[name] || []).push(ready);
    });
  }

  // Puts a text on the clipboard; pages from a disk may not, in some browsers, and then it isn't copied.
  async function toClipboard(text, near) {
    try { await navigator.clipboard.writeText(text); return true; } catch { /* the old way, below */ }
    const field = element("textarea", text, { class: "unseen", "aria-hidden": "true" });
    near.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    return copied;
  }
