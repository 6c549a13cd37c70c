import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MAIN, standingPlace } from '../support/sluice.ts';

for (const [limit, left, named] of [
  ['instances', 0, /no inotify instance is left for this user.*fs\.inotify\.max_user_instances/],
  ['watches', 2, /fs\.inotify\.max_user_watches/],
] as const)
  test(`a station without inotify ${limit} sweeps, says so once with the limit, and so does the doctor (T-15)`, t => {
    const folder = standingPlace(t);
    mkdirSync(join(folder, 'store/outbox'), { recursive: true });
    writeFileSync(join(folder, 'credentials'), `[nas]\nprovider = directory\npath = ${folder}/store\n`, {
      mode: 0o600,
    });
    writeFileSync(join(folder, 'sluice.yaml'), 'sync:\n  interval: 200ms\n');
    const sluice = `${process.execPath} ${MAIN}`;
    // Limits of a user's namespace are its own.
    const script = `echo ${left} > /proc/sys/user/max_inotify_${limit} || exit 7
${sluice} up --port 0 --only-credentials credentials > log 2>&1 & pid=$!
n=0; until grep -q pages log; do sleep 0.1; n=$((n+1)); [ $n -lt 400 ] || exit 8; done
mkdir -p station/incoming/nas/outbox/deep; echo x > station/incoming/nas/outbox/deep/a.txt
n=0; until [ -e store/outbox/deep/a.txt ]; do sleep 0.1; n=$((n+1)); [ $n -lt 400 ] || exit 9; done
kill $pid; wait $pid
cat log
echo 0 > /proc/sys/user/max_inotify_${limit}
${sluice} doctor --only-credentials credentials || true`;
    const printed = execFileSync('unshare', ['-rU', 'sh', '-c', script], { encoding: 'utf8', cwd: folder });
    const [log = '', doctor = ''] = printed.split(/^station$/m);
    const said = log.split('\n').filter(line => /"level":[45]0/.test(line) && line.includes('inotify'));
    const [ofFolders, ...others] = said.filter(line => !line.includes('configuration'));
    assert.match(ofFolders ?? '', named);
    assert.deepEqual(others, []);
    assert.equal(said.length, 2, 'and once for the configuration');
    assert.doesNotMatch(log, /no room left|not reloaded/);
    const [watches = ''] = /failed +watches[^\n]*\n[^\n]*/.exec(doctor) ?? [];
    assert.match(watches, new RegExp(`no inotify ${limit.replace(/e?s$/, '')}.*is left`));
    assert.match(watches, new RegExp(`fs.inotify.max_user_${limit}`));
  });
