import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Action } from '../../../src/cli/console/data.ts';
import { pageHtml } from '../../../src/cli/console/html.ts';
import { type Console, startConsole } from '../../../src/cli/console/server.ts';
import { fakeAnswers, PAGE } from './page-data.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  existsSync,
);
const why = CHROMIUM === undefined ? ' (skipped: there is no Chromium on this machine)' : '';

describe.skipIf(CHROMIUM === undefined)(`the console's page${why}`, () => {
  let browser: Browser;
  let served: Console;
  const acted: Action[] = [];
  const troubles: string[] = [];

  beforeAll(async () => {
    served = await startConsole(fakeAnswers(acted));
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser?.close();
    await served?.close();
  });

  async function open(url = served.url, width = 1_280): Promise<Page> {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    page.on('pageerror', (error) => troubles.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()));
    page.on('request', (request) => {
      if (!request.url().startsWith(new URL(url).origin) && !request.url().startsWith('file:')) {
        troubles.push(`asked ${request.url()}`);
      }
    });
    await page.goto(url);
    await page.waitForSelector('.chart svg');
    return page;
  }

  it('shows what binds each lane, draws it, and asks nobody else', async () => {
    const page = await open();
    const text = await page.innerText('main');
    for (const { lane, says } of PAGE.lanes) {
      expect(text).toContain(lane);
      expect(text).toContain(says);
    }
    expect(text).toContain('Needs attention');
    const kept = page.getByRole('columnheader', { name: 'promise kept' }).first();
    expect(await kept.getAttribute('title')).toContain('started by then');
    expect(text).toContain('others gone in about 126 s');
    expect(text).toMatch(/nightly-batch\s+tokens\s+49M\s+0\s+50M\s+98 %\s+used up/);
    expect(text).toContain(`nightly-batch: requests of ${PAGE.lanes[1]?.lane} wait until 00:00 UTC`);
    expect(await page.locator('.chart svg path').count()).toBeGreaterThan(4);
    expect(troubles).toEqual([]);
    await page.close();
  });

  it('pauses a lane by keyboard alone, after it has asked', async () => {
    const page = await open();
    await page.getByRole('button', { name: 'Pause' }).focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Stop releasing the requests').waitFor();
    expect(acted).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Pause' }).press('Enter');
    await dialog.getByRole('button', { name: 'Pause' }).press('Enter');
    await page.getByText('done: pause').waitFor();
    expect(acted).toEqual([{ action: 'pause', lane: 'anthropic.claude-haiku-4-5:geo' }]);
    await page.close();
  });

  it('finds a request, says why it waits, and when it starts', async () => {
    const page = await open();
    await page.getByLabel('Request id').fill('order-4711');
    await page.keyboard.press('Enter');
    const answer = page.getByRole('article', { name: 'Request order-4711' });
    await answer.getByText('210 before it').waitFor();
    expect(await answer.innerText()).toMatch(/Expected to start in 38 s \(p50\), at most 95 s \(p95\)/);
    expect(await answer.innerText()).toContain('may not have started by then');
    await page.getByLabel('Request id').fill('nobody');
    await page.keyboard.press('Enter');
    await page.getByText('There is no record of nobody').waitFor();
    await page.close();
  });

  it('fits a phone: nothing but its own tables scrolls sideways', async () => {
    const page = await open(served.url, 390);
    const tooWide = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
    expect(tooWide).toBe(false);
    await page.close();
  });

  it('names every control and table for those who cannot see them', async () => {
    const page = await open();
    const nameless =
      await page.evaluate(`[...document.querySelectorAll('button, input, table, [role=img]')].filter((it) =>
      !(it.textContent.trim() || it.labels?.length || it.getAttribute('aria-label') || it.caption)).length`);
    expect(nameless).toBe(0);
    await page.close();
  });

  it('is a report in one file, which can do nothing and asks nobody', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'smoother-report-'));
    const file = path.join(folder, 'report.html');
    const hostile = { ...PAGE, live: false, region: '</script><script>document.title="run"</script>' };
    writeFileSync(file, (await pageHtml(hostile)).html);
    const page = await open(pathToFileURL(file).href);
    expect(await page.title()).toBe('Bedrock Request Smoother');
    expect(await page.getByRole('button').count()).toBe(0);
    const text = await page.innerText('main');
    for (const by of Object.keys(PAGE.usage)) expect(text).toContain(`By ${by}`);
    expect(troubles).toEqual([]);
    await page.close();
    rmSync(folder, { recursive: true });
  });
});
