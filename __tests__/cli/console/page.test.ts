import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Answers } from '../../../src/cli/console/answers.ts';
import type { Action, PageData } from '../../../src/cli/console/data.ts';
import { pageHtml } from '../../../src/cli/console/html.ts';
import { type Console, startConsole } from '../../../src/cli/console/server.ts';
import { fakeAnswers, PAGE, WAITING } from './page-data.ts';

const BUSY_LANE = 'anthropic.claude-haiku-4-5:geo';
const ALL_PAUSED: PageData = { ...PAGE, lanes: PAGE.lanes.map((lane) => ({ ...lane, state: 'paused' })) };

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  existsSync,
);
const why = CHROMIUM === undefined ? ' (skipped: there is no Chromium on this machine)' : '';

describe.skipIf(CHROMIUM === undefined)(`the console's page${why}`, () => {
  let browser: Browser;
  let served: Console;
  const acted: Action[] = [];
  const troubles: string[] = [];
  const usual = fakeAnswers(acted);
  let answers: Answers;

  beforeEach(() => {
    answers = { ...usual };
    troubles.length = 0;
  });
  beforeAll(async () => {
    served = await startConsole({
      page: () => answers.page(),
      request: (id) => answers.request(id),
      act: (action) => answers.act(action),
    });
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
    await page.clock.install();
    await page.goto(url);
    await page.waitForSelector('.chart svg');
    return page;
  }

  /** Gives the page something else to show, and lets the time pass until it has looked. */
  async function showNext(page: Page, next: Partial<Answers>, seconds = 3): Promise<void> {
    Object.assign(answers, next);
    await page.clock.fastForward(seconds * 1_000);
  }

  const isFocused = (it: Locator) =>
    it.evaluate((element) => element === element.ownerDocument.activeElement);
  const isTooWide = (page: Page) => page.evaluate('document.documentElement.scrollWidth > innerWidth');

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

  it('says how many lines of a backlog are not shown, and how many it does not know', async () => {
    const [busy] = PAGE.lanes;
    const line = busy?.backlog.lines[0] ?? expect.fail();
    const lines = Array.from({ length: 15 }, (_, nth) => ({ ...line, tenant: `t${nth}` }));
    const showing = (backlog: object) => ({
      ...PAGE,
      lanes: PAGE.lanes.map((lane) =>
        lane === busy ? { ...lane, backlog: { ...lane.backlog, ...backlog } } : lane,
      ),
    });
    answers.page = async () => showing({ lines });
    const page = await open();
    await page.getByText('Waiting by priority and tenant (and 3 more)', { exact: true }).waitFor();
    await showNext(page, { page: async () => showing({ lines, unread: 40 }) });
    await page
      .getByText('Waiting by priority and tenant (and 3 more, up to 40 that were not read)', { exact: true })
      .waitFor();
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
    expect(acted).toEqual([{ action: 'pause', lane: BUSY_LANE }]);
    expect(await isFocused(page.getByRole('button', { name: `Pause ${BUSY_LANE}` }))).toBe(true);
    await page.close();
  });

  it('keeps to the state that others make: no old question, no old message, and the focus where it was', async () => {
    const page = await open();
    const [pause, resume] = [
      page.getByRole('button', { name: `Pause ${BUSY_LANE}` }),
      page.getByRole('button', { name: `Resume ${BUSY_LANE}` }),
    ];
    await pause.press('Enter');
    await page.getByText('Stop releasing the requests').waitFor();
    await showNext(page, { page: async () => ALL_PAUSED });
    await resume.waitFor();
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(await isFocused(resume)).toBe(true);
    await resume.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByText('done: resume').waitFor();
    await showNext(page, usual);
    await pause.waitFor();
    await showNext(page, { page: async () => ALL_PAUSED });
    await resume.waitFor();
    expect(await page.getByText('done: resume').count()).toBe(0);
    await page.close();
  });

  it('gives the focus to the request when its button goes away', async () => {
    const page = await open();
    await page.getByLabel('Request id').fill('order-4711');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Cancel order-4711' }).press('Enter');
    await showNext(page, { request: async () => ({ ...WAITING, status: 'COMPLETED' }) });
    await page.getByText('COMPLETED', { exact: true }).waitFor();
    expect(await isFocused(page.getByRole('article', { name: 'Request order-4711' }))).toBe(true);
    await page.close();
  });

  it('still says what became of an action whose button has gone', async () => {
    const page = await open();
    const redrive = page.getByRole('button', { name: 'Redrive' }).first();
    const name = await redrive.getAttribute('aria-label');
    await redrive.click();
    await page.getByRole('dialog').getByRole('button', { name: 'Redrive the dead letters' }).click();
    const done = page.getByText('done: redrive');
    await done.waitFor();
    const deadLetters = PAGE.deadLetters.map(({ queue }) => ({ queue, count: 0 }));
    await showNext(page, { page: async () => ({ ...PAGE, deadLetters }) });
    await page.getByRole('button', { name: name ?? '' }).waitFor({ state: 'detached' });
    expect(await done.isVisible()).toBe(true);
    expect(await isFocused(page.getByRole('listitem').filter({ has: done }))).toBe(true);
    acted.length = 0;
    await page.close();
  });

  it('has no button in a question that could mean its opposite', async () => {
    const page = await open();
    await page.getByLabel('Request id').fill('order-4711');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Cancel order-4711' }).click();
    const buttons = page.getByRole('dialog').getByRole('button');
    expect(await buttons.allInnerTexts()).toEqual(['Leave as it is', 'Cancel the request']);
    await page.close();
  });

  it('says of when its figures are, and not how things stand, while it is not answered', async () => {
    const page = await open();
    const trouble = page.getByRole('alert');
    await showNext(page, { page: () => Promise.reject(new Error('the stack cannot be reached')) });
    await trouble
      .getByText('What you see is of 2026-11-22 20:40:00Z: Error: the stack cannot be reached')
      .waitFor();
    expect(await page.locator('.verdict').innerText()).toContain('Not known');
    await showNext(page, usual);
    await trouble.waitFor({ state: 'detached' });
    expect(await page.locator('.verdict').innerText()).toContain('Needs attention');
    await showNext(page, { page: () => new Promise(() => {}) });
    await page.clock.fastForward(30_000);
    await trouble.getByText('There has been no answer for 20 s.').waitFor();
    await page.close();
  });

  it('keeps what the pointer shows when new figures come', async () => {
    const page = await open();
    await page.locator('.chart').last().hover();
    const shown = page.locator('.chart').last().locator('> div').last();
    await shown.getByText('600k').first().waitFor();
    const lanes = PAGE.lanes.map((lane) => ({
      ...lane,
      minutes: lane.minutes.map((minute) => ({ ...minute, used: { tokens: 77, requests: 7 } })),
    }));
    await showNext(page, { page: async () => ({ ...PAGE, lanes }) });
    await shown.getByText('77', { exact: true }).waitFor();
    await page.close();
  });

  it('finds a request, says why it waits, and when it starts', async () => {
    const page = await open();
    await page.getByLabel('Request id').fill('order-4711');
    await page.keyboard.press('Enter');
    const answer = page.getByRole('article', { name: 'Request order-4711' });
    await answer.getByText('210 before it').waitFor();
    expect(await answer.innerText()).toMatch(
      /Expected to start in 38 s \(p50\), 19 in 20 within 95 s \(p95\)/,
    );
    expect(await answer.innerText()).toContain('may not have started by then');
    await page.getByLabel('Request id').fill('nobody');
    await page.keyboard.press('Enter');
    await page.getByText('There is no record of nobody').waitFor();
    await page.getByLabel('Request id').fill('a/b');
    await page.keyboard.press('Enter');
    await page.getByText('request_id: must be').waitFor();
    answers.request = () => new Promise(() => {});
    await page.getByLabel('Request id').fill('order-4711');
    await page.keyboard.press('Enter');
    await page.getByText('Looking …').waitFor();
    expect(await page.locator('.trouble').count()).toBe(0);
    await page.close();
  });

  it('fits a phone: nothing but its own tables scrolls sideways', async () => {
    const page = await open(served.url, 360);
    expect(await isTooWide(page)).toBe(false);
    const [unknown, waiting] = ['Z'.repeat(128), 'M'.repeat(128)];
    answers.request = async (id) =>
      id === waiting ? { ...WAITING, request_id: id, says: [id] } : usual.request(id);
    for (const [id, then] of [
      [unknown, page.getByText('There is no record')],
      [waiting, page.getByRole('button', { name: 'Cancel' })],
    ] as const) {
      await page.getByLabel('Request id').fill(id);
      await page.keyboard.press('Enter');
      await then.waitFor();
      expect(await isTooWide(page)).toBe(false);
    }
    await page.getByRole('button', { name: 'Cancel' }).click();
    const confirm = await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).boundingBox();
    expect((confirm?.x ?? 360) + (confirm?.width ?? 0)).toBeLessThan(360);
    await page.close();
  });

  it('names every control and table for those who cannot see them, each by another name', async () => {
    const page = await open();
    const parts = page.locator('button, input, summary, .scroll, [role=img]').filter({ visible: true });
    const names = await parts.evaluateAll((all) =>
      all.map((it) => it.ariaLabel || (it as HTMLInputElement).labels?.[0]?.textContent || it.textContent),
    );
    expect(names).not.toContain('');
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    await page.getByRole('button', { name: 'Pause' }).click();
    const dialog = page.getByRole('dialog', { name: `Pause ${BUSY_LANE}` });
    const description = await dialog.evaluate((it) => it.ariaDescribedByElements?.[0]?.textContent);
    expect(description).toContain(`Stop releasing the requests of ${BUSY_LANE}?`);
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
