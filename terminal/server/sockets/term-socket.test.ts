import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Browser, Rig, TermClient } from '../testing/rig.js';

describe('a terminal over term.v1', () => {
  let rig: Rig;
  let browser: Browser;

  beforeEach(async () => {
    rig = await Rig.start();
    browser = await rig.signIn();
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
  });

  it('runs a shell of the right size, in the home folder, without the hub secrets', async () => {
    const term = await rig.term(browser);
    const welcome = await term.hello({ cols: 91, rows: 33 });
    expect(welcome).toMatchObject({
      session: '1',
      seq: 0,
      replay: 0,
      reset: true,
      truncated: false,
      cols: 91,
      rows: 33,
    });
    term.type('stty size; pwd; echo "<$((6*7))>"\n');
    await term.text('33 91');
    await term.text(rig.home);
    await term.text('<42>');
    term.type(
      'env | grep -c -E "JUPYTERHUB_API_TOKEN|JPY_API_TOKEN|CLIENT_ID" ; echo "user=$JUPYTERHUB_USER term=$TERM"\n',
    );
    await term.text(/\r\n0\r\n/);
    await term.text('user=alice term=xterm-256color');
  });

  it('lets no shell inherit descriptors: neither terminals of others nor sockets', async () => {
    const first = await rig.term(browser);
    await first.hello({ session: 'one' });
    const second = await rig.term(browser);
    await second.hello({ session: 'two' });
    second.type('ls -l /proc/self/fd | grep -c -E "ptmx|socket"; echo done-$?\n');
    await second.text(/done-\d/);
    expect(second.output.toString()).toMatch(/\r\n0\r\ndone-1/);
  });

  it('has IUTF8 on, so that erasing a letter of two bytes erases it whole', async () => {
    const term = await rig.term(browser);
    await term.hello();
    term.type('stty -a | tr " ;" "\\n\\n" | grep iutf8; echo ok\n');
    await term.text(/\r\niutf8\r\n/);
    term.type('cat\n');
    term.type('\u00e4\u007fx\n');
    await term.text(/x\r\nx\r\n/);
  });
});
void TermClient;
