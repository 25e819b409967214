import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const executablePath = '/usr/bin/chromium';

/** Chromium heeds the last such list alone, so what Playwright switches off is repeated. */
const disabledFeatures = [
  ...['AvoidUnnecessaryBeforeUnloadCheckSync', 'DestroyProfileOnBrowserClose', 'HttpsUpgrades'],
  ...['HttpsFirstBalancedModeAutoEnable', 'LensOverlay', 'MediaRouter', 'PaintHolding'],
  ...['ThirdPartyStoragePartitioning', 'AvoidCorsURLLoaderRestartOnRedirect', 'OptimizationHints'],
  ...['TcpPortRandomizationWin', 'NetworkTimeServiceQuerying', 'AimEnabled', 'PreconnectToSearch'],
  // pages of the browser's own beside every tab, which cost as much as the tab
  ...['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup'],
];

/**
 * Debian's Chromium with a fresh profile, which Playwright makes and removes. It resolves no names and so reaches
 * loopback only; it runs without its sandbox, as tests run as root in containers and load nobody else's pages.
 *
 * @throws Error when Chromium is not installed
 */
export async function startChromium(): Promise<Browser> {
  if (!existsSync(executablePath)) {
    throw new Error(
      `the browser tests need ${executablePath}: apt-get update && apt-get install -y chromium`,
    );
  }
  return await chromium.launch({
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--disable-features=${disabledFeatures.join(',')}`,
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.*, EXCLUDE localhost',
    ],
  });
}

export const viewports = {
  desktop: { width: 1280, height: 800 },
  phone: { width: 390, height: 844 },
} as const;

export interface TabOptions {
  readonly javaScriptEnabled?: boolean;
  /** Of a `startPeerProxy`: the browser then comes from that proxy's address. */
  readonly proxy?: string;
}

export interface Tab {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the browser refused because of a policy of the page, and uncaught errors; to be empty at the end. */
  readonly complaints: readonly string[];
  close(): Promise<void>;
}

/** A tab with cookies of its own. */
export async function openTab(browser: Browser, options: TabOptions = {}): Promise<Tab> {
  const context = await browser.newContext({
    viewport: viewports.desktop,
    colorScheme: 'light',
    javaScriptEnabled: options.javaScriptEnabled ?? true,
    ...(options.proxy === undefined ? {} : { proxy: { server: options.proxy } }),
  });
  // below the tests' own limit, so that what did not happen is named
  context.setDefaultTimeout(10_000);
  const complaints: string[] = [];
  context.on('console', (message) => {
    if (/content.security.policy|refused to|x-frame-options|mime type/iu.test(message.text())) {
      complaints.push(message.text());
    }
  });
  context.on('weberror', (webError) => complaints.push(String(webError.error())));
  const page = await context.newPage();
  return { page, context, complaints, close: () => context.close() };
}
