// Adds up the JSON reports of all suites; says loudly what was skipped and why.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, ...failedSteps] = process.argv.slice(2);
const totals = { passed: 0, failed: 0, skipped: 0 };
for (const name of ['unit', 'compat', 'k8s', 'e2e']) {
  const path = join(folder, `${name}.json`);
  if (!existsSync(path)) {
    console.log(`suite ${name}: no report`);
    totals.failed += 1;
    continue;
  }
  const report = JSON.parse(readFileSync(path, 'utf8'));
  const skipped = report.numPendingTests + report.numTodoTests;
  console.log(
    `suite ${name}: ${report.numPassedTests} passed, ${report.numFailedTests} failed, ${skipped} skipped`,
  );
  if (report.numTotalTests === 0) {
    console.log(`suite ${name}: no test ran`);
    totals.failed += 1;
  }
  for (const file of report.testResults) {
    if (file.status === 'failed' && file.assertionResults.length === 0) {
      console.log(`FAILED ${file.name}: ${file.message}`);
      totals.failed += 1;
    }
    for (const test of file.assertionResults) {
      if (test.status === 'failed') console.log(`FAILED ${test.fullName}`);
      if (test.status === 'pending' || test.status === 'skipped') console.log(`SKIPPED ${test.fullName}`);
    }
  }
  totals.passed += report.numPassedTests;
  totals.failed += report.numFailedTests;
  totals.skipped += skipped;
}
for (const step of failedSteps) console.log(`FAILED step: ${step}`);
const stepsOutsideSuites = failedSteps.filter(
  (step) => !['unit', 'compat', 'k8s', 'e2e'].includes(step),
).length;
totals.failed += stepsOutsideSuites;
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = totals.failed > 0 || failedSteps.length > 0 || totals.passed === 0 ? 1 : 0;
