// Opens every page of a repository in a real Chromium: node browser.js FOLDER AXE PAGES [SCREENSHOTS]
//
// FOLDER is the folder of the project. Its pages are opened from the disk and, below a prefix, from a server on the loopback, and all links
// are followed: nothing may be refused or missing. axe-core looks for violations on PAGES, which are separated by commas, light and wide,
// dark and narrow; none may be wider than the screen. With SCREENSHOTS, a folder, both widths are shown light and dark, and the
// pictures are written there. Prints one line for each fault, and at the end the number of pages.
'use strict';
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { fileURLToPath, pathToFileURL } = require('node:url');

const [folder, axe, wanted, screenshots] = process.argv.slice(2);
const PREFIX = '/some/where/';
const LOOKS = [[1400, 'light'], [380, 'dark']].concat(screenshots ? [[1400, 'dark'], [380, 'light']] : []);
const TYPES = { '.html': 'text/html', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json' };
const faults = new Set();

const chromium = spawn('chromium', [
  '--headless=new', '--no-sandbox', '--disable-gpu', '--no-first-run', '--remote-debugging-pipe',
  `--user-data-dir=${process.env.TMPDIR || '/tmp'}/chromium-${process.pid}`, 'about:blank',
], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
chromium.on('error', (error) => { console.log(`chromium does not start: ${error.message}`); process.exit(1); });

// The protocol of Chromium's tools: JSON with a zero byte after each message.
let last = 0, received = '';
const waiting = new Map(), listeners = new Set();
chromium.stdio[4].setEncoding('utf8').on('data', (data) => {
  const parts = (received + data).split('\0');
  received = parts.pop();
  for (const part of parts) {
    const message = JSON.parse(part);
    if (message.id) {
      const { resolve, reject } = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.error) reject(new Error(JSON.stringify(message.error))); else resolve(message.result);
    } else {
      listeners.forEach((listener) => listener(message));
    }
  }
});
let session;
const send = (method, params = {}) => new Promise((resolve, reject) => {
  last += 1;
  waiting.set(last, { resolve, reject });
  chromium.stdio[3].write(JSON.stringify({ id: last, method, params, sessionId: session }) + '\0');
});
const once = (method) => new Promise((resolve) => {
  const listener = (message) => {
    if (message.method === method) { listeners.delete(listener); resolve(message.params); }
  };
  listeners.add(listener);
});
const evaluate = async (expression) => {
  const { result, exceptionDetails } = await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
  if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
  return result.value;
};

const open = async (url) => {
  const loaded = once('Page.loadEventFired');
  const { errorText } = await send('Page.navigate', { url });
  if (errorText) { faults.add(`${url}: ${errorText}`); return false; }
  await loaded;
  return true;
};

// Where a page leads, as the browser reads it.
const LINKS = `[...document.querySelectorAll('a[href],link[href],img[src]')].map((element) => element.href || element.src)`;

const isThere = async (url) => {
  if (url.startsWith('file:')) return fs.existsSync(fileURLToPath(url));
  return (await fetch(url)).ok;
};

// All pages that links lead to, from the first one on.
const follow = async (first, top) => {
  const pages = [first], seen = new Set(pages);
  for (const page of pages) {
    if (!await open(page)) continue;
    for (const link of await evaluate(LINKS)) {
      const url = link.split('#')[0];
      if (seen.has(url)) continue;
      seen.add(url);
      if (!url.startsWith(top)) faults.add(`${page}: leads out of the repository: ${url}`);
      else if (!await isThere(url)) faults.add(`${page}: leads to nothing: ${url}`);
      else if (url.endsWith('/index.html')) pages.push(url);
    }
  }
  return pages;
};

const look = async (page) => {
  await send('Page.setBypassCSP', { enabled: true }); // axe-core is a script, and the pages allow none
  for (const [width, scheme] of LOOKS) {
    await send('Emulation.setDeviceMetricsOverride', { width, height: 900, deviceScaleFactor: 1, mobile: false });
    await send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] });
    if (!await open(page)) continue;
    const where = `${page} (${width}, ${scheme})`;
    const [content, screen] = await evaluate('[document.documentElement.scrollWidth, document.documentElement.clientWidth]');
    if (content > screen) faults.add(`${where}: is ${content} pixels wide`);
    const ground = await evaluate('getComputedStyle(document.documentElement).backgroundColor');
    if ((ground === 'rgb(255, 255, 255)') !== (scheme === 'light')) faults.add(`${where}: its ground is ${ground}`);
    await evaluate(`document.querySelectorAll('details').forEach((details) => { details.open = true; })`);
    await evaluate(fs.readFileSync(axe, 'utf8'));
    const { violations } = await evaluate('axe.run(document, { resultTypes: ["violations"], preload: false })');
    for (const { id, nodes } of violations) faults.add(`${where}: ${id}: ${nodes[0].html}`);
    if (screenshots) {
      const { data } = await send('Page.captureScreenshot', { captureBeyondViewport: true });
      const name = path.relative(folder, fileURLToPath(page)).replaceAll('/', '_').replace('.html', '');
      fs.writeFileSync(path.join(screenshots, `${name}-${width}-${scheme}.png`), Buffer.from(data, 'base64'));
    }
  }
  await send('Page.setBypassCSP', { enabled: false });
};

const run = async () => {
  const server = http.createServer((request, response) => {
    const wanted = decodeURIComponent(request.url.split('?')[0]);
    const file = path.join(folder, wanted.slice(PREFIX.length));
    if (!wanted.startsWith(PREFIX) || !fs.existsSync(file) || fs.statSync(file).isDirectory()) {
      response.writeHead(404).end();
    } else {
      response.writeHead(200, { 'Content-Type': TYPES[path.extname(file)] || 'application/octet-stream' });
      response.end(fs.readFileSync(file));
    }
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => { server.on('listening', resolve); });
  const { targetInfos } = await send('Target.getTargets');
  const { targetId } = targetInfos.find(({ type }) => type === 'page');
  session = (await send('Target.attachToTarget', { targetId, flatten: true })).sessionId;
  for (const part of ['Page', 'Runtime', 'Log', 'Network']) await send(`${part}.enable`);
  listeners.add(({ method, params }) => {
    if (method === 'Log.entryAdded' && !/favicon/.test(params.entry.url || '')) faults.add(`${params.entry.url}: ${params.entry.text}`);
    if (method === 'Network.loadingFailed' && !params.canceled && params.type !== 'Other') faults.add(`not loaded: ${params.errorText}`);
  });
  const top = `${pathToFileURL(folder).href}/`;
  const pages = await follow(`${top}index.html`, top);
  const served = `http://127.0.0.1:${server.address().port}${PREFIX}`;
  const again = await follow(`${served}index.html`, served);
  const below = (list, start) => list.map((page) => page.slice(start.length)).sort().join('\n');
  if (below(pages, top) !== below(again, served)) faults.add('the server shows other pages than the disk');
  for (const page of wanted.split(',')) await look(top + page);
  console.log([...faults, `${pages.length} pages`].join('\n'));
  server.close();
};

const end = (code) => {
  chromium.kill();
  chromium.on('exit', () => {
    try {
      fs.rmSync(`${process.env.TMPDIR || '/tmp'}/chromium-${process.pid}`, { recursive: true, force: true, maxRetries: 5 });
    } catch {
      // A process of the browser still writes there. The folder of the test is removed later.
    }
    process.exit(code);
  });
};
run().then(() => end(faults.size ? 1 : 0), (error) => { console.log(error.stack); end(1); });
